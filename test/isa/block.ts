import type { Cpu } from '../../core/cpu/run.ts'
import { comparedFpscr } from './differences.ts'
import { at, dataAt, dataSize, endAt, stateSize } from './layout.ts'

export interface Start {
  readonly gpr: readonly bigint[]
  readonly fpr: readonly bigint[]
  readonly vr: readonly Uint8Array[]
  readonly cr: number
  readonly xer: number
  readonly lr: bigint
  readonly ctr: bigint
  readonly fpscr: number
  readonly vscr: number
  readonly vrsave: number
  readonly data: Uint8Array
}

export function writeStart(view: DataView, base: number, start: Start, code: number): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset)
  for (let n = 0; n < 32; n += 1) {
    view.setBigUint64(base + at.gpr + n * 8, start.gpr[n] ?? 0n)
    view.setBigUint64(base + at.fpr + n * 8, start.fpr[n] ?? 0n)
    bytes.set(start.vr[n] ?? new Uint8Array(16), base + at.vr + n * 16)
  }
  view.setBigUint64(base + at.cr, BigInt(start.cr))
  view.setBigUint64(base + at.xer, BigInt(start.xer))
  view.setBigUint64(base + at.lr, start.lr)
  view.setBigUint64(base + at.ctr, start.ctr)
  view.setBigUint64(base + at.fpscr, BigInt(start.fpscr))
  view.setUint32(base + at.vscr + 12, start.vscr)
  view.setBigUint64(base + at.vrsave, BigInt(start.vrsave))
  view.setBigUint64(base + at.code, BigInt(code))
  bytes.set(start.data, base + dataAt)
}

export function loadRegisters(cpu: Cpu, start: Start): void {
  const registers = cpu.registers()
  for (let n = 0; n < 32; n += 1) {
    registers.setGpr(n, start.gpr[n] ?? 0n)
    registers.setFpr(n, start.fpr[n] ?? 0n)
    registers.setVr(n, start.vr[n] ?? new Uint8Array(16))
  }
  registers.cr = start.cr
  registers.xer = start.xer
  registers.lr = start.lr
  registers.ctr = start.ctr
  registers.fpscr = start.fpscr
  registers.vscr = start.vscr
  registers.vrsave = start.vrsave
  cpu.clearReservation()
}

/** What a test ended with: its registers as the runner stores them, then its data. */
export type End = Uint8Array
export const endSize = stateSize + dataSize

const low32 = 0xffffffffn
/** What of XER there is on the console. */
const xerMask = 0xe000007fn

/** The end that the runner stored in a block. */
export function readEnd(blocks: Uint8Array, base: number): End {
  const end = new Uint8Array(endSize)
  end.set(blocks.subarray(base + endAt, base + endAt + stateSize))
  end.set(blocks.subarray(base + dataAt, base + dataAt + dataSize), stateSize)
  const view = new DataView(end.buffer)
  view.setBigUint64(at.xer, view.getBigUint64(at.xer) & xerMask)
  // Of these the runner stores more than there is.
  view.setUint32(at.fpscr, 0)
  view.setUint32(at.fpscr + 4, view.getUint32(at.fpscr + 4) & comparedFpscr)
  end.fill(0, at.vscr, at.vscr + 12)
  return end
}

/** Ours, in the same form; in 32-bit mode without the high words of general registers. */
export function endOf(cpu: Cpu, data: Uint8Array, wide: boolean): End {
  const end = new Uint8Array(endSize)
  const view = new DataView(end.buffer)
  const registers = cpu.registers()
  const long = (offset: number, value: bigint): void => view.setBigUint64(offset, wide ? value : value & low32)
  for (let n = 0; n < 32; n += 1) {
    long(at.gpr + n * 8, registers.gpr(n))
    view.setBigUint64(at.fpr + n * 8, registers.fpr(n))
    end.set(registers.vr(n), at.vr + n * 16)
  }
  view.setUint32(at.cr + 4, registers.cr)
  view.setUint32(at.xer + 4, registers.xer)
  long(at.lr, registers.lr)
  long(at.ctr, registers.ctr)
  view.setUint32(at.fpscr + 4, registers.fpscr & comparedFpscr)
  view.setUint32(at.vscr + 12, registers.vscr)
  view.setUint32(at.vrsave + 4, registers.vrsave)
  end.set(data, stateSize)
  return end
}

const parts: readonly (readonly [name: string, start: number, size: number])[] = [
  ...Array.from({ length: 32 }, (_, n) => [`r${n}`, at.gpr + n * 8, 8] as const),
  ...Array.from({ length: 32 }, (_, n) => [`f${n}`, at.fpr + n * 8, 8] as const),
  ...Array.from({ length: 32 }, (_, n) => [`v${n}`, at.vr + n * 16, 16] as const),
  ['cr', at.cr + 4, 4],
  ['xer', at.xer + 4, 4],
  ['lr', at.lr, 8],
  ['ctr', at.ctr, 8],
  ['fpscr', at.fpscr + 4, 4],
  ['vscr', at.vscr + 12, 4],
  ['vrsave', at.vrsave + 4, 4],
  ['data', stateSize, dataSize],
]

/** Where two ends differ: the name of the register (or `data`), and both values in hex. */
export function differencesOf(ours: End, theirs: End): (readonly [name: string, ours: string, theirs: string])[] {
  if (Buffer.compare(ours, theirs) === 0) return []
  return parts.flatMap(([name, start, size]) => {
    const [mine, other] = [ours, theirs].map(end => end.subarray(start, start + size).toHex())
    if (mine === undefined || other === undefined || mine === other) return []
    return [[name, mine, other] as const]
  })
}
