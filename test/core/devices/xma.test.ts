import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyState } from '../../../core/base/state.ts'
import { createXmaDecoder, type XmaField, xmaFields } from '../../../core/devices/audio/xma.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'

const memory = createMemory()
const base = 0xa0000000
const contexts = 0x10000
const input = [0x20000, 0x40000] as const
const output = 0x60000
const packetBits = 2048 * 8

/** Packets in which frames of the given lengths, in bits, follow one another; frames run on into the next packet. */
function packets(lengths: readonly number[]): { bytes: Uint8Array; count: number } {
  const bits: number[] = []
  const starts: number[] = []
  for (const length of lengths) {
    starts.push(bits.length)
    for (let i = 14; i >= 0; i -= 1) bits.push((length >> i) & 1)
    for (let i = 15; i < length; i += 1) bits.push(1)
  }
  const payload = packetBits - 32
  const count = Math.max(1, Math.ceil(bits.length / payload))
  const bytes = new Uint8Array(count * 2048)
  for (let packet = 0; packet < count; packet += 1) {
    const first = starts.find(start => start >= packet * payload && start < (packet + 1) * payload)
    const offset = first === undefined ? 0x7fff : first - packet * payload
    new DataView(bytes.buffer).setUint32(packet * 2048, (offset << 11) >>> 0)
    for (let i = 0; i < payload; i += 1)
      if (bits[packet * payload + i] === 1) {
        const at = packet * packetBits + 32 + i
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (0x80 >> (at & 7))
      }
  }
  return { bytes, count }
}

function rig() {
  memory.load({ runs: [] })
  memory.commit(base + contexts, 0x80000, access.read | access.write)
  const decoder = createXmaDecoder(memory)
  decoder.setContexts(contexts)
  const at = (word: number): number => base + contexts + word * 4
  return {
    decoder,
    get(name: XmaField): number {
      const [word, shift, width] = xmaFields[name]
      return (memory.load32(at(word)) >>> shift) & ((1 << width) - 1)
    },
    set(name: XmaField, value: number): void {
      const [word, shift, width] = xmaFields[name]
      const mask = ((1 << width) - 1) << shift
      memory.store32(at(word), ((memory.load32(at(word)) & ~mask) | ((value << shift) & mask)) >>> 0)
    },
    feed(which: 0 | 1, lengths: readonly number[]): void {
      const { bytes, count } = packets(lengths)
      memory.write(base + input[which], bytes)
      memory.store32(at(5 + which), input[which])
      this.set(which === 0 ? 'input0Packets' : 'input1Packets', count)
      this.set(which === 0 ? 'input0Valid' : 'input1Valid', 1)
    },
    open(blocks: number): void {
      memory.store32(at(7), output)
      memory.fill(base + output, blocks * 256, 0xff)
      this.set('outputBlocks', blocks)
      this.set('outputValid', 1)
    },
  }
}

test('a frame is silence of 512 samples, and the position moves by its length', () => {
  const { decoder, ...context } = rig()
  context.feed(0, [1000, 2000, 500])
  context.open(30)
  context.set('readOffset', 32)
  decoder.kick(0)
  expect(decoder.counters().xma_frames_total).toBe(3)
  expect(context.get('outputWrite')).toBe(12)
  expect(memory.read(base + output, 12 * 256).every(byte => byte === 0)).toBe(true)
  expect(memory.load8(base + output + 12 * 256)).toBe(0xff)
  expect(context.get('input0Valid')).toBe(0)
})

test('the decoder stops when the output is full, and goes on as it is read', () => {
  const { decoder, ...context } = rig()
  context.feed(0, [1000, 1000, 1000, 1000])
  context.open(8)
  context.set('readOffset', 32)
  decoder.kick(0)
  expect([context.get('outputValid'), context.get('input0Valid'), context.get('readOffset')]).toEqual([0, 1, 2032])
  context.set('outputRead', 4)
  context.set('outputWrite', 0)
  context.set('outputValid', 1)
  decoder.kick(0)
  expect(context.get('readOffset')).toBe(3032)
})

test('the other buffer follows when one is used up', () => {
  const { decoder, ...context } = rig()
  context.feed(0, [400])
  context.feed(1, [400, 400])
  context.open(31)
  context.set('readOffset', 32)
  decoder.kick(0)
  expect(decoder.counters().xma_frames_total).toBe(3)
  expect([context.get('input0Valid'), context.get('input1Valid'), context.get('currentBuffer')]).toEqual([0, 0, 0])
})

test('a loop begins again as often as it says', () => {
  const { decoder, ...context } = rig()
  context.feed(0, [400, 400])
  context.open(31)
  context.set('readOffset', 32)
  context.set('loopStart', 32)
  context.set('loopEnd', 432)
  context.set('loopCount', 2)
  decoder.kick(0)
  expect(decoder.counters().xma_frames_total).toBe(4)
  expect(context.get('loopCount')).toBe(0)
})

test('a stereo frame takes twice the blocks', () => {
  const { decoder, ...context } = rig()
  context.feed(0, [400])
  context.set('stereo', 1)
  context.open(31)
  context.set('readOffset', 32)
  decoder.kick(0)
  expect(context.get('outputWrite')).toBe(8)
})

test('every frame is counted once, however frames lie over the packets', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 16, max: 9000 }), { minLength: 1, maxLength: 12 }), lengths => {
      // A length that would lie over the end of a packet is put into the next by the encoder.
      const payload = packetBits - 32
      let position = 0
      fc.pre(
        lengths.every(length => {
          const fits = (position % payload) + 15 <= payload
          position += length
          return fits
        }),
      )
      const { decoder, ...context } = rig()
      context.feed(0, lengths)
      context.set('readOffset', 32)
      for (let i = 0; i < 8; i += 1) {
        context.open(24)
        context.set('outputRead', context.get('outputWrite'))
        decoder.kick(0)
      }
      expect(decoder.counters().xma_frames_total).toBe(lengths.length)
      expect(context.get('input0Valid')).toBe(0)
    }),
    { numRuns: 100 },
  )
})

test('whatever lies in the buffers, a kick ends and the input is used up in the end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 4000 }), fc.nat(0xffff), (bytes, offset) => {
      const { decoder, ...context } = rig()
      context.feed(0, [400])
      memory.write(base + input[0], bytes)
      context.set('input0Packets', 2)
      context.set('readOffset', offset)
      for (let i = 0; i < 400 && context.get('input0Valid') === 1; i += 1) {
        context.open(24)
        decoder.kick(0)
      }
      expect(context.get('input0Valid')).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('registers are byte-reversed, and the current context is always on its way', () => {
  const { decoder, ...context } = rig()
  expect(decoder.load32(0x7fea1800)).toBe(0x00000100)
  const first = decoder.load32(0x7fea1818)
  expect(decoder.load32(0x7fea1818)).not.toBe(first)
  context.feed(0, [400])
  context.open(31)
  context.set('readOffset', 32)
  decoder.store32(0x7fea1940, 0x01000000)
  expect(decoder.counters().xma_frames_total).toBe(1)
  decoder.store32(0x7fea1a80, 0x01000000)
  expect(context.get('outputWrite')).toBe(0)
})

test('a context outside of memory does nothing and is counted', () => {
  const { decoder } = rig()
  decoder.setContexts(0x1000000)
  decoder.kick(3)
  expect(decoder.counters().xma_bad_accesses_total).toBeGreaterThan(0)
  const other = createXmaDecoder(memory)
  other.load(copyState(decoder.save()))
  expect(other.save()).toEqual(decoder.save())
})
