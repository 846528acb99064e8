/**
 * The processor: runs the guest thread whose registers lie in the state block, until its budget is spent, the kernel
 * leaves, or an instruction faults. It knows memory and nothing else of the machine; what it needs of the others it
 * asks of its ports, always with pc, registers and count complete.
 *
 * Here are the parts of the interpreter that are TypeScript: giving a page its slot, decoding a word the first time it
 * runs, and dropping what was decoded when its bytes change. A dropped record only forgets its handler, and keeps the
 * rest: a store into the very instruction that runs still finds its operands.
 */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { Part, Plain } from '../base/state.ts'
import { createPageFlags } from '../memory/flags.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { access, fold, hostMap, pageShift, pageSize, windows } from '../memory/map.ts'
import type { UnitListing } from './compiler/listing.ts'
import { createTier, type TierCounters } from './compiler/tier.ts'
import type { TranslationPort } from './compiler/translation.ts'
import type { Decoded, Handler } from './interpreter/handlers.ts'
import { createInterpreter } from './interpreter/interpreter.ts'
import { pageAddressAt, pageEnd, pageEndAt, recordShift, slotMask, slotSize, stopped } from './interpreter/records.ts'
import { decode, disassembler, knownOf } from './isa.ts'
import type { Profile } from './profile.ts'
import { createRegisterFile, type RegisterFile } from './registers.ts'
import {
  architected,
  contextSize,
  exits,
  type FaultCode,
  initialMsr,
  msrSf,
  specials,
  transient,
  vscrNj,
} from './state.ts'
import { hostFuses } from './wasm/probe.ts'

export interface CpuPorts {
  /** A kernel call through an import thunk; true to leave the run behind it. */
  call(id: number): boolean
  /** The guest timebase at this instruction. */
  timebase(): bigint
  deviceLoad(address: number, size: number): bigint
  deviceStore(address: number, size: number, value: bigint): void
}

export interface CpuFault {
  readonly code: FaultCode
  readonly pc: number
  readonly word: number
  /** Of the access that faulted. */
  readonly address?: number
  /** The instruction as assembly text. */
  readonly text: string
}

export type CpuExit =
  | { readonly kind: 'budget' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'fault'; readonly fault: CpuFault }

export interface Cpu extends Part {
  /** Runs at most `budget` instructions, and stops at exactly that count. */
  run(budget: number): CpuExit
  /** Instructions retired since the start, by all threads; exact inside every port. */
  readonly retired: number
  /** The same for who asks often: an accessor of an object literal is slow to reach. */
  count(): number
  /** Times the decoded code filled its area and was dropped whole. */
  readonly decodedFlushes: number
  registers(base?: number): RegisterFile
  /** Where a context lies: for `registers`. */
  contextBase(slot: number): number
  saveContext(slot: number): void
  /** Also ends the reservation. */
  loadContext(slot: number): void
  clearReservation(): void
  /** Cycles the loaded thread asked to rest since it was last asked. */
  takeRest(): number
  /** Drops translations of the code in a range of guest addresses. */
  invalidate(start: number, size: number): void
  /** A run that comes to one of these addresses leaves, with pc there and the instruction not done. */
  setStops(addresses: Iterable<number>): void
  /** What the compiler has done; undefined where it does not run. */
  readonly compiler: TierCounters | undefined
  /** How the compiler would write the code at an address now; undefined where it cannot. */
  listing(pc: number): UnitListing | undefined
}

/**
 * `interpreter` interprets all code; `tiered` compiles what is hot; `compiler` compiles whatever can be at first sight,
 * to hold the two against each other. They differ in speed alone.
 */
export type Engine = 'interpreter' | 'compiler' | 'tiered'

/** How often a place runs before it is compiled. */
const thresholds = { compiler: 1, tiered: 4_000 } as const

/**
 * Words behind one that is decoded whose handlers are made along with its own: so many that those of a loop are of one
 * module, mostly, where they run a tenth faster than spread over several.
 */
const wordsAhead = 256

