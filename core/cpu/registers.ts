import { hostMap } from '../memory/map.ts'
import { architected, files, specials } from './state.ts'

/** A register file in linear memory, as numbers. 64-bit registers are bigints; `gpr32` is the cheap way to a low word. */
export interface RegisterFile {
  gpr(n: number): bigint
  setGpr(n: number, value: bigint): void
  /** The low word of a general register; setting it clears the high word. */
  gpr32(n: number): number
  setGpr32(n: number, value: number): void
  /** The bits of a floating-point register. */
  fpr(n: number): bigint
  setFpr(n: number, bits: bigint): void
  /** The 16 bytes of a vector register, most significant first. */
  vr(n: number): Uint8Array
  setVr(n: number, bytes: Uint8Array): void
  cr: number
  xer: number
  lr: bigint
  ctr: bigint
  fpscr: number
  vscr: number
  vrsave: number
  msr: bigint
  pc: number
  /** All of it, as bytes of this version's layout. */
  copy(): Uint8Array
  restore(bytes: Uint8Array): void
  clear(): void
}

export function createRegisterFile(bytes: Uint8Array, base: number = hostMap.stateBlock): RegisterFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset + base, architected)
  const own = bytes.subarray(base, base + architected)
  const fields = [0, 1, 2, 3, 4, 5, 6, 7] as const
  const { ca, ov, so, xerCount, fpscr, lr, ctr, msr, vscr, vrsave, pc } = specials

  return {
    gpr: n => view.getBigUint64(files.gpr.at + n * 8, true),
    setGpr: (n, value) => view.setBigUint64(files.gpr.at + n * 8, BigInt.asUintN(64, value), true),
    gpr32: n => view.getUint32(files.gpr.at + n * 8, true),
    setGpr32(n, value) {
      view.setUint32(files.gpr.at + n * 8, value, true)
      view.setUint32(files.gpr.at + n * 8 + 4, 0, true)
    },
    fpr: n => view.getBigUint64(files.fpr.at + n * 8, true),
    setFpr: (n, bits) => view.setBigUint64(files.fpr.at + n * 8, BigInt.asUintN(64, bits), true),
    vr: n => own.slice(files.vr.at + n * 16, files.vr.at + n * 16 + 16).reverse(),
    setVr(n, value) {
      for (let i = 0; i < 16; i += 1) own[files.vr.at + n * 16 + i] = value[15 - i] ?? 0
    },
    get cr() {
      return fields.reduce<number>((word, n) => ((word << 4) | (own[files.crf.at + n] ?? 0)) >>> 0, 0)
    },
    set cr(word) {
      for (const n of fields) own[files.crf.at + n] = (word >>> (28 - 4 * n)) & 15
    },
    get xer() {
      const bit = (at: number): number => own[at] ?? 0
      return ((bit(so.at) << 31) | (bit(ov.at) << 30) | (bit(ca.at) << 29) | bit(xerCount.at)) >>> 0
    },
    set xer(word) {
      own[so.at] = word >>> 31
      own[ov.at] = (word >>> 30) & 1
      own[ca.at] = (word >>> 29) & 1
      own[xerCount.at] = word & 0x7f
    },
    get lr() {
      return view.getBigUint64(lr.at, true)
    },
    set lr(value) {
      view.setBigUint64(lr.at, BigInt.asUintN(64, value), true)
    },
    get ctr() {
      return view.getBigUint64(ctr.at, true)
    },
    set ctr(value) {
      view.setBigUint64(ctr.at, BigInt.asUintN(64, value), true)
    },
    get fpscr() {
      return view.getUint32(fpscr.at, true)
    },
    set fpscr(value) {
      view.setUint32(fpscr.at, value, true)
    },
    get vscr() {
      return view.getUint32(vscr.at, true)
    },
    set vscr(value) {
      view.setUint32(vscr.at, value, true)
    },
    get vrsave() {
      return view.getUint32(vrsave.at, true)
    },
    set vrsave(value) {
      view.setUint32(vrsave.at, value, true)
    },
    get msr() {
      return view.getBigUint64(msr.at, true)
    },
    set msr(value) {
      view.setBigUint64(msr.at, BigInt.asUintN(64, value), true)
    },
    get pc() {
      return view.getUint32(pc.at, true)
    },
    set pc(value) {
      view.setUint32(pc.at, value & ~3, true)
    },
    copy: () => own.slice(),
    restore: saved => own.set(saved.subarray(0, architected)),
    clear: () => own.fill(0),
  }
}
