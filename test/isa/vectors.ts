/**
 * Written-down vectors for what QEMU cannot judge: a line each in vectors/*.txt, with its derivation.
 *
 *     vsel128 v1, v2, v3 | v1=0000FFFF v2=11111111 v3=22222222 | v1=11112222 | ones of VD take VB
 *
 * Code (lines parted by `;`), what is there before, what it changes, and why. Numbers are hexadecimal. A vector is one
 * word for all four, four words joined by `_`, or 32 digits; `m+10` is the data at 0x10; `fault=CODE` is a fault of the
 * last instruction. What is not named does not change: every register and all data are compared.
 */
import { globSync, readFileSync } from 'node:fs'
import { assembler, decode } from '../../core/cpu/isa.ts'

export interface Vector {
  readonly place: string
  readonly code: readonly string[]
  readonly given: ReadonlyMap<string, string>
  readonly gives: ReadonlyMap<string, string>
  readonly why: string
}

const folder = new URL('vectors/', import.meta.url)

function assignments(text: string, place: string): ReadonlyMap<string, string> {
  const pairs = text.split(/\s+/).filter(part => part !== '')
  return new Map(
    pairs.map(pair => {
      const [, name, value] = /^([a-z]+\d*(?:\+[0-9a-f]+)?)=(.+)$/.exec(pair) ?? []
      if (name === undefined || value === undefined) throw new Error(`${place}: '${pair}' gives nothing a value`)
      return [name, value]
    }),
  )
}

function readVector(line: string, place: string): Vector {
  const [code, given, gives, why, ...more] = line.split('|').map(part => part.trim())
  if (code === undefined || given === undefined || gives === undefined || !why || more.length > 0)
    throw new Error(`${place}: a vector has four parts`)
  return {
    place,
    code: code.split(';').map(one => one.trim()),
    given: assignments(given, place),
    gives: assignments(gives, place),
    why,
  }
}

export const vectors: readonly Vector[] = globSync('*.txt', { cwd: folder.pathname })
  .toSorted()
  .flatMap(file =>
    readFileSync(new URL(file, folder), 'utf8')
      .split('\n')
      .map((line, index) => ({ line, place: `${file}:${index + 1}` }))
      .filter(({ line }) => line !== '' && !line.startsWith('#'))
      .map(({ line, place }) => readVector(line, place)),
  )

/** The word of a line: assembly, or hexadecimal digits where it is one of many that assemble alike. */
export const wordOf = (line: string, pc: number): number =>
  /^0x[0-9a-f]{8}$/i.test(line) ? Number(line) : assembler.word(line, pc)

/** How many vectors each row has. */
export function vectorCounts(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { code } of vectors)
    for (const name of new Set(code.map(line => decode(wordOf(line, 0))?.name ?? '')))
      counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
