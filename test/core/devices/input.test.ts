import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buttons } from '../../../core/base/buttons.ts'
import { Failure } from '../../../core/base/failure.ts'
import { createPads } from '../../../core/devices/input.ts'

const hz = 50_000_000

test('without a script pad 0 is connected and at rest, and the others are absent', () => {
  const pads = createPads('', hz)
  expect(pads.at(0, 1e9)).toMatchObject({ connected: true, packet: 0, buttons: 0 })
  for (const pad of [1, 2, 3, 4]) expect(pads.at(pad, 0).connected).toBe(false)
})

test('a pad shows what the script said last, from that tick on', () => {
  const pads = createPads(
    `# walk forward, then jump
     1s    0  ly 32767
     +500ms 0 press A 100ms   # for a tenth of a second
     2s    0  release a
     120f  1  connect`,
    hz,
  )
  expect(pads.at(0, hz - 1)).toMatchObject({ ly: 0, packet: 0 })
  expect(pads.at(0, hz)).toMatchObject({ ly: 32767, packet: 1 })
  expect(pads.at(0, 1.5 * hz)).toMatchObject({ buttons: buttons.a, packet: 2 })
  expect(pads.at(0, 1.6 * hz)).toMatchObject({ buttons: 0, packet: 3 })
  expect(pads.at(0, 3 * hz)).toMatchObject({ buttons: 0, packet: 3 })
  expect(pads.at(1, 2 * hz)).toMatchObject({ connected: true })
})

test.each([
  ['1x 0 press a', 'line 1', 'no time'],
  ['1s 0 press a\n0.5s 0 press b', 'line 2', 'before'],
  ['1s 7 press a', 'line 1', 'no pad'],
  ['1s 0 press q', 'line 1', 'no button'],
  ['1s 0 press toString', 'line 1', 'no button'],
  ['1s 0 lx 40000', 'line 1', '-32768 to 32767'],
  ['1s 0 lt', 'line 1', '0 to 255'],
  ['1s 0 dance', 'line 1', 'no action'],
  ['1s 0', 'line 1', 'nothing is no action'],
  ['1s', 'line 1', 'nothing is no pad'],
  ['1s 0 press a 1s 2s', 'line 1', 'more than `press` takes'],
  ['1s 0 release a 1s', 'line 1', 'more than `release` takes'],
  ['1s 0 connect now', 'line 1', 'more than `connect` takes'],
  ['1s 0 lx 5 6', 'line 1', 'more than `lx` takes'],
  ['1s 0 lx 0x10', 'line 1', 'not a whole number'],
  ['1s 0 press a 100', 'line 1', 'no time'],
  ['99999999999s 0 press a', 'line 1', 'beyond the end of guest time'],
])('the script %j is refused at %s', (script, place, reason) => {
  expect(() => createPads(script, hz)).toThrow(new RegExp(`${place}.*${reason}`))
})

test('any text is a script or is refused with its line', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      try {
        createPads(text, hz)
      } catch (error) {
        expect(error).toBeInstanceOf(Failure)
        expect(String(error)).toMatch(/line \d+/)
      }
    }),
  )
})
