/** The processor's register files as the kernel sees them. */
import { architected, contextSize, files, initialMsr, specials, vscrNj } from '../cpu/state.ts'
import type { CallFrame, FullFrame, Registers } from '../kernel/ports.ts'
import { hostMap } from '../memory/map.ts'

const slotBase = (slot: number): number => hostMap.contexts + slot * contextSize

const { gpr, fpr, vr, crf } = files
const registersInFile = 32
const { ca, ov, so, xerCount, fpscr, lr, ctr, msr, pc } = specials

/**
 * A class, because every kernel call goes through it and the engine keeps a literal with accessors as a dictionary. The
 * words of general registers are elements of an array, which costs less than a view.
 */
class StateFrame implements FullFrame {
  readonly #view: DataView
  readonly #words: Uint32Array
  constructor(bytes: Uint8Array, base: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset + base, architected)
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset + base + gpr.at, 2 * registersInFile)
  }
  word(register: number): number {
    return this.#words[register * 2] ?? 0
  }
  setWord(register: number, value: number): void {
    this.#words[register * 2] = value
    this.#words[register * 2 + 1] = 0
  }
  setSigned(register: number, value: number): void {
    this.#words[register * 2] = value
    this.#words[register * 2 + 1] = value >> 31
  }
  long(register: number): bigint {
    return this.#view.getBigUint64(gpr.at + register * 8, true)
  }
  setLong(register: number, value: bigint): void {
    this.#view.setBigUint64(gpr.at + register * 8, BigInt.asUintN(64, value), true)
  }
  float(register: number): number {
    return this.#view.getFloat64(fpr.at + register * 8, true)
  }
  setFloat(register: number, value: number): void {
    this.#view.setFloat64(fpr.at + register * 8, value, true)
  }
  get pc(): number {
    return this.#view.getUint32(pc.at, true)
  }
  set pc(value: number) {
    this.#view.setUint32(pc.at, value, true)
  }
  get lr(): number {
    return this.#view.getUint32(lr.at, true)
  }
  set lr(value: number) {
    this.#view.setUint32(lr.at, value, true)
    this.#view.setUint32(lr.at + 4, 0, true)
  }
  get msr(): number {
    return this.#view.getUint32(msr.at, true)
  }
  set msr(value: number) {
    this.#view.setUint32(msr.at, value, true)
  }
  get cr(): number {
    let word = 0
    for (let n = 0; n < 8; n += 1) word = (word << 4) | this.#view.getUint8(crf.at + n)
    return word >>> 0
  }
  set cr(word: number) {
    for (let n = 0; n < 8; n += 1) this.#view.setUint8(crf.at + n, (word >>> (28 - n * 4)) & 0xf)
  }
  get xer(): number {
    const bit = (at: number): number => this.#view.getUint8(at)
    return ((bit(so.at) << 31) | (bit(ov.at) << 30) | (bit(ca.at) << 29) | bit(xerCount.at)) >>> 0
  }
  set xer(word: number) {
    this.#view.setUint8(so.at, word >>> 31)
    this.#view.setUint8(ov.at, (word >>> 30) & 1)
    this.#view.setUint8(ca.at, (word >>> 29) & 1)
    this.#view.setUint8(xerCount.at, word & 0x7f)
  }
  get ctr(): number {
    return this.#view.getUint32(ctr.at, true)
  }
  get counter(): bigint {
    return this.#view.getBigUint64(ctr.at, true)
  }
  set counter(value: bigint) {
    this.#view.setBigUint64(ctr.at, value, true)
  }
  get fpscr(): number {
    return this.#view.getUint32(fpscr.at, true)
  }
  set fpscr(value: number) {
    this.#view.setUint32(fpscr.at, value, true)
  }
  floatBits(register: number): bigint {
    return this.#view.getBigUint64(fpr.at + register * 8, true)
  }
  setFloatBits(register: number, bits: bigint): void {
    this.#view.setBigUint64(fpr.at + register * 8, bits, true)
  }
  vector(register: number): Uint8Array {
    const at = this.#view.byteOffset + vr.at + register * 16
    return new Uint8Array(this.#view.buffer, at, 16).slice().reverse()
  }
  setVector(register: number, bytes: Uint8Array): void {
    const at = this.#view.byteOffset + vr.at + register * 16
    new Uint8Array(this.#view.buffer, at, 16).set(bytes.slice().reverse())
  }
}

/** `load` and `save` of contexts are the processor's own, because they end its reservation. */
export function createRegisters(
  bytes: Uint8Array,
  contexts: { saveContext(slot: number): void; loadContext(slot: number): void },
): Registers {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const frames: CallFrame[] = []
  return {
    current: new StateFrame(bytes, hostMap.stateBlock),
    slot(slot) {
      let frame = frames[slot]
      if (frame === undefined) {
        frame = new StateFrame(bytes, slotBase(slot))
        frames[slot] = frame
      }
      return frame
    },
    reset(slot) {
      const base = slotBase(slot)
      bytes.fill(0, base, base + architected)
      view.setBigUint64(base + specials.msr.at, initialMsr, true)
      view.setUint32(base + specials.vscr.at, vscrNj, true)
    },
    save: slot => contexts.saveContext(slot),
    load: slot => contexts.loadContext(slot),
    snapshot: () => bytes.slice(hostMap.stateBlock, hostMap.stateBlock + architected),
    restore: saved => bytes.set(saved, hostMap.stateBlock),
  }
}

/** The bytes of a slot's register file; live. */
export const slotBytes = (bytes: Uint8Array, slot: number): Uint8Array =>
  bytes.subarray(slotBase(slot), slotBase(slot) + architected)
