/**
 * What the kernel needs of others; the machine fills it. The kernel knows neither the processor nor the loader: it sees
 * registers through `CallFrame`, and everything else through the ports below.
 */
import type { FactSink } from '../facts/sink.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { Vfs } from '../vfs/vfs.ts'

/** The register file of a guest thread, in the words a kernel call needs. Registers are 64 bits wide. */
export interface CallFrame {
  /** Low 32 bits of a general register, unsigned. */
  word(register: number): number
  /** Sets a general register to a 32-bit value, the upper half zero. */
  setWord(register: number, value: number): void
  /** Sets a general register to a 32-bit value, the upper half its sign. */
  setSigned(register: number, value: number): void
  long(register: number): bigint
  setLong(register: number, value: bigint): void
  float(register: number): number
  setFloat(register: number, value: number): void
  pc: number
  lr: number
  /** The machine state register; bit 0x8000 allows interrupts. */
  msr: number
  readonly cr: number
  readonly xer: number
  readonly ctr: number
}

/** All of a register file, as a context record holds it: what exceptions take apart and put back. */
export interface FullFrame extends CallFrame {
  cr: number
  xer: number
  fpscr: number
  counter: bigint
  /** The bits of a floating-point register. */
  floatBits(register: number): bigint
  setFloatBits(register: number, bits: bigint): void
  /** The 16 bytes of a vector register in the order of memory. */
  vector(register: number): Uint8Array
  setVector(register: number, bytes: Uint8Array): void
}

/** Register files: the one of the thread that runs, and a numbered slot for each that does not. */
export interface Registers {
  readonly current: FullFrame
  slot(slot: number): CallFrame
  /** Gives a slot the registers of a thread that has not begun. */
  reset(slot: number): void
  /** Copies the running register file into a slot. */
  save(slot: number): void
  /** Makes a slot the running register file. */
  load(slot: number): void
  /** The whole running register file, to be put back later. */
  snapshot(): Uint8Array
  restore(bytes: Uint8Array): void
}

/** Where a frame keeps its caller: below the caller's stack pointer, or above its back chain word. */
export type FrameLayout = 'xbox' | 'sysv'

/** The title's image, as far as the kernel shows it to the title. */
export interface TitleImage {
  /** Name of the file, as in `default.xex`. */
  readonly name: string
  /** A library that is run by itself. */
  readonly library: boolean
  readonly base: number
  readonly size: number
  readonly entry: number
  /** What r2 holds at the entry, 0 for nothing. */
  readonly toc: number
  readonly stackSize: number
  readonly titleId: number
  /** The XEX header a title reads while it runs; empty when the image has none. */
  readonly headerBlock: Uint8Array
  readonly functionTable: FunctionTable
  readonly tls: {
    readonly slots: number
    readonly address: number
    readonly size: number
    readonly initialised: number
  }
}

/** The function table of a module: rows of 8 bytes in memory, by address. */
export interface FunctionTable {
  readonly address: number
  readonly size: number
}

/** A fault of an instruction, as the processor found it. */
export interface GuestFault {
  readonly code: 'illegal' | 'privileged' | 'unaligned' | 'load' | 'store' | 'fetch' | 'trap' | 'syscall'
  readonly pc: number
  readonly word: number
  /** Of the access that faulted. */
  readonly address?: number
  /** The instruction as assembly text. */
  readonly text: string
}

/** A module other than the title's image, brought in while it runs. */
export interface LoadedModule {
  readonly name: string
  readonly base: number
  readonly size: number
  /** 0 when it has none. */
  readonly entry: number
  readonly headerBlock: Uint8Array
  readonly functionTable: FunctionTable
  readonly exports: readonly { readonly ordinal: number; readonly address: number; readonly name?: string }[]
}

/** What the loader asks of the kernel while it brings a library in. */
export interface LibraryNeeds {
  /** Takes the range of an image; false when any of it is taken. */
  claim(base: number, size: number): boolean
  release(base: number): void
  /** Brings in another library that this one imports from. */
  need(library: string): void
}

export interface ModulePort {
  /** Puts a library into memory and binds its imports. */
  load(name: string, bytes: Uint8Array, needs: LibraryNeeds): LoadedModule | 'bad-image' | 'no-room'
}

/** The GPU as the kernel sets it up; its interrupts come in by `graphicsInterrupt`. */
export interface VideoPort {
  /** The ring: physical address and bytes. */
  setRing(address: number, bytes: number): void
  /** Physical address of the word that gets the read pointer. */
  setReadPointerWriteBack(address: number): void
}

/** The audio output; that a frame's slot is free comes in by `audioSlotFree`. */
export interface AudioPort {
  /** A new client's number, undefined when there are too many. */
  register(): number | undefined
  unregister(client: number): boolean
  /** A client hands over one frame. */
  submit(client: number): boolean
}

/** The decoder of compressed audio; its contexts lie in physical memory. */
export interface XmaPort {
  /** Physical address of the array of contexts. */
  setContexts(address: number): void
  /** Starts a context. */
  kick(index: number): void
  /** Forgets where a context stands. */
  clear(index: number): void
}

/** What a game pad shows now. */
export interface PadView {
  readonly connected: boolean
  readonly packet: number
  readonly buttons: number
  readonly lt: number
  readonly rt: number
  readonly lx: number
  readonly ly: number
  readonly rx: number
  readonly ry: number
}

export interface InputPort {
  pad(index: number): PadView
}

export interface KernelPorts {
  readonly memory: GuestMemory
  readonly registers: Registers
  readonly sink: FactSink
  /** Instructions retired by all hardware threads, exact now. */
  instructions(): number
  /** How the code at an address lays out its frames. */
  framesOf(address: number): FrameLayout
  /** Text the title prints for its developers. */
  print(text: string): void
  /** A deadline that is neither a wait's nor a timer's is reached. */
  onDeadline?(kind: 'device' | 'request', id: number): void
  readonly modules?: ModulePort
  readonly files?: Vfs
  readonly video?: VideoPort
  readonly audio?: AudioPort
  readonly xma?: XmaPort
  readonly input?: InputPort
}
