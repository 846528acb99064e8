/** Each packet of the command stream that somebody can see the effect of, one by one. */
import { expect, test } from 'vitest'
import { bench, gpuStart, physical, shared, swapped, type0, type3 } from './gpu-bench.ts'

const free = 0x500
const constants = 0x4000
const initiator = 0x21f9

type Rig = ReturnType<typeof bench>
const register = (rig: Rig, index: number): number => rig.gpu.load32(gpuStart + index * 4)
const word = (rig: Rig, at = shared): number => rig.memory.load32(physical(at))

test('a run of registers is written one after the other, or all to one', () => {
  const rig = bench()
  rig.submit(...type0(free, 1, 2, 3), (2 << 16) | 0x8000 | 0x510, 4, 5, 6)
  expect([0, 1, 2].map(i => register(rig, free + i))).toEqual([1, 2, 3])
  expect([0, 1].map(i => register(rig, 0x510 + i))).toEqual([6, 0])
})

test('a packet of the second kind writes two registers apart from each other', () => {
  const rig = bench()
  rig.submit(0x40000000 | (0x520 << 11) | free, 7, 8)
  expect([register(rig, free), register(rig, 0x520)]).toEqual([7, 8])
})

test('a register is masked and set, by words or by other registers', () => {
  const rig = bench()
  rig.submit(...type0(free, 0xff00ff00, 0x0f0f0f0f, 0x30), ...type3(0x21, free, 0xffff0000, 0x1))
  expect(register(rig, free)).toBe(0xff000001)
  rig.submit(...type3(0x21, (0xc0000000 | free) >>> 0, free + 1, free + 2))
  expect(register(rig, free)).toBe(0x0f000031)
})

test.each([
  ['arithmetic', 0, 0x4000],
  ['fetch', 1, 0x4800],
  ['boolean', 2, 0x4900],
  ['loop', 3, 0x4908],
  ['registers', 4, 0x2000],
])('constants for %s are written to their place', (_, type, base) => {
  const rig = bench()
  rig.submit(...type3(0x2d, (type << 16) | 2, 0x11, 0x22))
  expect([register(rig, base + 2), register(rig, base + 3)]).toEqual([0x11, 0x22])
})

test('constants by their register, and from memory, are as they were given', () => {
  const rig = bench()
  rig.submit(...type3(0x55, 0x4010, 1, 2), ...type3(0x56, 0x4020, 3))
  expect([0x4010, 0x4011, 0x4020].map(index => register(rig, index))).toEqual([1, 2, 3])
  rig.memory.store32(physical(shared), 0x3f800000)
  rig.memory.store32(physical(shared + 4), 0x40000000)
  rig.submit(...type3(0x2f, shared, 8, 2))
  expect([register(rig, constants + 8), register(rig, constants + 9)]).toEqual([0x3f800000, 0x40000000])
})

test('a register is stored in memory, and so is the counter of frames and blanks', () => {
  const rig = bench()
  rig.submit(...type0(free, 0x12345678), ...type3(0x3e, free, shared | swapped))
  expect(word(rig)).toBe(0x12345678)
  rig.submit(...type3(0x64, 0x53574150, 0, 1280, 720), ...type3(0x4f, shared | swapped))
  expect(word(rig)).toBe(1)
  rig.submit(...type3(0x64, 0x53574150, 0, 1280, 720), ...type3(0x58, 0x80000003, shared | swapped, 0x99))
  expect(word(rig)).toBe(2)
})

test.each([
  ['never', 0, [false, false, false]],
  ['below', 1, [true, false, false]],
  ['at most', 2, [true, true, false]],
  ['equal', 3, [false, true, false]],
  ['other', 4, [true, false, true]],
  ['at least', 5, [false, true, true]],
  ['above', 6, [false, false, true]],
  ['always', 7, [true, true, true]],
])('a conditional write happens where the masked word is %s', (_, relation, expected) => {
  const written = [0x7f, 0x80, 0x81].map(value => {
    const rig = bench()
    rig.memory.store32(physical(shared), 0xabcdef00 | value)
    const at = shared + 0x10
    rig.submit(...type3(0x45, 0x110 | relation, shared | swapped, 0x80, 0xff, at | swapped, 0x77))
    return word(rig, at) === 0x77
  })
  expect(written).toEqual(expected)
})

test('a conditional write goes to a register, and looks at one, where it says so', () => {
  const rig = bench()
  rig.submit(...type0(free, 5), ...type3(0x45, 3, free, 5, 0xffffffff, 0x510, 0x66))
  expect(register(rig, 0x510)).toBe(0x66)
})

test('an event leaves its number, and a word where it carries one', () => {
  const rig = bench()
  rig.submit(...type3(0x46, 0x116))
  expect(register(rig, initiator)).toBe(0x16)
  rig.submit(...type3(0x46, 3, shared | swapped, 0x55))
  expect([register(rig, initiator), word(rig)]).toEqual([3, 0x55])
})

test('the extents of what was drawn are the largest there can be', () => {
  const rig = bench()
  rig.submit(...type3(0x5a, 0x2b, shared | swapped))
  expect([0, 2, 4, 6, 8, 10].map(at => rig.memory.load16(physical(shared + at)))).toEqual([0, 0x400, 0, 0x400, 0, 1])
})

test('a visibility query that ended says that something was seen', () => {
  const rig = bench()
  rig.submit(...type3(0x23, 0x25))
  expect(register(rig, 0xc45)).toBe(0)
  rig.submit(...type3(0x23, 0x125))
  expect(register(rig, 0xc45)).toBe(1 << 5)
})

test.each([
  ['equal', 0x52, [false, true, false]],
  ['at least', 0x53, [false, true, true]],
])('the stream stands until a register is %s', (_, opcode, expected) => {
  const passed = [4, 5, 6].map(value => {
    const rig = bench()
    rig.submit(...type0(free, value), ...type3(opcode, free, 5), ...type3(0x3d, shared | swapped, 1))
    return word(rig) === 1
  })
  expect(passed).toEqual(expected)
})

test('a draw leaves what it was started with, and draws nothing', () => {
  const rig = bench()
  rig.submit(...type3(0x22, 0, 0x30088, 0x1000, 0x2000), ...type3(0x36, 0x40088))
  expect([0x21fc, 0x21fa, 0x21fb].map(index => register(rig, index))).toEqual([0x40088, 0x1000, 0x2000])
  expect(rig.gpu.counters().gpu_draws_left_out_total).toBe(2)
})
