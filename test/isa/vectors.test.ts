import { describe, expect, test } from 'vitest'
import { extract } from '../../core/cpu/fields.ts'
import { fieldOf } from '../../core/cpu/forms.ts'
import { decode } from '../../core/cpu/isa.ts'
import type { RegisterFile } from '../../core/cpu/registers.ts'
import { rows } from '../../core/cpu/rows/table.ts'
import type { Engine } from '../../core/cpu/run.ts'
import { variantsOf } from '../../core/cpu/variants.ts'
import { createWorkbench, dataBase } from '../core/cpu/workbench.ts'
import { vectorCounts, vectors, wordOf } from './vectors.ts'

const engines: readonly Engine[] = ['interpreter', 'compiler']
const dataSize = 0x100
const garbage = 0x5a
/** What `mftb` reads, in any vector. */
const timebase = 0x0123456789abcdefn

/** The sixteen bytes that a vector's text stands for. */
function vectorBytes(text: string): Uint8Array {
  const words = text.split('_').map(word => (text.length === 32 ? word : word.padStart(8, '0')))
  return Uint8Array.fromHex(words.length === 1 && text.length <= 8 ? words.join('').repeat(4) : words.join(''))
}

/** Registers by the names that vectors use, as hexadecimal text. */
function snapshot(r: RegisterFile, data: Uint8Array): Map<string, string> {
  const names = new Map<string, string>()
  for (let n = 0; n < 32; n += 1) names.set(`r${n}`, r.gpr(n).toString(16)).set(`f${n}`, r.fpr(n).toString(16))
  for (let n = 0; n < 128; n += 1) names.set(`v${n}`, r.vr(n).toHex())
  for (const name of ['cr', 'xer', 'lr', 'ctr', 'fpscr', 'vscr', 'vrsave', 'msr'] as const)
    names.set(name, r[name].toString(16))
  return names.set('m', data.toHex())
}

function assign(r: RegisterFile, data: Uint8Array, name: string, text: string): void {
  const number = Number(name.slice(1))
  const value = (): bigint => BigInt(`0x${text}`)
  if (name.startsWith('m+')) data.set(Uint8Array.fromHex(text), Number.parseInt(name.slice(2), 16))
  else if (/^v\d/.test(name)) r.setVr(number, vectorBytes(text))
  else if (/^r\d/.test(name)) r.setGpr(number, value())
  else if (/^f\d/.test(name)) r.setFpr(number, value())
  else if (name === 'lr' || name === 'ctr' || name === 'msr') r[name] = value()
  else if (name === 'cr' || name === 'xer' || name === 'fpscr' || name === 'vscr' || name === 'vrsave')
    r[name] = Number(value())
  else throw new Error(`a vector gives a value to ${name}`)
}

describe.each(engines)('by the %s, as written down,', engine => {
  const calls: number[] = []
  const bench = createWorkbench(
    {
      timebase: () => timebase,
      call(id) {
        calls.push(id)
        return false
      },
    },
    false,
    engine,
  )

  test.each(vectors)('$place: $why', ({ code, given, gives }) => {
    const r = bench.cpu.registers()
    const { msr } = r
    r.clear()
    r.msr = msr
    for (let n = 0; n < 32; n += 1) {
      r.setGpr(n, BigInt(n) * 0x0123_4567_89ab_cdefn)
      r.setFpr(n, 0x3ff0_0000_0000_0000n + BigInt(n))
    }
    for (let n = 0; n < 128; n += 1) r.setVr(n, new Uint8Array(16).fill(n ^ garbage))
    r.vscr = 0x10000
    r.setGpr(9, BigInt(dataBase))
    const data = new Uint8Array(dataSize).fill(garbage)
    for (const [name, value] of given) assign(r, data, name, value)
    bench.memory.write(dataBase, data)

    const before = r.copy()
    for (const [name, value] of gives) if (name !== 'fault' && name !== 'call') assign(r, data, name, value)
    const expected = snapshot(r, data)
    r.restore(before)
    calls.length = 0
    const exit = bench.run(code.map((line, index) => wordOf(line, 0x82000000 + 4 * index)))
    expect(exit.kind === 'fault' ? exit.fault.code : undefined).toBe(gives.get('fault'))
    expect(calls.map(id => id.toString(16))).toEqual(gives.has('call') ? [gives.get('call')] : [])
    const actual = snapshot(r, bench.memory.read(dataBase, dataSize))
    const differing = [...expected].filter(([name, value]) => actual.get(name) !== value)
    expect(Object.fromEntries(differing.map(([name]) => [name, actual.get(name)]))).toEqual(
      Object.fromEntries(differing),
    )
    r.msr = msr
  })
})

describe('the written-down vectors', () => {
  const judged = rows.filter(row => row.apart !== undefined)

  test('reach every row that QEMU cannot judge', () => {
    const counts = vectorCounts()
    expect(judged.filter(({ name }) => !counts.has(name)).map(({ name }) => name)).toEqual([])
  })

  test('reach every form that such a row has code of its own for: record, format, level', () => {
    const words = vectors.flatMap(({ code }) => code.map(line => wordOf(line, 0)))
    const settings = (name: string): Set<string> =>
      new Set(
        words.flatMap(word => {
          const row = decode(word)
          if (row?.name !== name) return []
          return [row.encoding.variants.map(field => fieldOf(field).canon(extract(fieldOf(field), word))).join()]
        }),
      )
    const missing = judged
      .filter(row => !row.encoding.variants.includes('spr'))
      .flatMap(row => {
        const found = settings(row.name)
        return variantsOf(row)
          .map(variants => row.encoding.variants.map(field => variants.get(field)).join())
          .filter(one => !found.has(one))
          .map(one => `${row.name} ${row.encoding.variants.join()} ${one}`)
      })
    expect(missing).toEqual([])
  })
})
