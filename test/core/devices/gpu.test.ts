import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyState, feedState } from '../../../core/base/state.ts'
import { createDeviceBus } from '../../../core/devices/device.ts'
import { createGpu } from '../../../core/devices/gpu/gpu.ts'
import { access } from '../../../core/memory/map.ts'
import {
  bench,
  bufferAt,
  committedBytes,
  gpuStart,
  memory,
  physical,
  ringBytes,
  shared,
  swapped,
  type0,
  type3,
  writeBackAt,
} from './gpu-bench.ts'

test('the read pointer is written back, in dwords, when the stream has been walked', () => {
  const { submit, memory } = bench()
  submit(...type3(0x10, 1, 2, 3), 0x80000000, 0x0badf00d)
  expect(memory.load32(physical(writeBackAt))).toBe(6)
})

test('packets wrap around the end of the ring', () => {
  const rig = bench()
  for (let i = 0; i < ringBytes / 4 - 2; i += 1) rig.submit(0x80000000)
  rig.submit(...type3(0x3d, shared | swapped, 0x11223344, 0x55667788))
  expect(rig.memory.load32(physical(shared))).toBe(0x11223344)
  expect(rig.memory.load32(physical(shared + 4))).toBe(0x55667788)
  expect(rig.memory.load32(physical(writeBackAt))).toBe(2)
})

test.each([
  [0, 0x44332211],
  [1, 0x33441122],
  [2, 0x11223344],
  [3, 0x22114433],
])('a word written with endian mode %i reads back swapped so', (mode, expected) => {
  const { submit, memory } = bench()
  submit(...type3(0x3d, shared | mode, 0x11223344))
  expect(memory.load32(physical(shared))).toBe(expected)
})

test('a scratch register is mirrored in memory where the mask says so', () => {
  const { submit, memory } = bench()
  submit(...type0(0x1dd, shared), ...type0(0x1dc, 0x20037), ...type0(0x578, 1, 2, 3, 4, 5, 6))
  const mirror = [0, 1, 2, 3, 4, 5].map(i => memory.load32(physical(shared + i * 4)))
  expect(mirror).toEqual([1, 2, 3, 0, 5, 6])
})

test('a user callback in the stream runs once a hardware thread, and the stream waits until they have all answered', () => {
  const rig = bench()
  const mask = 0b10_0100
  rig.submit(...type0(0x1dd, shared), ...type0(0x1dc, 0x20037))
  rig.submit(
    ...type0(0x57c, 0x82001234, 0x77),
    ...type0(0x578, mask),
    ...type3(0x3c, 0x13, shared | swapped, mask, 0xffffffff, 0x100),
    ...type3(0x3c, 0x13, (shared + 0x14) | swapped, 0x77, 0xffffffff, 0x100),
    ...type3(0x54, mask),
    ...type0(0x45e, mask),
    ...type3(0x3c, 0x13, shared | swapped, 0, 0xffffffff, 0x100),
    ...type3(0x58, 3, (shared + 0x20) | swapped, 5),
  )
  expect(rig.interrupts).toEqual([
    [1, 2],
    [1, 5],
  ])
  expect(rig.memory.load32(physical(shared + 0x20))).toBe(0)
  expect(rig.gpu.standing()).toContain('WAIT_REG_MEM')
  rig.memory.store32(physical(shared), mask & ~4)
  rig.gpu.pump()
  expect(rig.gpu.standing()).toContain('WAIT_REG_MEM')
  rig.memory.store32(physical(shared), 0)
  rig.gpu.pump()
  expect(rig.memory.load32(physical(shared + 0x20))).toBe(5)
  expect(rig.gpu.standing()).toBeUndefined()
})

test('the ring is not reported empty while an indirect buffer of it still waits', () => {
  const rig = bench()
  const words = type3(0x3c, 0x13, shared | swapped, 9, 0xffffffff, 0x100)
  words.forEach((word, i) => {
    rig.memory.store32(physical(bufferAt + i * 4), word >>> 0)
  })
  rig.submit(0x80000000, ...type3(0x3f, bufferAt, words.length))
  expect(rig.memory.load32(physical(writeBackAt))).toBe(1)
  rig.memory.store32(physical(shared), 9)
  rig.gpu.pump()
  expect(rig.memory.load32(physical(writeBackAt))).toBe(4)
})

