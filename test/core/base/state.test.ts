import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { copyState, feedState, type Plain, readState } from '../../../core/base/state.ts'

const plain: fc.Arbitrary<Plain> = fc.letrec<{ state: Plain }>(tie => ({
  state: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'grapheme' }),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.uint8Array(),
    fc.array(tie('state')),
    fc.dictionary(fc.string(), tie('state'), { noNullPrototype: true }),
  ),
})).state

function encode(state: Plain): Uint8Array {
  const parts: Uint8Array[] = []
  feedState(state, part => parts.push(part.slice()))
  return new Uint8Array(Buffer.concat(parts))
}

test('a state read back is the state that was fed', () => {
  fc.assert(
    fc.property(plain, state => {
      expect(readState(encode(state))).toEqual(state)
    }),
  )
})

test('a copy shares no bytes with the machine', () => {
  const bytes = new Uint8Array([1, 2])
  const copy = copyState({ bytes }) as { bytes: Uint8Array }
  bytes[0] = 9
  expect([...copy.bytes]).toEqual([1, 2])
})

test('a damaged snapshot is refused with its offset, whatever the damage', () => {
  fc.assert(
    fc.property(plain, fc.nat(), fc.nat(255), fc.boolean(), (state, where, value, cut) => {
      const bytes = encode(state)
      const at = where % bytes.length
      if (!cut) bytes[at] = value
      try {
        readState(cut ? bytes.subarray(0, at) : bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(Failure)
        expect(String(error)).toContain('snapshot at offset')
      }
    }),
  )
})
