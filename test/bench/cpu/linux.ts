/**
 * As much of Linux as a static program of the bench needs: its stack at the start, memory when it asks for some, and its
 * output. It has no files, no signals and no clock. Numbers are of the platform's system call table, which 32 and 64 bits
 * share.
 */
import type { RegisterFile } from '../../../core/cpu/registers.ts'
import type { Image } from '../../../core/loader/image.ts'
import type { GuestMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'

const page = 0x1000
const stackTop = 0x7000_0000
const stackBytes = 0x80_0000
const mapped = 0x4000_0000
const both = access.read | access.write
const anonymous = 0x20

const calls = {
  exit: 1,
  write: 4,
  getpid: 20,
  brk: 45,
  ioctl: 54,
  munmap: 91,
  uname: 122,
  mprotect: 125,
  writev: 146,
  rt_sigaction: 173,
  rt_sigprocmask: 174,
  mmap: 90,
  mmap2: 192,
  fstat64: 197,
  gettid: 207,
  set_tid_address: 232,
  exit_group: 234,
  clock_gettime: 246,
  clock_gettime64: 403,
  set_robust_list: 300,
  getrandom: 359,
} as const
const errors = { noTerminal: 25, noSuchCall: 38 } as const

/** What the kernel tells a program of itself and its machine. */
const auxiliary = { headers: 3, headerSize: 4, headerCount: 5, pageSize: 6, entry: 9, capabilities: 16, random: 25 }
/** 32 and 64 bits, AltiVec, floating point, memory management; no cache line, so that nothing depends on its size. */
const capabilities = 0xdc00_0000

export interface Process {
  /** Serves a system call; true when it was the last. */
  call(): boolean
  readonly text: string
}

const align = (value: number): number => (value + page - 1) & -page

export interface Program {
  readonly file: Uint8Array
  readonly image: Image
}

export function startProcess(
  memory: GuestMemory,
  registers: RegisterFile,
  { file, image }: Program,
  wide: boolean,
): Process {
  const word = wide ? 8 : 4
  const header = new DataView(file.buffer, file.byteOffset)
  const long = (at: number): number => (wide ? Number(header.getBigUint64(at)) : header.getUint32(at))
  const heapStart = align(image.base + image.size)
  let heapEnd = heapStart
  let heapCommitted = heapEnd
  let mapEnd = mapped
  let text = ''

  memory.commit(stackTop - stackBytes, stackBytes, both)
  // What Linux puts above: the environment, which QEMU hands on too.
  const environment = stackTop - page
  const random = environment - 0x40
  const name = environment - 0x20
  memory.write(name, new TextEncoder().encode('program\0'))
  const vector = [
    [auxiliary.headers, image.base + long(wide ? 0x20 : 0x1c)],
    [auxiliary.headerSize, header.getUint16(wide ? 0x36 : 0x2a)],
    [auxiliary.headerCount, header.getUint16(wide ? 0x38 : 0x2c)],
    [auxiliary.pageSize, page],
    [auxiliary.entry, long(0x18)],
    [auxiliary.capabilities, capabilities],
    [auxiliary.random, random],
    [0, 0],
  ].flat()
  const words = [1, name, 0, 0, ...vector]
  const top = (random - words.length * word) & -16
  for (const [i, value] of words.entries()) memory.store32(top + i * word + word - 4, value)
  registers.setGpr32(1, top)

  function breakAt(address: number): number {
    if (address >= heapStart && address < mapped) {
      if (align(address) > heapCommitted) {
        memory.commit(heapCommitted, align(address) - heapCommitted, both)
        heapCommitted = align(address)
      }
      heapEnd = address
    }
    return heapEnd
  }
  function map(size: number): number {
    const at = mapEnd
    mapEnd += align(size)
    memory.commit(at, align(size), both)
    return at
  }
  function print(at: number, size: number): number {
    text += new TextDecoder().decode(memory.read(at, size))
    return size
  }
  function printAll(list: number, count: number): number {
    let sum = 0
    for (let i = 0; i < count; i += 1) {
      const at = list + 2 * i * word
      sum += print(memory.load32(at + word - 4), memory.load32(at + 2 * word - 4))
    }
    return sum
  }

  /** The result, or an error below zero. */
  function serve(number: number): number {
    const argument = (n: number): number => registers.gpr32(2 + n)
    switch (number) {
      case calls.write:
        return print(argument(2), argument(3))
      case calls.writev:
        return printAll(argument(2), argument(3))
      case calls.brk:
        return breakAt(argument(1))
      case calls.mmap:
      case calls.mmap2:
        return (argument(4) & anonymous) === 0 ? -errors.noSuchCall : map(argument(2))
      case calls.ioctl:
        return -errors.noTerminal
      case calls.clock_gettime:
      case calls.clock_gettime64:
        memory.fill(argument(2), 2 * word, 0)
        return 0
      case calls.uname:
        memory.fill(argument(1), 6 * 65, 0)
        memory.write(argument(1) + 2 * 65, new TextEncoder().encode('6.0.0'))
        return 0
      case calls.getrandom:
        memory.fill(argument(1), argument(2), 1)
        return argument(2)
      case calls.getpid:
      case calls.gettid:
      case calls.set_tid_address:
        return 1
      case calls.munmap:
      case calls.mprotect:
      case calls.rt_sigaction:
      case calls.rt_sigprocmask:
      case calls.set_robust_list:
        return 0
      default:
        return -errors.noSuchCall
    }
  }

  return {
    call() {
      const number = registers.gpr32(0)
      if (number === calls.exit || number === calls.exit_group) return true
      const result = serve(number)
      const failed = result < 0 && result > -0x1000
      registers.setGpr32(3, failed ? -result : result)
      registers.cr = (registers.cr & ~0x1000_0000) | (failed ? 0x1000_0000 : 0)
      registers.pc += 4
      return false
    },
    get text() {
      return text
    },
  }
}
