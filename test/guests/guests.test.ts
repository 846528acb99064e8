import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { hex32 } from '../../core/base/words.ts'
import type { Image, Segment } from '../../core/loader/image.ts'
import { parseImage } from '../../core/loader/load.ts'
import { blockClasses } from '../../plugins/diagnose/blocks.ts'
import { runFile } from '../kit/runs.ts'
import { demo, type Guest, guests } from './expectations.ts'

const all = [...guests(), demo()]

describe('the guest programs', () => {
  test('ask for verdicts that the diagnosis can give', () => {
    const verdicts = new Set(all.flatMap(one => one.stuck.map(wait => wait.verdict)))
    expect(Object.keys(blockClasses)).toEqual(expect.arrayContaining([...verdicts]))
    expect(verdicts.size).toBeGreaterThan(6)
  })

  test.each(all)('$name tells a story, and what must be said of it', one => {
    expect(one.story.length).toBeGreaterThan(80)
    expect(one.stuck.length > 0).toBe(one.exit === 4)
    expect(one.fault !== undefined).toBe(one.exit === 5)
    if (one.exit === 0) expect(one.prints.at(-1)).toMatch(/^ok: (\d+) of \1$/)
  })

  test.each(all)('$name is the same program as ELF and as XEX2', one => {
    const elf = load(one.elf)
    const xex = load(one.xex)
    expect([elf.kind, xex.kind]).toEqual(['elf32', 'xex'])
    expect([elf.frames, xex.frames]).toEqual([one.frames, one.frames])
    expect(xex.entry).toBe(elf.entry)
    expect(importsOf(xex)).toEqual(importsOf(elf))
    const thunks = new Set(elf.imports.flatMap(library => library.imports.flatMap(i => [i.thunk, i.slot])))
    for (const segment of elf.segments)
      for (let at = 0; at < segment.bytes.length; at += 4)
        if (!thunks.has(segment.address + at) && !thunks.has(segment.address + at - 4))
          expect(wordAt(xex.segments, segment.address + at), hex(segment.address + at)).toBe(
            wordAt(elf.segments, segment.address + at),
          )
  })

  test.each(all)('$name ends as it says, as ELF and as XEX2', async one => {
    const [elf, xex] = [await runFile(one.elf), await runFile(one.xex)]
    for (const { end, printed, machine } of [elf, xex]) {
      expect(end.cause, end.text).toBe(one.stop)
      expect(printed).toEqual(one.prints)
      expect(ghostsOf(machine.views.counters())).toEqual(countGhosts(one))
    }
    expect(xex.machine.instructions).toBe(elf.machine.instructions)
    expect(xex.machine.cycle).toBe(elf.machine.cycle)
    if (one.fault !== undefined) {
      expect(elf.end.text).toContain(`${one.fault.symbol}+${hex(one.fault.offset)}`)
      expect(elf.end.text).toContain(hex32(one.fault.address ?? 0))
    }
  })
})

const ghostCounters = {
  never: 'ghosts_never_created_total',
  closed: 'ghosts_closed_total',
  'wrong-type': 'ghosts_wrong_type_total',
} as const

const ghostClasses = ['never', 'closed', 'wrong-type'] as const

const ghostsOf = (counters: Readonly<Record<string, number>>) =>
  ghostClasses.map(type => `${type} ${counters[ghostCounters[type]]}`)

const countGhosts = (one: Guest) =>
  ghostClasses.map(type => `${type} ${one.ghosts.filter(ghost => ghost.class === type).length}`)

const load = (path: string): Image => parseImage(readFileSync(path), path)
const hex = (value: number): string => `0x${value.toString(16)}`

const importsOf = (image: Image): string[] =>
  image.imports
    .flatMap(library =>
      library.imports.map(i => `${library.name} ${i.ordinal} ${i.kind} ${hex(i.slot)} ${hex(i.thunk)}`),
    )
    .sort()

function wordAt(segments: readonly Segment[], address: number): number | undefined {
  const segment = segments.find(one => one.address <= address && address < one.address + one.size)
  if (segment === undefined) return undefined
  let word = 0
  for (let i = 0; i < 4; i += 1) word = word * 256 + (segment.bytes[address - segment.address + i] ?? 0)
  return word
}