const decodedFirst: number = hostMap.decoded
const largestRun = 2 ** 30
const faultNames = new Map<number, FaultCode>()
for (const [name, number] of Object.entries(exits))
  if (number >= exits.illegal) faultNames.set(number, name as FaultCode)

/**
 * How much of FPSCR's status is kept: all of it, or what float/usual.ts says. Results, and what FPSCR asks for, are the
 * same.
 */
export type FpscrMode = 'exact' | 'fast'

export interface CpuSettings {
  readonly engine?: Engine
  readonly fpscr?: FpscrMode
  /** False keeps from using the host's fused multiply-add. */
  readonly fused?: boolean
  /** Starts of functions and their lengths in bytes, where the image tells. */
  readonly functions?: ReadonlyMap<number, number>
  /** Pages of code that may be decoded at a time. */
  readonly decodedPages?: number
  /** Instructions of compiled code that are kept at a time. */
  readonly capacity?: number
  /** Addresses of code that the compiler knows something of, at most. */
  readonly mostLearned?: number
  /** Told where the instructions go. */
  readonly profile?: Profile
  /** Functions that are compiled together at most. */
  readonly unitsInModule?: number
  /** Compiled code counts its instructions; without, it ends only by itself: to measure what counting costs. */
  readonly counts?: boolean
  /** Translates beside the running thread, for the tiered engine; without, the thread does it. */
  readonly translation?: TranslationPort
}

