import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { copyState } from '../../../core/base/state.ts'
import { createMemory, GuestAccessError } from '../../../core/memory/guest.ts'
import { access, fold, hostMap, regionOf, regions } from '../../../core/memory/map.ts'

const memory = createMemory()
const readWrite = access.read | access.write

beforeEach(() => memory.load({ runs: [] }))

test('a word is stored big-endian', () => {
  memory.commit(0x70000000, 0x1000, readWrite)
  memory.store32(0x70000010, 0x11223344)
  expect([...memory.read(0x70000010, 4)]).toEqual([0x11, 0x22, 0x33, 0x44])
})

test('the three physical windows show the same bytes, the last one 0x1000 further', () => {
  memory.commit(0xa0010000, 0x10000, readWrite)
  memory.store64(0xa0012340, 0x1122334455667788n)
  expect(memory.load64(0xc0012340)).toBe(0x1122334455667788n)
  expect(memory.load64(0xe0011340)).toBe(0x1122334455667788n)
})

test('no guest address folds into the host tables, wherever it lies', () => {
  fc.assert(fc.property(fc.nat(0xffffffff), address => fold(address) < hostMap.guestEnd))
  for (const edge of [0, 0xbfffffff, 0xc0000000, 0xdfffffff, 0xe0000000, 0xffffffff])
    expect(fold(edge)).toBeLessThan(hostMap.guestEnd)
})

test('an access that would end past the last address reaches nothing, however long it says it is', () => {
  memory.commit(0xa0000000, 0x1000, readWrite)
  memory.store32(0xa0000000, 7)
  for (const size of [0x5fffffff, 0x60000000, 0x82000101, 0xffffffff, 0x7f8000000]) {
    expect(() => memory.fill(0xa0000000, size, 1)).toThrow(GuestAccessError)
    expect(() => memory.read(0xa0000000, size)).toThrow(GuestAccessError)
    expect(memory.allows(0xa0000000, size, access.read)).toBe(false)
  }
  expect(memory.allows(hostMap.low, 4, access.none)).toBe(false)
  expect(memory.load32(0xa0000000)).toBe(7)
})

test('an access outside committed memory names the address and the direction, and stores nothing', () => {
  memory.commit(0x70000000, 0x1000, access.read)
  expect(() => memory.load8(0x70001000)).toThrow('load from 0x70001000')
  expect(() => memory.store8(0x70000000, 1)).toThrow(GuestAccessError)
  expect(memory.load8(0x70000000)).toBe(0)
})

test('an access that straddles into a page that is not there is refused whole', () => {
  memory.commit(0x70000000, 0x1000, readWrite)
  expect(() => memory.store32(0x70000ffe, 0xffffffff)).toThrow(GuestAccessError)
  expect(memory.load16(0x70000ffe)).toBe(0)
})

test('memory given back and taken again is zero', () => {
  memory.commit(0x70000000, 0x1000, readWrite)
  memory.store32(0x70000000, 0xdeadbeef)
  memory.decommit(0x70000000, 0x1000)
  memory.commit(0x70000000, 0x1000, readWrite)
  expect(memory.load32(0x70000000)).toBe(0)
})

test('committing a page again keeps its bytes', () => {
  memory.commit(0x70000000, 0x1000, readWrite)
  memory.store32(0x70000000, 0xdeadbeef)
  memory.commit(0x70000000, 0x2000, readWrite)
  expect(memory.load32(0x70000000)).toBe(0xdeadbeef)
})

test('a store to a page that holds code announces the range before the bytes change', () => {
  const seen: [number, number, number][] = []
  memory.commit(0x82000000, 0x1000, readWrite)
  memory.bytes[hostMap.pageFlags + (0x82000000 >>> 12)] = readWrite | access.code
  memory.onCodeWrite((start, size) => seen.push([start, size, memory.load32(0x82000004)]))
  memory.store32(0x82000004, 0x60000000)
  expect(seen).toEqual([[0x82000004, 4, 0]])
  memory.onCodeWrite(() => {})
})

test('what was saved comes back whole, and what was not there is gone', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(0xffff), fc.nat(0xffffffff)), { maxLength: 20 }), writes => {
      memory.load({ runs: [] })
      for (const [page, word] of writes) {
        const address = 0x10000000 + page * 0x1000
        memory.commit(address, 0x1000, readWrite)
        memory.store32(address + 8, word)
      }
      const saved = copyState(memory.save())
      memory.commit(0x70000000, 0x1000, readWrite)
      memory.load(saved)
      expect(memory.allows(0x70000000, 1, access.read)).toBe(false)
      expect(memory.save()).toEqual(saved)
    }),
    { numRuns: 10 },
  )
})

test('neighbouring pages of different access are all saved', () => {
  memory.commit(0x10000000, 0x1000, access.read | access.write)
  memory.commit(0x10001000, 0x1000, access.read)
  memory.commit(0x10002000, 0x1000, access.read | access.execute)
  memory.commit(0x10003000, 0x1000, access.committed)
  memory.poke(0x10003000, new Uint8Array([7]))
  const saved = copyState(memory.save())
  memory.load({ runs: [] })
  memory.load(saved)
  const accesses = [0, 1, 2, 3].map(page => memory.accessAt(0x10000000 + page * 0x1000))
  expect(accesses).toEqual([readWrite, access.read, access.read | access.execute, access.committed])
  expect(memory.bytes[0x10003000]).toBe(7)
})

test('no region of the guest holds what is the host’s', () => {
  const { guestEnd, lowEnd: _, ...tables } = hostMap
  for (const at of Object.values(tables)) expect(regionOf(fold(at)) === undefined || at >= guestEnd).toBe(true)
})

test('regions do not overlap and are in order', () => {
  regions.forEach((region, i) => {
    expect(region.start).toBeLessThan(region.end)
    expect(region.start).toBeGreaterThanOrEqual(regions[i - 1]?.end ?? 0)
  })
  expect(regionOf(0)).toBeUndefined()
  expect(regionOf(0x82000000)?.name).toBe('image-64k')
})
