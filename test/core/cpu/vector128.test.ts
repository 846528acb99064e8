import fc from 'fast-check'
import { expect, test } from 'vitest'
import { insert } from '../../../core/cpu/fields.ts'
import { fieldOf } from '../../../core/cpu/forms.ts'
import { rows } from '../../../core/cpu/rows/table.ts'
import { evaluate, loadPart, type Vector } from '../../kit/vmx128.ts'
import { codeBase, createWorkbench, dataBase } from './workbench.ts'

const bench = createWorkbench()
const r = bench.cpu.registers()

const special = [
  0, 0x80000000, 1, 0x807fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7f800001,
  0x7fc00123, 0xffc00000, 0x403f8000, 0x40408000, 0x404000ff, 0x40400100, 0x38800000, 0x387fffff, 0x477fe000,
  0x47ffe000,
]
const word = fc.oneof(
  fc.nat(0xffffffff),
  fc.constantFrom(...special),
  fc.nat(0xffff).map(low => (0x403f8000 + low) >>> 0),
  fc.integer({ min: 0x38000000, max: 0x48000000 }),
)
const vector = fc.tuple(word, word, word, word)

const bytesOf = (value: Vector): Uint8Array => {
  const view = new DataView(new ArrayBuffer(16))
  for (const [i, part] of value.entries()) view.setUint32(i * 4, part)
  return new Uint8Array(view.buffer)
}
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** One word of a named row with given field values. */
function encode(name: string, fields: Record<string, number>): number {
  const one = rows.find(candidate => candidate.name === name)
  if (one === undefined) throw new Error(`no row ${name}`)
  return one.encoding.fields.reduce(
    (all, field) => (all | (insert(fieldOf(field), fields[field] ?? 0) ?? 0)) >>> 0,
    one.encoding.match,
  )
}

function runWord(code: number): void {
  bench.place([code])
  bench.cpu.run(1)
}

const own = [
  'vmulfp128',
  'vmaddfp128',
  'vmaddcfp128',
  'vnmsubfp128',
  'vmsum3fp128',
  'vmsum4fp128',
  'vsel128',
  'vpermwi128',
  'vrlimi128',
  'vpkd3d128',
  'vupkd3d128',
  'vrsqrtefp128',
  'vrefp128',
]

test.each(own)('%s does what the independent reading of it says, in every register bank', name => {
  fc.assert(
    fc.property(
      fc.tuple(fc.nat(127), fc.nat(127), fc.nat(127)),
      vector,
      vector,
      vector,
      fc.nat(0xff),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(3),
      fc.nat(6),
      (numbers, a, b, old, immediate, mask, rotation, format) => {
        const [d, x, y] = numbers
        fc.pre(new Set(numbers).size === 3)
        const v: Vector[] = []
        v[d] = old
        v[x] = a
        v[y] = b
        const code = encode(name, {
          vd128: d,
          va128: x,
          vb128: y,
          perm: immediate,
          wmask: immediate & 15,
          rotation,
          pmask: mask,
          format,
        })
        const expected = evaluate(code, { v, nonJava: true })
        expect(expected?.register).toBe(d)
        r.vscr = 0x10000
        for (const [number, value] of [
          [d, old],
          [x, a],
          [y, b],
        ] as const)
          r.setVr(number, bytesOf(value))
        runWord(code)
        expect(text(r.vr(d)), `${code.toString(16)}`).toBe(text(bytesOf(expected?.value ?? old)))
      },
    ),
    { numRuns: 1500 },
  )
})

/** AltiVec forms that VMX128 repeats, with the names of their registers. */
const repeated: readonly [string, string][] = [
  'vaddfp',
  'vsubfp',
  'vpkshss',
  'vand',
  'vpkshus',
  'vandc',
  'vpkswss',
  'vnor',
  'vpkswus',
  'vor',
  'vpkuhum',
  'vxor',
  'vpkuhus',
  'vslo',
  'vpkuwum',
  'vsro',
  'vpkuwus',
  'vrlw',
  'vslw',
  'vsraw',
  'vsrw',
  'vmaxfp',
  'vminfp',
  'vmrghw',
  'vmrglw',
  'vcmpeqfp',
  'vcmpgefp',
  'vcmpgtfp',
  'vcmpbfp',
  'vcmpequw',
  'vrfim',
  'vrfin',
  'vrfip',
  'vrfiz',
  'vrefp',
  'vrsqrtefp',
  'vexptefp',
  'vlogefp',
  'vupkhsb',
  'vupklsb',
  'vupkhsh',
  'vupklsh',
  'vspltw',
  'vspltisw',
  'vsldoi',
].map(name => [name, `${name}128`])
const converted: readonly [string, string][] = [
  ['vctsxs', 'vcfpsxws128'],
  ['vctuxs', 'vcfpuxws128'],
  ['vcfsx', 'vcsxwfp128'],
  ['vcfux', 'vcuxwfp128'],
]

