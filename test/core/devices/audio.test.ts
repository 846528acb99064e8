import { expect, test } from 'vitest'
import { copyState } from '../../../core/base/state.ts'
import { createAudioOutput } from '../../../core/devices/audio/audio.ts'

function rig() {
  const slots: [client: number, at: number][] = []
  const world = { clock: 0, busy: false }
  const ports = {
    timebaseHz: 50_000_000,
    now: () => world.clock,
    slotFree(client: number) {
      slots.push([client, world.clock])
      return !world.busy
    },
  }
  return { audio: createAudioOutput(ports), ports, slots, world }
}

test('a client is called once a frame of 256 samples at 48 kHz, from its registration on', () => {
  const { audio, slots, world } = rig()
  world.clock = 1_000
  audio.register()
  const times: number[] = []
  for (let i = 0; i < 3; i += 1) {
    world.clock = audio.deadline() ?? 0
    times.push(world.clock)
    audio.advance(world.clock)
  }
  expect(times).toEqual([267_666, 534_333, 801_000])
  expect(slots).toEqual(times.map(time => [0, time]))
})

test('a second of guest time is 187 and a half frames, however it passes', () => {
  const { audio, slots } = rig()
  audio.register()
  audio.advance(50_000_000)
  expect(slots.length).toBe(187)
})

test('clients whose frames are due together are called in order of their numbers', () => {
  const { audio, slots, world } = rig()
  audio.register()
  audio.register()
  world.clock = 300_000
  audio.advance(300_000)
  expect(slots.map(([client]) => client)).toEqual([0, 1])
})

test('a slot that comes while the callback still runs is skipped and counted', () => {
  const { audio, world } = rig()
  audio.register()
  world.busy = true
  audio.advance(600_000)
  expect(audio.counters()).toMatchObject({ audio_callbacks_total: 0, audio_slots_skipped_total: 2 })
})

test('eight clients are taken, a ninth is not, and a number is given out again', () => {
  const { audio } = rig()
  for (let i = 0; i < 8; i += 1) expect(audio.register()).toBe(i)
  expect(audio.register()).toBeUndefined()
  expect(audio.unregister(3)).toBe(true)
  expect(audio.unregister(3)).toBe(false)
  expect(audio.submit(3)).toBe(false)
  expect(audio.register()).toBe(3)
})

test('a restored output calls back at the ticks the saved one would have', () => {
  const { audio, ports, world } = rig()
  audio.register()
  world.clock = 5
  audio.register()
  audio.advance(1_000_000)
  const other = createAudioOutput(ports)
  other.load(copyState(audio.save()))
  expect(other.deadline()).toBe(audio.deadline())
  expect(other.save()).toEqual(audio.save())
})
