/**
 * The bytes of files: those of the source where nobody wrote, and blocks in memory over them where the title did. A file
 * that was cut shows no more of the source than was left, however it grows again.
 */
import { limits } from '../base/limits.ts'
import type { Item } from './item.ts'
import type { Source } from './source.ts'

export interface Overlay {
  /** Bytes of the blocks in memory. */
  readonly used: number
  /** Answers how many bytes there were before the end, or before damage. */
  read(file: Item, offset: number, into: Uint8Array): number
  /** False when the disk is full. */
  write(file: Item, offset: number, bytes: Uint8Array): boolean
  /** False for a size no file can have. */
  resize(file: Item, size: number): boolean
  /** Counts the blocks of a file that came from a snapshot. */
  adopt(file: Item): void
  /** Forgets the blocks of a file that is gone. */
  release(file: Item): void
  reset(): void
}

const blockBytes = 0x10000
const largestFile = 0xffffffff

export function createOverlay(source: Source): Overlay {
  let blockCount = 0

  /** The bytes of the source at `offset`, zero behind its end; fewer than asked for where the source is damaged. */
  function fromSource(file: Item, offset: number, into: Uint8Array): number {
    const showing = Math.max(0, Math.min(into.length, file.sourceSize - offset))
    const got = file.key === undefined || showing === 0 ? 0 : source.read(file.key, offset, into.subarray(0, showing))
    into.fill(0, got)
    return file.key === undefined || got >= showing ? into.length : got
  }

  function writableBlock(file: Item, index: number): Uint8Array {
    const known = file.blocks.get(index)
    if (known !== undefined) return known
    const block = new Uint8Array(blockBytes)
    fromSource(file, index * blockBytes, block)
    file.blocks.set(index, block)
    blockCount += 1
    return block
  }

  function roomFor(file: Item, offset: number, length: number): boolean {
    if (offset + length > largestFile) return false
    const first = Math.floor(offset / blockBytes)
    const last = Math.floor((offset + length - 1) / blockBytes)
    let missing = 0
    for (let i = first; i <= last; i += 1) if (!file.blocks.has(i)) missing += 1
    return (blockCount + missing) * blockBytes <= limits.overlayBytes.value
  }

  return {
    get used() {
      return blockCount * blockBytes
    },
    read(file, offset, into) {
      const length = Math.max(0, Math.min(into.length, file.size - offset))
      for (let done = 0; done < length; ) {
        const at = offset + done
        const start = at % blockBytes
        const block = file.blocks.get(Math.floor(at / blockBytes))
        let part = Math.min(length - done, blockBytes - start)
        if (block === undefined) {
          while (done + part < length && !file.blocks.has(Math.floor((at + part) / blockBytes)))
            part = Math.min(length - done, part + blockBytes)
          const got = fromSource(file, at, into.subarray(done, done + part))
          if (got < part) return done + got
        } else into.set(block.subarray(start, start + part), done)
        done += part
      }
      return length
    },
    write(file, offset, bytes) {
      if (!roomFor(file, offset, bytes.length)) return false
      for (let done = 0; done < bytes.length; ) {
        const at = offset + done
        const start = at % blockBytes
        const part = Math.min(bytes.length - done, blockBytes - start)
        writableBlock(file, Math.floor(at / blockBytes)).set(bytes.subarray(done, done + part), start)
        done += part
      }
      file.size = Math.max(file.size, offset + bytes.length)
      return true
    },
    resize(file, size) {
      if (size > largestFile) return false
      if (size < file.size) {
        for (const index of [...file.blocks.keys()])
          if (index * blockBytes >= size) {
            file.blocks.delete(index)
            blockCount -= 1
          }
        file.blocks.get(Math.floor(size / blockBytes))?.fill(0, size % blockBytes)
        file.sourceSize = Math.min(file.sourceSize, size)
      }
      file.size = size
      return true
    },
    adopt(file) {
      blockCount += file.blocks.size
    },
    release(file) {
      blockCount -= file.blocks.size
    },
    reset() {
      blockCount = 0
    },
  }
}
