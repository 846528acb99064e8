/**
 * Loads and stores of guest memory: the check of each, and the order of its bytes.
 *
 * A memory access reads a byte about its page, whose one bit tells whether the plain access may be done: the page and
 * the next allow it, are no device's, and (for stores) hold no decoded code. Folded windows, devices, code pages, the
 * end of what is committed and faults all take the slow path, a call that answers with the offset to use, or 0 for a
 * fault. The table has one byte for every page of 32 bits, and those of the windows that fold are never set, so the
 * plain access needs no fold.
 */
import { plain } from '../../memory/map.ts'
import { operations, type Type } from '../arithmetic.ts'
import { addresses } from './addresses.ts'
import { memory } from './bytes.ts'
import { instructions } from './instructions.ts'
import { extracts, isFloat, splats } from './lanes.ts'
import type { Node, Size, Statement } from './program.ts'
import type { AccessPlace, Site } from './site.ts'

export const simdAccess = {
  load: 0,
  load32Zero: 92,
  load64Zero: 93,
  store: 11,
  store32Lane: 90,
  store64Lane: 91,
} as const
const relaxedSwizzle = 0x100
/** Words that are loaded are kept with zeros in front: registers want them so. */
export const isWord = (node: Node): boolean => node.op === 'load' && node.size === 4 && node.type === 'i32'

/** A value that is to be stored, in a local. */
interface Kept {
  readonly local: number
  readonly type: Type
}