test.each([...repeated, ...converted])('%s and %s are the same on the registers that both reach', (narrow, wide) => {
  fc.assert(
    fc.property(vector, vector, vector, fc.nat(15), fc.boolean(), (a, b, old, immediate, record) => {
      const flag = Number(record)
      const results = [
        encode(narrow, { vd: 3, va: 4, vb: 5, uimm: immediate, simm: immediate, shb: immediate, rc21: flag }),
        encode(wide, { vd128: 3, va128: 4, vb128: 5, uimm: immediate, simm: immediate, shb: immediate, rc25: flag }),
      ].map(code => {
        r.vscr = 0x10000
        r.cr = 0
        r.setVr(3, bytesOf(old))
        r.setVr(4, bytesOf(a))
        r.setVr(5, bytesOf(b))
        runWord(code)
        return [text(r.vr(3)), r.vscr, r.cr]
      })
      expect(results[0]).toEqual(results[1])
    }),
    { numRuns: 150 },
  )
})

/** Widths of the codes of each integer format, x first; the last of an unsigned one comes back near 1.0. */
const formats: readonly { format: number; signed: readonly number[]; unsigned: readonly number[] }[] = [
  { format: 0, signed: [], unsigned: [8, 8, 8, 8] },
  { format: 1, signed: [16, 16], unsigned: [] },
  { format: 2, signed: [10, 10, 10], unsigned: [2] },
  { format: 4, signed: [16, 16, 16, 16], unsigned: [] },
  { format: 6, signed: [20, 20, 20], unsigned: [4] },
]
const packed = (format: number): number[] => [
  encode('vpkd3d128', { vd128: 2, vb128: 1, format, pmask: 2, rotation: 0 }),
  encode('vupkd3d128', { vd128: 3, vb128: 2, format }),
]

test.each(formats)('what format $format packs it unpacks, for every code in range', ({ format, signed, unsigned }) => {
  const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  fc.assert(
    fc.property(fc.tuple(fraction, fraction, fraction, fraction), parts => {
      const codes = [
        ...signed.map((width, i) => Math.floor((parts[i] ?? 0) * (2 ** width - 1)) - 2 ** (width - 1) + 1),
        ...unsigned.map((width, i) => Math.floor((parts[3 - i] ?? 0) * 2 ** width)),
      ]
      const of = (base: (i: number) => number): Vector => {
        const [x = 0, y = 0, z = 0, w = 0x3f800000] = codes.map((code, i) => base(i) + code)
        return [x, y, z, w]
      }
      r.setVr(1, bytesOf(of(() => 0x40400000)))
      bench.place(packed(format))
      bench.cpu.run(2)
      expect(text(r.vr(3))).toBe(text(bytesOf(of(i => (i < signed.length ? 0x40400000 : 0x3f800000)))))
    }),
    { numRuns: 500 },
  )
})

test.each([3, 5])('every half but a denormal comes back from format %i as it was', format => {
  const half = fc.integer({ min: 0x400, max: 0x7fff }).chain(size => fc.constantFrom(size, size | 0x8000))
  fc.assert(
    fc.property(fc.tuple(half, half, half, half), ([x, y, z, w]) => {
      const [low, high] = [((x << 16) | y) >>> 0, ((z << 16) | w) >>> 0]
      const given: Vector = format === 3 ? [0, 0, 0, low] : [0, 0, low, high]
      const [pack, unpack] = [
        encode('vpkd3d128', { vd128: 4, vb128: 3, format, pmask: 2, rotation: 0 }),
        encode('vupkd3d128', { vd128: 3, vb128: 2, format }),
      ]
      r.setVr(2, bytesOf(given))
      r.setVr(4, bytesOf([0, 0, 0, 0]))
      bench.place([unpack, pack])
      bench.cpu.run(2)
      expect(text(r.vr(4))).toBe(text(bytesOf(given)))
    }),
    { numRuns: 500 },
  )
})

const exact: Readonly<Record<string, (x: number) => number>> = { vexptefp: x => 2 ** x, vlogefp: Math.log2 }