test('a buffer that calls itself is cut at its depth and by the budget, not run for ever', () => {
  const rig = bench()
  type3(0x3f, bufferAt, 3).forEach((word, i) => {
    rig.memory.store32(physical(bufferAt + i * 4), word >>> 0)
  })
  rig.submit(...type3(0x3f, bufferAt, 3))
  expect(rig.gpu.counters().gpu_malformed_packets_total).toBeGreaterThan(0)
})

test('a flush of the caches is done as soon as anybody polls it', () => {
  const rig = bench()
  rig.submit(...type0(0xa31, 0), ...type3(0x3c, 0x3, 0xa31, 0, 0xffffffff, 1), ...type3(0x3d, shared | swapped, 1))
  expect(rig.memory.load32(physical(shared))).toBe(1)
})

test('an occlusion query that ended gets a count in place of its marker', () => {
  const rig = bench()
  rig.submit(...type0(0x2325, shared))
  for (const word of [4, 5]) rig.memory.store32(physical(shared + word * 4), 0xfffffeed)
  rig.submit(...type3(0x5b, 0x15))
  expect(rig.memory.load32(physical(shared + 16))).toBe(0xe8030000)
  expect(rig.memory.load32(physical(shared + 20))).toBe(0)
  rig.submit(...type3(0x5b, 0x15))
  expect(rig.memory.load32(physical(shared + 16))).toBe(0)
})

test('a frame counts when the stream reaches its swap', () => {
  const rig = bench()
  rig.clock = 77
  rig.submit(...type3(0x64, 0x53574150, 0x1000, 1280, 720))
  expect(rig.gpu.swaps()).toEqual({ count: 1, frontBuffer: 0x1000, width: 1280, height: 720, at: 77 })
  rig.submit(...type3(0x58, 0x80000003, shared | swapped, 0))
  expect(rig.memory.load32(physical(shared))).toBe(1)
})

test('an unknown packet is skipped and counted, and so is a draw', () => {
  const rig = bench()
  rig.submit(...type3(0x7e, 1, 2), ...type3(0x22, 0, 1), ...type3(0x3d, shared | swapped, 3))
  expect(rig.memory.load32(physical(shared))).toBe(3)
  expect(rig.gpu.counters()).toMatchObject({ gpu_unknown_packets_total: 1, gpu_draws_left_out_total: 1 })
})

test('words of a packet that lie where there is no memory are zero, and each is counted', () => {
  const rig = bench()
  const at = committedBytes - 8
  const packet = type0(0x500, 5, 6, 7)
  rig.submit(...type0(0x501, 1, 1))
  for (const [i, word] of packet.slice(0, 2).entries()) rig.memory.store32(physical(at + 4 * i), word)
  rig.submit(...type3(0x3f, at, packet.length))
  expect([0x500, 0x501, 0x502].map(index => rig.gpu.load32(gpuStart + 4 * index))).toEqual([5, 0, 0])
  expect(rig.gpu.counters()).toMatchObject({ gpu_bad_accesses_total: 2, gpu_malformed_packets_total: 0 })
})

test('a packet with its predicate bit set runs only while the bins meet', () => {
  const rig = bench()
  const write = type3(0x3d, shared | swapped, 3)
  rig.submit(...type3(0x60, 0), ...type3(0x61, 0), (write[0] ?? 0) | 1, ...write.slice(1))
  expect(rig.memory.load32(physical(shared))).toBe(0)
  rig.submit(...type3(0x60, 1), (write[0] ?? 0) | 1, ...write.slice(1))
  expect(rig.memory.load32(physical(shared))).toBe(3)
})

test('the fence of a worker lands on its write-back line when the aperture is set', () => {
  const rig = bench()
  rig.submit(...type0(0xa02, 0xc0100000, 0x07f00000, 0xc0000000, 0x00100000))
  rig.submit(...type3(0x58, 3, 0xc0000082, 42))
  expect(memory.load32(0x7f000080)).toBe(42)
})