/** Writes accesses to a site; `expression` pushes the value of a node, `lanes` a float in the first lane of a vector. */
export function createAccesses(site: Site, expression: (node: Node) => void, lanes: (node: Node) => void) {
  const { writer } = site
  const w = instructions(writer)
  const { isSpecial } = addresses(writer)

  /** Leaves the offset of an access in a new local: `ea` itself on the plain path. */
  function checked(ea: Node, size: Size, kind: 'load' | 'store', kept?: Kept): AccessPlace {
    if (site.place !== undefined) return site.place(ea, size, kind, expression)
    const offset = site.local('i32')
    expression(ea)
    w.set(offset)
    isSpecial(offset, size, plain[kind])
    w.if()
    site.mark()
    w.get(offset)
    w.i32(size)
    if (kept !== undefined) pushBits(kept, size)
    w.call(site.runtime(kind === 'load' ? 'loadSlow' : 'storeSlow'))
    w.tee(offset)
    w.do(operations['i32.eqz'])
    w.if()
    site.leave()
    w.end()
    w.end()
    return { local: offset, offset: 0 }
  }
  /** Pushes what a device may be given, as 64 bits: none takes a vector. */
  function pushBits({ local, type }: Kept, size: Size): void {
    if (size === 16) w.i64(0)
    else w.get(local)
    if (type === 'f32') w.do(operations['i32.reinterpret_f32'])
    if (type === 'f64') w.do(operations['i64.reinterpret_f64'])
    if (size < 8) w.do(operations['i64.extend_i32_u'])
  }

  /** Pushes a number with zeros in front, its bytes reversed by whole numbers: more instructions, and sooner done. */
  function loadSoon(local: number, offset: number, size: 4 | 8): void {
    const raw = site.local('i32')
    const word = (at: number): void => {
      w.get(local)
      w.memory(memory.i32Load, offset + at)
      w.rotate('i32', 8, raw)
      w.i32(0x00ff00ff)
      w.do(operations['i32.and'])
      w.get(raw)
      w.rotate('i32', 24, raw)
      w.i32(0xff00ff00 | 0)
      w.do(operations['i32.and'])
      w.do(operations['i32.or'])
    }
    word(size - 4)
    if (size === 8 && site.loadsLow !== undefined) {
      const low = site.local('i32')
      w.tee(low)
      site.loadsLow(low)
    }
    w.do(operations['i64.extend_i32_u'])
    if (size === 4) return
    word(0)
    w.do(operations['i64.extend_i32_u'])
    w.i64(32)
    w.do(operations['i64.shl'])
    w.do(operations['i64.or'])
  }

  /** Loads a vector from the place on the stack and reverses the bytes of its elements. */
  function swapped(opcode: number, offset: number, size: 4 | 8 | 16): void {
    w.simdMemory(opcode, offset)
    site.swapMask(size)
    w.simd(relaxedSwizzle)
  }

  /** Pushes a float that is loaded, in the first lane. */
  function loadLanes({ args: [ea], size }: Node & { op: 'load' }): void {
    if (ea === undefined) return
    const { local, offset } = checked(ea, size, 'load')
    w.get(local)
    if (size === 4) swapped(simdAccess.load32Zero, offset, size)
    else swapped(simdAccess.load64Zero, offset, 8)
  }

  function load(node: Node & { op: 'load' }) {
    const [ea] = node.args
    if (ea === undefined) return
    if (isFloat(node)) {
      loadLanes(node)
      return w.do(extracts[node.type])
    }
    const { size } = node
    const { local, offset } = checked(ea, size, 'load')
    if ((size === 4 || size === 8) && site.isAwaited?.() === true) return loadSoon(local, offset, size)
    w.get(local)
    switch (size) {
      case 1:
        return w.memory(memory.i32Load8U, offset)
      case 2: {
        const raw = site.local('i32')
        w.memory(memory.i32Load16U, offset)
        w.tee(raw)
        w.i32(8)
        w.do(operations['i32.shr_u'])
        w.get(raw)
        w.i32(0xff)
        w.do(operations['i32.and'])
        w.i32(8)
        w.do(operations['i32.shl'])
        return w.do(operations['i32.or'])
      }
      case 4:
        swapped(simdAccess.load32Zero, offset, size)
        // What was not loaded is zero: the first eight bytes are the word with zeros in front.
        w.do(operations['f64x2.extract_lane'], 0)
        return w.do(operations['i64.reinterpret_f64'])
      case 8:
        swapped(simdAccess.load64Zero, offset, size)
        // The host has one instruction for a lane of doubles, two for one of whole numbers.
        w.do(operations['f64x2.extract_lane'], 0)
        return w.do(operations['i64.reinterpret_f64'])
      case 16:
        return swapped(simdAccess.load, offset, size)
      default:
        return size satisfies never
    }
  }

  function store({ size, ea, value }: Statement & { kind: 'store' }) {
    const laned = site.readLanes !== undefined && isFloat(value)
    const kept = site.local(laned ? 'v128' : value.type)
    if (laned) lanes(value)
    else expression(value)
    w.set(kept)
    const { local, offset } = checked(ea, size, 'store', { local: kept, type: value.type })
    w.get(local)
    w.get(kept)
    switch (size) {
      case 1:
        return w.memory(memory.i32Store8, offset)
      case 2:
        w.i32(8)
        w.do(operations['i32.shl'])
        w.get(kept)
        w.i32(8)
        w.do(operations['i32.shr_u'])
        w.i32(0xff)
        w.do(operations['i32.and'])
        w.do(operations['i32.or'])
        return w.memory(memory.i32Store16, offset)
      case 4:
        if (!laned) w.do(value.type === 'f32' ? splats.f32 : operations['i32x4.splat'])
        site.swapMask(4)
        w.simd(relaxedSwizzle)
        return w.simdMemory(simdAccess.store32Lane, offset, 0)
      case 8:
        if (!laned) w.do(value.type === 'f64' ? splats.f64 : operations['i64x2.splat'])
        site.swapMask(8)
        w.simd(relaxedSwizzle)
        return w.simdMemory(simdAccess.store64Lane, offset, 0)
      case 16:
        site.swapMask(16)
        w.simd(relaxedSwizzle)
        return w.simdMemory(simdAccess.store, offset)
      default:
        return size satisfies never
    }
  }

  return { load, loadLanes, store }
}
