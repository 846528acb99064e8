import { expect, test } from 'vitest'
import { createPads } from '../../core/devices/input.ts'
import { type Drawn, judge, judgePad, type Report, ways } from './judge.ts'
import { padScript } from './pad.ts'

const aReport = (change: Partial<Report> = {}): Report => ({
  end: { cause: 'until', text: '600 frames have been presented', met: 'swaps:600' },
  instructions: 1,
  digest: 'a',
  counters: { missing_export_calls_total: 0 },
  said: { lines: [] },
  ...change,
})

const alike = (report: Report): Report[] => ways.map(() => report)
const broken = { cause: 'fault', text: 'a break point was reached', met: null }

test('a title whose runs all present the frames with one digest passes', () => {
  expect(judge(alike(aReport()))).toEqual({ verdict: 'frames', remarks: [] })
})

test('a title that ends itself and says why gets as far as it can', () => {
  const report = aReport({ end: broken, said: { lines: ['File not found', 'Initialize() failed!'] } })
  expect(judge(alike(report))).toEqual({ verdict: 'own error', remarks: ['File not found', 'Initialize() failed!'] })
})

test('a title that leaves by itself and says why does so too, and one that leaves without a word does not', () => {
  const ended = { cause: 'finished', text: 'the title terminated itself', met: null }
  const report = aReport({ end: ended, said: { lines: ['[notification] Connect to a network'] } })
  expect(judge(alike(report))).toEqual({ verdict: 'own error', remarks: ['[notification] Connect to a network'] })
  expect(judge(alike(aReport({ end: ended }))).verdict).toBe('failed')
})

test.each([
  [
    'another digest in one way',
    [...alike(aReport()).slice(1), aReport({ digest: 'b' })],
    'tiered, audit on: another digest',
  ],
  ['a call of an export without a body', alike(aReport({ counters: { missing_export_calls_total: 2 } })), '2 calls'],
  ['a fault', alike(aReport({ end: { cause: 'fault', text: 'a load of 0x0', met: null } })), 'a load of 0x0'],
  ['a break point without a word', alike(aReport({ end: broken })), 'a break point'],
  ['a run without a report', [undefined, ...alike(aReport()).slice(1)], 'interpreter: no report'],
])('%s fails, and is told', (_, reports, remark) => {
  const { verdict, remarks } = judge(reports)
  expect(verdict).toBe('failed')
  expect(remarks.join('\n')).toContain(remark)
})

const still: Drawn = { digest: 'a', instructions: 1, frames: 600, draws: 5, constants: [1, 2, 3] }
const moved: Drawn = { ...still, digest: 'b', constants: [1, 5, 6] }

test('a pad that changes what is drawn, the same way in both engines, moves the title', () => {
  expect(judgePad(still, moved, moved)).toEqual({ moved: 2, remarks: [] })
  expect(judgePad(still, { ...moved, constants: still.constants, draws: 6 }, moved).remarks).toEqual([])
})

test.each([
  ['changes no constant and no draw', [still, { ...still, digest: 'b' }, { ...still, digest: 'b' }], 'moves nothing'],
  ['gives two digests', [still, moved, { ...moved, digest: 'x' }], 'another digest'],
  ['gives no answer', [still, moved, undefined], 'no answer'],
] as const)('a pad that %s is told of', (_, [first, second, third], remark) => {
  expect(judgePad(first, second, third).remarks.join('\n')).toContain(remark)
})

test('the script of the trials is one that pads understand, and presses each button some time', () => {
  const pads = createPads(padScript(), 50_000_000)
  let pressed = 0
  for (let tick = 0; tick < 400_000_000; tick += 5_000) pressed |= pads.at(0, tick).buttons
  expect(pressed.toString(16)).toBe('f3f5')
})
