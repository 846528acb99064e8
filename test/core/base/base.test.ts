import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alignDown, alignUp, field, mask64 } from '../../../core/base/bits.ts'
import { exitStatus, fail, failures } from '../../../core/base/failure.ts'
import { limits } from '../../../core/base/limits.ts'
import { createRing } from '../../../core/base/ring.ts'
import { hex32 } from '../../../core/base/words.ts'

test('bit 0 of a field is the most significant, as the manuals number it', () => {
  expect(field(0x90610070, 0, 5)).toBe(36)
  expect(field(0x90610070, 6, 10)).toBe(3)
  expect(field(0xffffffff, 0, 31)).toBe(0xffffffff)
})

test('a mask whose first bit lies past its last wraps around', () => {
  expect(mask64(0, 63)).toBe(0xffffffffffffffffn)
  expect(mask64(56, 63)).toBe(0xffn)
  expect(mask64(63, 0)).toBe(0x8000000000000001n)
})

test('alignment never moves a multiple', () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.nat(20), (value, bits) => {
      const step = 2 ** bits
      expect(alignUp(value, step) - alignDown(value, step)).toBe(value % step === 0 ? 0 : step)
    }),
  )
})

test('a ring keeps the newest, oldest first, and counts what it dropped', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat()), (capacity, items) => {
      const ring = createRing<number>(capacity)
      for (const item of items) ring.push(item)
      expect(ring.items()).toEqual(items.slice(-capacity))
      expect(ring.dropped).toBe(Math.max(0, items.length - capacity))
      expect(ring.total).toBe(items.length)
    }),
  )
})

test('a failure names the place, carries its code, and knows the mend and the exit status', () => {
  const failure = fail('XEX_FIELD', 'header size at 0x8', 'beyond the end of the file')
  expect(failure.message).toBe('header size at 0x8: beyond the end of the file')
  expect([failure.status, failure.remedy]).toEqual([exitStatus.badInput, failures.XEX_FIELD.remedy])
})

test('every bound has a positive value and a reason', () => {
  for (const [name, limit] of Object.entries(limits)) {
    expect(limit.value, name).toBeGreaterThan(0)
    expect(limit.reason.length, name).toBeGreaterThan(10)
  }
})

test('a guest number is printed in full', () => {
  expect(hex32(-1)).toBe('0xFFFFFFFF')
  expect(hex32(0x1004)).toBe('0x00001004')
})
