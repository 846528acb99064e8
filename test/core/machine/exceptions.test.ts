import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createSilentSink } from '../../../core/facts/sink.ts'
import { parseImage } from '../../../core/loader/load.ts'
import { createMachine } from '../../../core/machine/machine.ts'
import { guest } from '../../guests/expectations.ts'

type Engine = 'interpreter' | 'tiered' | 'compiler'

function runIn(engine: Engine, program = 'exceptions') {
  const printed: string[] = []
  const machine = createMachine({
    image: parseImage(readFileSync(guest(program).elf), `${program}.elf`),
    sink: createSilentSink(),
    print: text => printed.push(text),
    engine,
  })
  let end = machine.run(1_000)
  while (end === undefined) end = machine.run(1_000)
  return { end, printed, digest: machine.digest(), instructions: machine.instructions }
}

describe('an exception', () => {
  test('is caught, cleaned up after and unwound alike in every engine', () => {
    const interpreted = runIn('interpreter')
    expect(runIn('compiler')).toEqual(interpreted)
    expect(runIn('tiered')).toEqual(interpreted)
  })

  test('raised while another is cleaned up after is caught and unwound alike in every engine', () => {
    const interpreted = runIn('interpreter', 'collided-unwinds')
    expect(interpreted.printed.join('')).toContain('caught the second')
    for (const engine of ['compiler', 'tiered'] as const) expect(runIn(engine, 'collided-unwinds')).toEqual(interpreted)
  })

  test('that every filter refuses ends the run where it happened, with what the processor found', () => {
    const { end } = runIn('interpreter')
    expect(end).toMatchObject({ kind: 'fault', fault: { code: 'load', address: 12, tid: 1 } })
    expect(end.text).toContain('exception 0xC0000005')
    expect(end.fault?.pc).toBe(Number(/at (0x[0-9A-F]+)/.exec(end.text)?.[1]))
  })
})