test('the n-th vertical blank comes at the floor of n sixtieths of a second', () => {
  const rig = bench()
  expect(rig.gpu.deadline()).toBe(833_333)
  rig.gpu.advance(833_332)
  expect(rig.interrupts).toEqual([])
  rig.gpu.advance(2_499_999)
  expect(rig.interrupts).toEqual([
    [0, 2],
    [0, 2],
  ])
  expect(rig.gpu.deadline()).toBe(2_500_000)
})

test('the CPU reads what titles need to go on', () => {
  const { gpu } = bench()
  const bus = createDeviceBus([gpu])
  expect(bus.load(gpuStart + 4 * 0x1951, 4)).toBe(1n)
  expect(bus.load(gpuStart + 4 * 0x1951 + 3, 1)).toBe(1n)
  bus.store(gpuStart + 4 * 0x1844, 4, 0xabcd1234n)
  expect(bus.load(gpuStart + 4 * 0x1844 + 2, 2)).toBe(0x1234n)
  bus.store(gpuStart + 4 * 0x1844 + 1, 1, 0xffn)
  expect(bus.load(gpuStart + 4 * 0x1844, 4)).toBe(0xabff1234n)
  expect(() => bus.load(0x7f000000, 4)).toThrow('no device')
})

test('a GPU restored in the midst of a wait goes on as the saved one would', () => {
  const rig = bench()
  rig.submit(...type3(0x60, 1), ...type3(0x61, 2), ...type3(0x62, 3), ...type3(0x63, 4))
  expect((rig.gpu.save() as { bins: unknown }).bins).toEqual([0x2_0000_0001n, 0x4_0000_0003n])
  rig.submit(...type3(0x3c, 0x13, shared | swapped, 7, 0xffffffff, 1), ...type3(0x64, 0x53574150, 0, 1, 1))
  const state = copyState(rig.gpu.save())
  const other = createGpu({ memory, timebaseHz: 50_000_000, now: () => 0, interrupt: () => {} })
  other.load(state)
  const bytes: Uint8Array[] = []
  feedState(other.save(), part => bytes.push(part.slice()))
  const before: Uint8Array[] = []
  feedState(state, part => before.push(part.slice()))
  expect(Buffer.concat(bytes).equals(Buffer.concat(before))).toBe(true)
  memory.store32(physical(shared), 7)
  other.pump()
  expect(other.swaps().count).toBe(1)
})

test('a ring of less than a word is none', () => {
  const rig = bench()
  rig.memory.store32(physical(0), type0(0x500, 1)[0] ?? 0)
  rig.gpu.setRing(0, 3)
  rig.gpu.store32(gpuStart + 4 * 0x1c5, 2)
  expect(rig.gpu.counters()).not.toHaveProperty('gpu_packets_total{TYPE_0}')
})

test('a word that reaches over the end of physical memory is not stored, and counted', () => {
  const rig = bench()
  memory.commit(physical(0x1ffff000), 0x1000, access.read | access.write)
  rig.submit(...type0(0x1dd, 0x1ffffffe), ...type0(0x1dc, 0x20001), ...type0(0x578, 7))
  expect(memory.load32(physical(0x1ffffffc))).toBe(0)
  expect(rig.gpu.counters()).toMatchObject({ gpu_bad_accesses_total: 1 })
  memory.decommit(physical(0x1ffff000), 0x1000)
})

test('a saved GPU that counts packets nobody knows is refused', () => {
  const rig = bench()
  const state = copyState(rig.gpu.save()) as { packets: unknown }
  expect(() => rig.gpu.load({ ...state, packets: [['TYPE_9', 1]] } as never)).toThrow(/TYPE_9/)
})

test('no stream of garbage stops the machine', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 60 }), words => {
      const rig = bench()
      rig.submit(...words.map(word => (word & 0x80000000 ? word & ~0x3ff00000 : word & ~0x3ff80000)))
      rig.gpu.pump()
    }),
    { numRuns: 300 },
  )
})
