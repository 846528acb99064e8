import { createFactReader } from '../../../core/facts/fact.ts'
import type { FactSink } from '../../../core/facts/sink.ts'
import { type Fact, factNames, maskOf } from '../../../core/index.ts'
import type { Entry } from '../../../core/kernel/call.ts'
import type { KernelOptions } from '../../../core/kernel/context.ts'
import { allEntries } from '../../../core/kernel/exports/index.ts'
import { createKernel, type KernelCore } from '../../../core/kernel/kernel.ts'
import type { CallFrame, FullFrame, KernelPorts, Registers } from '../../../core/kernel/ports.ts'
import { exportNumber } from '../../../core/kernel/sources.ts'
import { startTitle } from '../../../core/kernel/start.ts'
import { createMemory, type GuestMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'

/** Where the guest's code would be, and memory for what a test points at. */
export const code = 0x82000000
export const data = 0x40000000
/** Where calls come from. */
export const thunk = code + 0x8000
const dataSize = 0x10000

export const parked = 'parked'
/** The call went elsewhere: into a guest function, or to its end. */
export const away = 'away'
export type Answer = number | typeof parked | typeof away

/** A fact as the tests read it: a copy of all it says. */
export type Told = { readonly kind: string; readonly [field: string]: unknown }

export interface Workbench {
  readonly core: KernelCore
  readonly memory: GuestMemory
  /** Everything told so far, oldest first; emptied by reading. */
  told(...kinds: string[]): Told[]
  /** What the title printed. */
  readonly printed: string[]
  /** Calls an export on a thread that is current on its hardware thread. */
  call(tid: number, name: string, ...args: (number | bigint)[]): Answer
  /** r3 of a thread, once all that is to be done before its next instruction is done. */
  result(tid: number): number
  /** Whether a thread could run its next instruction now. */
  runs(tid: number): boolean
  /** Lets guest time pass and serves what is due. */
  pass(ticks: number): void
  /** A thread on a hardware thread, with its handle; it begins at `entry`. */
  thread(hardwareThread: number, more?: { flags?: number; entry?: number }): { tid: number; handle: number; at: number }
  /** Returns from the guest function a thread is in, with a value. */
  returnFrom(tid: number, value?: number): void
  frameOf(tid: number): CallFrame
  /** A cell of data memory, handed out once. */
  cell(size?: number): number
  /** A cell that holds a 64-bit value. */
  long(value: bigint): number
  /** A cell with words in it. */
  words(...values: number[]): number
}

interface FakeFile {
  readonly gpr: bigint[]
  readonly fpr: number[]
  readonly vr: Uint8Array[]
  cr: number
  xer: number
  fpscr: number
  counter: bigint
  pc: number
  lr: number
  msr: number
}

const blank = (): FakeFile => ({
  gpr: Array.from({ length: 32 }, () => 0n),
  fpr: Array.from({ length: 32 }, () => 0),
  vr: Array.from({ length: 128 }, () => new Uint8Array(16)),
  cr: 0,
  xer: 0,
  fpscr: 0,
  counter: 0n,
  pc: 0,
  lr: 0,
  msr: 0x9030,
})
const copyFile = (file: FakeFile): FakeFile => ({
  ...file,
  gpr: file.gpr.slice(),
  fpr: file.fpr.slice(),
  vr: file.vr.slice(),
})

/** Register files as plain objects: the kernel sees no more of a processor than this. */
function createFakeRegisters(): Registers {
  let current = blank()
  const slots: FakeFile[] = []
  const bits = new DataView(new ArrayBuffer(8))
  const frame = (file: () => FakeFile): FullFrame => ({
    word: n => Number(BigInt.asUintN(32, file().gpr[n] ?? 0n)),
    setWord: (n, value) => {
      file().gpr[n] = BigInt(value >>> 0)
    },
    setSigned: (n, value) => {
      file().gpr[n] = BigInt.asUintN(64, BigInt(value | 0))
    },
    long: n => file().gpr[n] ?? 0n,
    setLong: (n, value) => {
      file().gpr[n] = BigInt.asUintN(64, value)
    },
    float: n => file().fpr[n] ?? 0,
    setFloat: (n, value) => {
      file().fpr[n] = value
    },
    get pc() {
      return file().pc
    },
    set pc(value) {
      file().pc = value >>> 0
    },
    get lr() {
      return file().lr
    },
    set lr(value) {
      file().lr = value >>> 0
    },
    get msr() {
      return file().msr
    },
    set msr(value) {
      file().msr = value
    },
    get ctr() {
      return Number(BigInt.asUintN(32, file().counter))
    },
    get cr() {
      return file().cr
    },
    set cr(value) {
      file().cr = value >>> 0
    },
    get xer() {
      return file().xer
    },
    set xer(value) {
      file().xer = value >>> 0
    },
    get fpscr() {
      return file().fpscr
    },
    set fpscr(value) {
      file().fpscr = value >>> 0
    },
    get counter() {
      return file().counter
    },
    set counter(value) {
      file().counter = value
    },
    floatBits(n) {
      bits.setFloat64(0, file().fpr[n] ?? 0)
      return bits.getBigUint64(0)
    },
    setFloatBits(n, value) {
      bits.setBigUint64(0, value)
      file().fpr[n] = bits.getFloat64(0)
    },
    vector: n => (file().vr[n] ?? new Uint8Array(16)).slice(),
    setVector(n, bytes) {
      file().vr[n] = bytes.slice()
    },
  })
  const slotOf = (slot: number): FakeFile => {
    slots[slot] ??= blank()
    return slots[slot]
  }
  const saved: FakeFile[] = []
  return {
    current: frame(() => current),
    slot: slot => frame(() => slotOf(slot)),
    reset(slot) {
      slots[slot] = blank()
    },
    save(slot) {
      slots[slot] = copyFile(current)
    },
    load(slot) {
      current = copyFile(slotOf(slot))
    },
    snapshot() {
      saved.push(copyFile(current))
      return new Uint8Array([saved.length - 1])
    },
    restore(bytes) {
      current = copyFile(saved[bytes[0] ?? 0] ?? blank())
    },
  }
}

function createListener(): { sink: FactSink; take(): Told[] } {
  const reader = createFactReader()
  let told: Told[] = []
  const copy = (fact: Fact): Told => {
    const fields: Record<string, unknown> = {}
    for (const key of Object.keys(fact)) fields[key] = fact[key as keyof Fact]
    return fields as Told
  }
  return {
    sink: {
      mask: maskOf(factNames),
      framesMask: maskOf(factNames),
      sequence: 0,
      accept(record) {
        const fact = reader.read(record)
        if (fact !== undefined) told.push(copy(fact))
      },
    },
    take() {
      const all = told
      told = []
      return all
    },
  }
}

export const instructionsPerTick = 64

/** 4 GiB of addresses: one for all the kernels a test file makes, one after the other. */
let shared: GuestMemory | undefined

function freshMemory(): GuestMemory {
  shared ??= createMemory()
  shared.load({ runs: [] })
  return shared
}

/**
 * A kernel with a main thread (tid 1, hardware thread 0) and no processor: the test is the guest. The title's header is
 * what the test writes at `header`.
 */
export function createWorkbench(
  options: Partial<KernelOptions> = {},
  more: Partial<KernelPorts> | ((memory: GuestMemory) => Partial<KernelPorts>) = {},
  entries: readonly Entry[] = allEntries,
  header = 0,
): Workbench {
  const memory = freshMemory()
  const registers = createFakeRegisters()
  const listener = createListener()
  const printed: string[] = []
  let instructions = 0
  let nextCell = data
  const core = createKernel(
    {
      memory,
      registers,
      sink: listener.sink,
      instructions: () => instructions,
      framesOf: () => 'xbox',
      print: text => printed.push(text),
      ...(typeof more === 'function' ? more(memory) : more),
    },
    {
      timebase: 50_000_000,
      instructionsPerTick,
      systemTime: 134_116_992_000_000_000n,
      handleBase: 0x1000,
      frames: 6,
      ...options,
    },
    entries,
  )
  const { kernel } = core
  const { scheduler } = kernel
  memory.commit(code, 0x10000, access.read | access.execute)
  memory.commit(data, dataSize, access.read | access.write)
  startTitle(
    kernel,
    {
      name: 'bench.exe',
      library: false,
      base: code,
      size: 0x10000,
      entry: code + 0x100,
      toc: 0,
      stackSize: 0x10000,
      titleId: 0,
      headerBlock: new Uint8Array(0),
      functionTable: { address: data + 0xf000, size: 0x100 },
      tls: { slots: 64, address: 0, size: 0, initialised: 0 },
    },
    header,
  )

  function select(tid: number): void {
    const thread = kernel.threads.byTid(tid)
    if (thread === undefined) throw new Error(`there is no thread ${tid}`)
    core.begin(thread.hardwareThread)
    if (scheduler.current?.tid !== tid)
      throw new Error(`thread ${tid} does not run: its hardware thread runs ${scheduler.current?.tid ?? 'nobody'}`)
  }

  function cell(size = 16): number {
    const at = nextCell
    nextCell += (size + 15) & ~15
    if (nextCell > data + dataSize) throw new Error('no cells left')
    return at
  }

  function words(...values: number[]): number {
    const at = cell(values.length * 4)
    values.forEach((value, i) => {
      memory.store32(at + i * 4, value)
    })
    return at
  }

  const bench: Workbench = {
    core,
    memory,
    printed,
    cell,
    words,
    long(value) {
      const at = cell(8)
      memory.store64(at, BigInt.asUintN(64, value))
      return at
    },
    told(...kinds) {
      const all = listener.take()
      return kinds.length === 0 ? all : all.filter(fact => kinds.includes(fact.kind))
    },
    call(tid, name, ...args) {
      select(tid)
      const row = core.table.find('xboxkrnl', name) ?? core.table.find('xam', name) ?? core.table.find('xbdm', name)
      if (row === undefined) throw new Error(`no export is called ${name}`)
      const { frame } = kernel
      const { tid: caller } = kernel.thread
      args.forEach((value, i) => {
        if (i >= 8) memory.store64(frame.word(1) + 0x50 + (i - 8) * 8, BigInt.asUintN(64, BigInt(value)))
        else if (typeof value === 'bigint') frame.setLong(3 + i, value)
        else frame.setWord(3 + i, value)
      })
      frame.pc = thunk
      frame.lr = code + 0x1000 + tid * 0x100
      instructions += 1
      core.call(exportNumber(row.library, row.ordinal))
      const thread = kernel.threads.byTid(caller)
      if (thread?.state === 'waiting') return parked
      if (thread === undefined || frame.pc !== thunk) return away
      return frame.word(3)
    },
    result(tid) {
      select(tid)
      return kernel.frame.word(3)
    },
    runs(tid) {
      const thread = kernel.threads.byTid(tid)
      if (thread === undefined) return false
      core.begin(thread.hardwareThread)
      return scheduler.current === thread
    },
    pass(ticks) {
      instructions += ticks * instructionsPerTick
      core.serveDeadlines()
    },
    thread(hardwareThread, { flags = 0, entry = code + 0x200 } = {}) {
      const handleAt = cell()
      const tidAt = cell()
      const answer = bench.call(
        1,
        'ExCreateThread',
        handleAt,
        0,
        tidAt,
        0,
        entry,
        0,
        flags | (1 << (24 + hardwareThread)),
      )
      if (answer !== 0) throw new Error(`ExCreateThread answered ${answer}`)
      const tid = memory.load32(tidAt)
      core.begin(hardwareThread)
      return { tid, handle: memory.load32(handleAt), at: kernel.threads.byTid(tid)?.object.address ?? 0 }
    },
    returnFrom(tid, value = 0) {
      select(tid)
      const { frame } = kernel
      frame.setWord(3, value)
      // The function kept its return address in its frame: calls it made have long since changed the register.
      const trap = kernel.traps.guestReturn
      frame.pc = trap + 4
      core.call(memory.load32(trap + 8))
    },
    frameOf(tid) {
      select(tid)
      return kernel.frame
    },
  }
  return bench
}