/** The memory is the processor's own from then on: one that was made on it before must not run again. */
export function createCpu(memory: GuestMemory, ports: CpuPorts, settings: Engine | CpuSettings = {}): Cpu {
  const {
    engine = 'interpreter',
    fpscr = 'exact',
    fused = true,
    functions = new Map(),
    decodedPages = limits.decodedPages.value,
    capacity = limits.compiledInstructions.value,
    mostLearned = limits.learnedAddresses.value,
    profile,
    unitsInModule,
    counts = true,
    translation,
  }: CpuSettings = typeof settings === 'string' ? { engine: settings } : settings
  const { bytes } = memory
  const view = new DataView(bytes.buffer)
  const flags = createPageFlags(bytes)
  const slots = new Uint32Array(bytes.buffer, hostMap.decodedPages, 1 << (32 - pageShift))
  const state = hostMap.stateBlock
  const pcAt = state + specials.pc.at
  const current = createRegisterFile(bytes)
  const stops = new Set<number>()
  const status = { exact: fpscr === 'exact', fuses: fused && hostFuses() }

  let before = 0
  /** The same, but never less than it was: a processor that is set back goes on compiling. */
  let ran = 0
  let budgeted = 0
  let nextSlot = decodedFirst
  let flushes = 0
  let wide = false

  const left = (): number => view.getInt32(state + transient.left, true)
  const codeWord = (pc: number): number => view.getUint32(fold(pc))

  const count = (): number => before + budgeted - left()

  function setExit(code: keyof typeof exits): void {
    view.setInt32(state + transient.exit, exits[code], true)
  }

  function dropAll(): void {
    tier?.forgetRecords()
    slots.fill(0)
    nextSlot = decodedFirst
  }

  const executable = (pc: number): boolean => (flags.of(fold(pc) >>> pageShift) & access.execute) !== 0

  function faultFetch(pc: number): void {
    setExit('fetch')
    view.setUint32(state + transient.faultAddress, pc, true)
  }

  function page(address: number): number {
    const pc = address >>> 0
    if (!executable(pc)) {
      faultFetch(pc)
      return 0
    }
    if (nextSlot >= decodedFirst + decodedPages * slotSize) {
      dropAll()
      flushes += 1
    }
    const slot = nextSlot
    nextSlot += slotSize
    bytes.fill(0, slot, slot + pageEndAt)
    view.setUint16(slot + pageEndAt, pageEnd, true)
    view.setUint32(slot + pageAddressAt, pc & -pageSize, true)
    slots[pc >>> pageShift] = slot
    return slot
  }

  /** The instruction at an address and those behind it, in its page. */
  function* instructionsFrom(pc: number): Generator<Decoded> {
    const end = Math.min(((pc & -pageSize) >>> 0) + pageSize, pc + 4 * wordsAhead)
    for (let at = pc; at < end; at += 4) {
      const word = codeWord(at)
      const row = decode(word)
      if (row !== undefined) yield { row, word }
    }
  }

  function handlerOf(pc: number, instruction: Decoded): Handler | undefined {
    const have = interpreter.handlerOf(instruction, wide)
    if (have !== undefined) return have
    interpreter.make(instructionsFrom(pc), wide)
    return interpreter.handlerOf(instruction, wide)
  }

  function decodeRecord(at: number): number {
    const record = at >>> 0
    const slot = (record & ~slotMask) >>> 0
    const pc = (view.getUint32(slot + pageAddressAt, true) + ((record & slotMask) >>> (recordShift - 2))) >>> 0
    if (!executable(pc)) {
      faultFetch(pc)
      return 0
    }
    const index = fold(pc) >>> pageShift
    const have = flags.of(index)
    if ((have & access.code) === 0) flags.set(index, have | access.code)
    if (stops.has(pc)) {
      view.setUint16(record, stopped, true)
      return 1
    }
    const word = codeWord(pc)
    const row = decode(word)
    const handler = row && handlerOf(pc, { row, word })
    if (handler === undefined) {
      setExit('illegal')
      return 0
    }
    handler.layout.write(view, record, handler.number, knownOf(word, pc))
    tier?.decoded(record, pc, word)
    return 1
  }

  /** Forgets the handlers of the words in a range of folded addresses, in whichever window they were run. */
  function codeWritten(start: number, size: number): void {
    tier?.written(start, size)
    const end = start + size
    for (let at = (start & -pageSize) >>> 0; at < end; at += pageSize) {
      dropWords(at, start, end)
      for (const window of windows) {
        const alias = (at - window.delta) >>> 0
        if (alias >= window.start && fold(alias) === at) dropWords(alias, start - at + alias, end - at + alias)
      }
    }
  }

  function dropWords(pageAddress: number, start: number, end: number): void {
    const slot = slots[pageAddress >>> pageShift] ?? 0
    if (slot === 0) return
    const first = Math.max(0, (start - pageAddress) >> 2)
    const last = Math.min(pageSize / 4, (end - pageAddress + 3) >> 2)
    for (let word = first; word < last; word += 1) view.setUint16(slot + (word << recordShift), 0, true)
  }

  memory.onCodeWrite(codeWritten)
  const scratch = state + transient.scratch
  const interpreter = createInterpreter(memory, status, {
    decode: decodeRecord,
    page,
    call: () => callKernel(view.getUint32(pcAt, true)),
    timebase: () => ports.timebase(),
    codeWritten: (start: number, size: number) => codeWritten(start >>> 0, size),
    deviceLoad(address: number, size: number) {
      const value = ports.deviceLoad(address >>> 0, size)
      if (size === 8) view.setBigUint64(scratch, BigInt.asUintN(64, value))
      else if (size === 4) view.setUint32(scratch, Number(BigInt.asUintN(32, value)))
      else if (size === 2) view.setUint16(scratch, Number(BigInt.asUintN(16, value)))
      else view.setUint8(scratch, Number(BigInt.asUintN(8, value)))
    },
    deviceStore: (address: number, size: number, value: bigint) =>
      ports.deviceStore(address >>> 0, size, BigInt.asUintN(size * 8, value)),
  })
  // Compiled code of instructions that were never decoded calls routines of which no handler has been made.
  if (engine === 'compiler') interpreter.installRoutines()
  const { run: interpret, enter, pcOf, handlers, routines } = interpreter
  const tier =
    engine === 'interpreter'
      ? undefined
      : createTier({
          memory,
          stops,
          threshold: thresholds[engine],
          eager: engine === 'compiler',
          ran: () => ran,
          capacity,
          mostLearned,
          timebase: () => ports.timebase(),
          call: callKernel,
          handlers,
          routines,
          mode: { ...status, wide },
          enter,
          pcOf,
          functions,
          profile,
          unitsInModule,
          counts,
          translation,
        })

  function callKernel(pc: number): number {
    return ports.call(view.getUint32(fold((pc + 4) >>> 0))) ? leaveRun() : 0
  }

  const isCompiled = (pc: number): boolean => tier?.holds(pc) ?? false

  function leaveRun(): number {
    setExit('leave')
    return 1
  }

  function faultOf(code: FaultCode): CpuFault {
    const { pc } = current
    const word = code === 'fetch' ? 0 : codeWord(pc)
    const hasAddress = code === 'load' || code === 'store' || code === 'unaligned' || code === 'fetch'
    const address = hasAddress ? { address: view.getUint32(state + transient.faultAddress, true) } : {}
    return {
      code,
      pc,
      word,
      // Traps are how titles print, and nobody asks for the text of those.
      get text() {
        return code === 'fetch' ? '' : disassembler.text(word, pc)
      },
      ...address,
    }
  }

  function runOnce(budget: number): number {
    setExit('budget')
    view.setInt32(state + transient.left, budget, true)
    budgeted = budget
    // Wherever a run begins, it may begin again.
    if (engine === 'compiler') tier?.propose(current.pc)
    try {
      interpret(budget)
    } finally {
      before += budget - left()
      ran += budget - left()
      budgeted = 0
      view.setInt32(state + transient.left, 0, true)
    }
    tier?.flush()
    return view.getInt32(state + transient.exit, true)
  }

  const contextBase = (slot: number): number => hostMap.contexts + slot * contextSize
  const clearReservation = (): void => view.setBigInt64(state + specials.reservation.at, 0n, true)

  function reset(): void {
    current.clear()
    current.msr = initialMsr
    current.vscr = vscrNj
    bytes.fill(0, state + architected, state + contextSize)
  }
  reset()
  dropAll()

  return {
    run(budget) {
      const isWide = (current.msr & msrSf) !== 0n
      if (isWide !== wide || tier?.isFull()) {
        wide = isWide
        tier?.reset({ ...status, wide })
        dropAll()
      }
      let rest = budget
      while (rest > 0) {
        const part = Math.min(rest, largestRun, profile?.due(before) ?? largestRun)
        const exit = runOnce(part)
        profile?.ended(before, current.pc, isCompiled)
        if (exit === exits.leave) return { kind: 'leave' }
        const fault = faultNames.get(exit)
        if (fault !== undefined) return { kind: 'fault', fault: faultOf(fault) }
        rest -= part
      }
      return { kind: 'budget' }
    },
    get retired() {
      return count()
    },
    count,
    get decodedFlushes() {
      return flushes
    },
    registers: base => (base === undefined ? current : createRegisterFile(bytes, base)),
    contextBase,
    saveContext(slot) {
      bytes.copyWithin(contextBase(slot), state, state + architected)
    },
    loadContext(slot) {
      const from = contextBase(slot)
      bytes.copyWithin(state, from, from + architected)
      clearReservation()
    },
    clearReservation,
    takeRest() {
      const rest = view.getUint32(state + specials.rest.at, true)
      view.setUint32(state + specials.rest.at, 0, true)
      return rest
    },
    invalidate(start, size) {
      codeWritten(fold(start >>> 0), size)
    },
    setStops(addresses) {
      for (const address of stops) codeWritten(fold(address), 4)
      stops.clear()
      for (const address of addresses) {
        stops.add(address >>> 0)
        codeWritten(fold(address >>> 0), 4)
      }
    },
    get compiler() {
      return tier?.counters()
    },
    listing: pc => tier?.listing(pc >>> 0),
    save: () => ({ retired: before, registers: current.copy() }),
    load(saved) {
      const { retired, registers } = saved as { retired?: Plain; registers?: Plain }
      if (typeof retired !== 'number' || !(registers instanceof Uint8Array) || registers.length !== architected)
        throw fail('SNAPSHOT_FORMAT', 'cpu', 'has no count or no register file of this version')
      ran += Math.max(0, retired - before)
      before = retired
      current.restore(registers)
    },
  }
}
