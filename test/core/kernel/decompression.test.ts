/** The LZX decompression interface: a stream comes in blocks, and each may refer to what the ones before it gave. */
import { describe, expect, test } from 'vitest'
import { access } from '../../../core/memory/map.ts'
import { encodeLzx } from '../loader/lzx-encoder.ts'
import { away, code, createWorkbench, type Workbench } from './workbench.ts'

const frame = 0x8000
const room = 0x50000000
const [sourceAt, intoAt] = [0x51000000, 0x51100000]
const [badParameters, failed] = [2, 4]

/** Words again and again, from near and far. */
function sample(size: number): Uint8Array {
  let state = 7
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
  const words = Array.from({ length: 90 }, () => Array.from({ length: 2 + next(9) }, () => next(200)))
  const out: number[] = []
  while (out.length < size) out.push(...(words[next(words.length)] ?? []))
  return Uint8Array.from(out.slice(0, size))
}

function decoderBench() {
  const bench = createWorkbench()
  const { memory } = bench
  for (const [at, size] of [
    [room, 0x300000],
    [sourceAt, 0x10000],
    [intoAt, 0x10000],
  ] as const)
    memory.commit(at, size, access.read | access.write)
  const [mostAt, sourceMostAt, handleAt, sizeAt] = [bench.words(frame), bench.cell(), bench.cell(), bench.cell()]
  return {
    bench,
    sizes: () => [memory.load32(mostAt), memory.load32(sourceMostAt)],
    handle: () => memory.load32(handleAt),
    create: (window: number, { allocate = 0, free = 0, at = room, handle = handleAt } = {}) =>
      bench.call(1, 'LDICreateDecompression', mostAt, bench.words(window, 1), allocate, free, at, sourceMostAt, handle),
    decode(context: number, block: Uint8Array, wanted: number): Uint8Array | number {
      memory.write(sourceAt, block)
      memory.store32(sizeAt, wanted)
      const answer = Number(bench.call(1, 'LDIDecompress', context, sourceAt, block.length, intoAt, sizeAt))
      return answer === 0 ? memory.read(intoAt, memory.load32(sizeAt)) : answer
    },
    reset: (context: number) => bench.call(1, 'LDIResetDecompression', context),
    destroy: (context: number) => bench.call(1, 'LDIDestroyDecompression', context),
  }
}

/** Decodes a stream block by block. */
function decodeAll({ decode }: ReturnType<typeof decoderBench>, context: number, blocks: Uint8Array[], size: number) {
  return blocks.flatMap((block, i): (number | string)[] => {
    const bytes = decode(context, block, Math.min(frame, size - i * frame))
    return typeof bytes === 'number' ? [`refused by ${bytes}`] : [...bytes]
  })
}

describe('a stream in blocks', () => {
  const size = 4 * frame + 1_234
  const data = sample(size)

  test.each([
    ['verbatim', 15],
    ['aligned', 16],
    ['plain', 17],
    ['verbatim', 21],
  ] as const)('comes back whole, though its window is a ring: %s, window of 2^%i', (kind, windowBits) => {
    const bench = decoderBench()
    expect(bench.create(2 ** windowBits)).toBe(0)
    const blocks = encodeLzx(data, windowBits, [kind, 'aligned', 'verbatim'])
    expect(decodeAll(bench, bench.handle(), blocks, size)).toEqual([...data])
  })

  test('is all in the title’s memory: a context goes on in another kernel that has the same', () => {
    const bench = decoderBench()
    bench.create(0x8000)
    const blocks = encodeLzx(data, 15, ['verbatim', 'plain'])
    const [first, second] = [blocks.slice(0, 2), blocks.slice(2)]
    const before = decodeAll(bench, bench.handle(), first, size)
    const kept = bench.bench.memory.read(room, 0x40000)
    const other = decoderBench()
    other.bench.memory.write(room, kept)
    expect([...before, ...decodeAll(other, room, second, size - before.length)]).toEqual([...data])
  })

  test('begins anew after a reset, and refers to nothing from before it', () => {
    const bench = decoderBench()
    bench.create(0x8000)
    const blocks = encodeLzx(data, 15, ['verbatim'])
    const head = decodeAll(bench, room, blocks.slice(0, 1), size)
    expect(bench.reset(room)).toBe(0)
    expect(decodeAll(bench, room, blocks.slice(0, 1), size)).toEqual(head)
    expect(bench.reset(room)).toBe(0)
    expect(bench.decode(room, blocks[1] ?? new Uint8Array(0), frame)).toBe(failed)
  })
})

describe('a context', () => {
  test('is not made where it is only asked how large blocks can be', () => {
    const { create, sizes, handle } = decoderBench()
    expect([create(0x8000, { handle: 0 }), ...sizes(), handle()]).toEqual([0, frame, frame + 6_144, 0])
  })

  test('lies where the title’s allocator says, which has it back when it ends', () => {
    const { bench, create, destroy, handle } = decoderBench()
    const [allocate, free] = [code + 0x400, code + 0x500]
    expect(create(0x20000, { allocate, free, at: 0 })).toBe(away)
    const frameIn = (b: Workbench) => [b.frameOf(1).pc, b.frameOf(1).word(3)]
    expect(frameIn(bench)).toEqual([allocate, 0x23200 + 0x20000])
    bench.returnFrom(1, room)
    expect([bench.result(1), handle()]).toEqual([0, room])
    expect(destroy(room)).toBe(away)
    expect(frameIn(bench)).toEqual([free, room])
    bench.returnFrom(1)
    expect(bench.result(1)).toBe(0)
    expect(destroy(room)).toBe(badParameters)
  })

  test('is not made where no room is given', () => {
    const { bench, create } = decoderBench()
    expect(create(0x8000, { at: 0 })).toBe(1)
    create(0x8000, { at: 0, allocate: code + 0x400 })
    bench.returnFrom(1, 0)
    expect(bench.result(1)).toBe(1)
  })

  test.each([
    ['a window that is no power of two', 0x9000],
    ['a window of nothing', 0],
    ['a window beyond 2 MiB', 0x400000],
  ])('is not made for %s', (_, window) => {
    expect(decoderBench().create(window)).toBe(badParameters)
  })

  test('is told from other memory, and from itself once it has ended', () => {
    const { create, decode, destroy, reset } = decoderBench()
    const block = new Uint8Array(8)
    expect([decode(room, block, 8), reset(room), destroy(room)]).toEqual([badParameters, badParameters, badParameters])
    create(0x8000)
    expect(destroy(room)).toBe(0)
    expect(decode(room, block, 8)).toBe(badParameters)
  })

  test('that somebody has written over decodes nothing worse than an error', () => {
    const { bench, create, decode } = decoderBench()
    const [block = new Uint8Array(0)] = encodeLzx(sample(frame), 15, ['aligned'])
    for (let at = 8; at < 0x600; at += 4) {
      create(0x8000)
      bench.memory.store32(room + at, 0xffffffff)
      const found = decode(room, block, frame)
      expect(typeof found === 'number' ? found : frame).toSatisfy((n: number) => n === failed || n === frame)
    }
  })

  test('refuses a block that is cut short, and more than a frame at once', () => {
    const { create, decode } = decoderBench()
    const [block = new Uint8Array(0)] = encodeLzx(sample(frame), 15, ['verbatim'])
    create(0x8000)
    expect(decode(room, block.subarray(0, 100), frame)).toBe(failed)
    expect(decode(room, block, frame + 1)).toBe(badParameters)
  })
})
