import { alignUp } from '../base/bits.ts'
import { fail } from '../base/failure.ts'
import { createLzxDecoder, frameSize, freshLzx } from '../base/lzx.ts'
import { createReader, hexBytes } from '../base/reader.ts'
import { hex } from '../base/words.ts'
import { sha1 } from './crypt.ts'

/**
 * Normal compression: LZX (base/lzx.ts), in hashed blocks.
 *
 * The stream is a chain of blocks. A block begins with the size and SHA-1 of the next one (the first block's stand in the
 * headers), then carries chunks, each with its length in front. The chunks of all blocks, joined, are one LZX bit
 * stream, never reset; each chunk decodes to one frame of 32 KiB, the last to what is left. The whole output stays in
 * memory, so it is its own window, and the image's size caps it.
 */
export interface NormalCompression {
  readonly windowSize: number
  readonly firstBlockSize: number
  readonly firstBlockDigest: string
}

const blockHeaderSize = 24

/** Walks the block chain, checking every digest, and decodes the image. */
export function unpackNormal(
  stream: Uint8Array,
  compression: NormalCompression,
  imageSize: number,
  name: string,
): Uint8Array {
  return decodeLzx(joinChunks(stream, compression, name), Math.log2(compression.windowSize), imageSize, name)
}

function joinChunks(stream: Uint8Array, compression: NormalCompression, name: string): Uint8Array {
  const reader = createReader(stream, { name, code: 'XEX_FIELD', origin: 'stream' })
  const joined = new Uint8Array(stream.length)
  let filled = 0
  let at = 0
  let size = compression.firstBlockSize
  let digest = compression.firstBlockDigest
  while (size !== 0) {
    if (size < blockHeaderSize + 2) throw reader.wrong(at, 'compressed block', `${hex(size)} bytes is too small`)
    const block = reader.slice(at, size, 'compressed block')
    if (hexBytes(sha1(block)) !== digest) throw reader.wrong(at, 'compressed block', 'its digest does not match')
    const end = at + size
    let chunkAt = at + blockHeaderSize
    for (;;) {
      if (chunkAt + 2 > end) throw reader.wrong(chunkAt, 'chunk size', 'lies beyond its block')
      const chunk = reader.u16(chunkAt, 'chunk size')
      if (chunk === 0) break
      if (chunkAt + 2 + chunk > end) throw reader.wrong(chunkAt, 'chunk size', `${hex(chunk)} reaches beyond its block`)
      joined.set(stream.subarray(chunkAt + 2, chunkAt + 2 + chunk), filled)
      filled += chunk
      chunkAt += 2 + chunk
    }
    size = reader.u32(at, 'next block size')
    digest = hexBytes(reader.slice(at + 4, 20, 'next block digest'))
    at = end
  }
  return joined.subarray(0, filled)
}

/** Decodes `outputSize` bytes of one LZX stream. */
export function decodeLzx(input: Uint8Array, windowBits: number, outputSize: number, name: string): Uint8Array {
  const output = new Uint8Array(alignUp(outputSize, frameSize))
  const decoder = createLzxDecoder(windowBits, freshLzx(windowBits), (what, at, translated) =>
    translated === true
      ? fail('XEX_UNSUPPORTED', name, 'its compressed image asks for x86 call translation')
      : fail('XEX_FIELD', `${name}: compressed image at output offset ${hex(at)}`, what),
  )
  decoder.feed(input)
  for (let at = 0; at < outputSize; at += frameSize) decoder.frame(output, at, Math.min(frameSize, outputSize - at))
  return output.subarray(0, outputSize)
}