test.each(Object.entries(exact))('%s is the function rounded to single, but where doubles cannot tell', (name, of) => {
  const view = new DataView(new ArrayBuffer(4))
  const single = (bits: number): number => {
    view.setUint32(0, bits)
    return view.getFloat32(0)
  }
  const bits = fc.integer({ min: 0x00800000, max: 0x7f7fffff })
  const wide = fc.oneof(
    bits,
    fc.integer({ min: 0x3f000000, max: 0x42f00000 }),
    fc.integer({ min: 0x3f7ff000, max: 0x3f801000 }),
  )
  const signed = name === 'vexptefp' ? wide.chain(size => fc.constantFrom(size, size + 0x80000000)) : wide
  fc.assert(
    fc.property(signed, value => {
      r.vscr = 0x10000
      r.setVr(2, bytesOf([value, value, value, value]))
      bench.run([`${name} v1, v2`])
      const result = new DataView(r.vr(1).buffer).getFloat32(0)
      const wanted = of(single(value))
      const nearest = Math.abs(wanted) < 2 ** -126 ? wanted * 0 : Math.fround(wanted)
      // Within 2^-38 of the middle of two singles, either is right.
      const slack = Math.abs(wanted) * 2 ** -38
      const either = [wanted, wanted - slack, wanted + slack].map(Math.fround)
      expect(Object.is(result, nearest) || either.includes(result), `${value.toString(16)} gave ${result}`).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('the left and right loads give the parts of a block, and together an unaligned vector', () => {
  const memory = Uint8Array.from({ length: 48 }, (_, i) => (i * 37 + 11) & 255)
  bench.memory.write(dataBase, memory)
  for (let offset = 0; offset < 16; offset += 1) {
    r.setGpr(4, BigInt(dataBase + offset))
    r.setGpr(5, 16n)
    bench.run(['lvlx v1, 0, r4', 'lvrx v2, 0, r4', 'lvrx v3, r5, r4', 'vor v3, v1, v3'])
    const block = memory.subarray(0, 16)
    expect([text(r.vr(1)), text(r.vr(2))]).toEqual([
      text(loadPart(true, offset, block)),
      text(loadPart(false, offset, block)),
    ])
    expect(text(r.vr(3))).toBe(text(memory.subarray(offset, offset + 16)))
  }
})

test('the left and right stores write the bytes of their part alone', () => {
  const value = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i)
  for (let offset = 0; offset < 16; offset += 1) {
    bench.memory.fill(dataBase, 48, 0)
    r.setVr(1, value)
    r.setGpr(4, BigInt(dataBase + offset))
    r.setGpr(5, 16n)
    bench.run(['stvlx v1, 0, r4', 'stvrx v1, r5, r4'])
    const expected = new Uint8Array(48)
    expected.set(value, offset)
    expect(text(bench.memory.read(dataBase, 48))).toBe(text(expected))
  }
})

test('an aligned right load or store touches no memory', () => {
  r.setGpr(4, 0x50000000n)
  expect(bench.run(['lvrx v1, 0, r4', 'stvrx v1, 0, r4', 'nop'], 2).kind).toBe('budget')
  expect(text(r.vr(1))).toBe('00'.repeat(16))
})

test('an unaligned element store writes one element, naturally aligned', () => {
  bench.memory.fill(dataBase, 16, 0)
  r.setVr(
    1,
    Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  )
  r.setGpr(4, BigInt(dataBase + 7))
  bench.run(['stvebx v1, 0, r4'])
  expect(text(bench.memory.read(dataBase, 16))).toBe(`${'00'.repeat(7)}08${'00'.repeat(8)}`)
  bench.run(['stvewx v1, 0, r4'])
  expect(text(bench.memory.read(dataBase, 16))).toBe('0000000005060708'.concat('00'.repeat(8)))
})

test('a D3D format that does not exist is a fault at the word', () => {
  const exit = bench.run([encode('vupkd3d128', { vd128: 1, vb128: 2, format: 7 })])
  expect(exit).toMatchObject({ kind: 'fault', fault: { code: 'illegal', pc: codeBase } })
})

test('whole exponents and powers of two are exact in the exponential and logarithm estimates', () => {
  const single = (value: number): number => {
    const view = new DataView(new ArrayBuffer(4))
    view.setFloat32(0, value)
    return view.getUint32(0)
  }
  r.vscr = 0x10000
  r.setVr(2, bytesOf([single(5), single(-3), single(0), single(127)]))
  r.setVr(4, bytesOf([single(32), single(0.125), single(1), single(2 ** 100)]))
  bench.run(['vexptefp v1, v2', 'vlogefp v3, v4'])
  expect(text(r.vr(1))).toBe(text(bytesOf([single(32), single(0.125), single(1), single(2 ** 127)])))
  expect(text(r.vr(3))).toBe(text(bytesOf([single(5), single(-3), single(0), single(100)])))
})
