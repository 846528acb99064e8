/** What a thread is made of in guest memory: its stack, its block of thread-local data, its KTHREAD, its registers. */
import { alignUp } from '../base/bits.ts'
import { fail } from '../base/failure.ts'
import type { GuestMemory } from '../memory/guest.ts'
import { access } from '../memory/map.ts'
import { emptyList } from './list.ts'
import type { Thread } from './object.ts'
import type { Pool } from './pool.ts'
import type { CallFrame } from './ports.ts'
import type { Space } from './space.ts'
import { KPCR, KTHREAD, OBJECT_HEADER } from './structs.ts'

/** Base priorities by a thread's class: what an increment is added to, and its two ends. The title's are the foreground's. */
export const priorityClasses = {
  foreground: { idle: 10, normal: 13, timeCritical: 17 },
  background: { idle: 2, normal: 5, timeCritical: 9 },
} as const

const stackRegion = { low: 0x70000000, high: 0x7f000000, align: 0x10000 } as const
const smallestStack = 0x4000
const page = 0x1000
/** Room above the first frame, where it saves its parameters. */
const stackTop = 0x80

/** Static data and dynamic slots of a thread. */
export interface TlsShape {
  readonly slots: number
  readonly address: number
  readonly size: number
  readonly initialised: number
}

/** What a KTHREAD refers to besides its own thread. */
export interface Surroundings {
  /** The processor control region of its hardware thread. */
  readonly kpcr: number
  /** The title's KPROCESS. */
  readonly kprocess: number
  /** Start of the stack's allocation. */
  readonly allocation: number
  /** 100 ns units since 1601. */
  readonly created: bigint
  /** Of the thread. */
  readonly priorities: { readonly idle: number; readonly normal: number; readonly timeCritical: number }
}

const stackBytes = (size: number): number => alignUp(Math.max(size, smallestStack), page)

/** The range of a stack, with a page below it that nothing may touch, and one at least above it. */
const stackRange = (size: number) =>
  ({
    ...stackRegion,
    size: alignUp(page + stackBytes(size) + page, stackRegion.align),
    protect: 4,
    use: 'stack',
  }) as const

/** Whether a stack and what else a thread is made of would find room. */
export const threadFits = (pool: Pool, space: Space, size: number, shape: TlsShape): boolean =>
  space.fits(stackRange(size)) && pool.fits(KTHREAD.size + OBJECT_HEADER.size + blockSize(shape))

/**
 * A stack with a page below it that nothing may touch. What is above it of its last page of 64 KiB, as this region has them,
 * is there: the first frames of a thread, which are used all the time, do not lie at the end of what is there, where accesses
 * have to be looked at twice (memory/flags.ts).
 */
export function allocateStack(
  memory: GuestMemory,
  space: Space,
  size: number,
): { readonly base: number; readonly limit: number; readonly allocation: number } {
  const bytes = stackBytes(size)
  const range = stackRange(size)
  const allocation = space.reserve(range)
  if (allocation === 0) throw fail('GUEST_FAULT', 'thread stack', 'no room is left')
  const limit = allocation + page
  memory.commit(limit, range.size - page, access.read | access.write)
  return { base: limit + bytes, limit, allocation }
}

/** Bytes of a thread's block of local data. */
const blockSize = (shape: TlsShape): number => Math.max(shape.size + shape.slots * 4, 16)

/** A block of thread-local data, its static part initialised. */
export function allocateTls(memory: GuestMemory, pool: Pool, shape: TlsShape): number {
  const block = pool.allocate(blockSize(shape))
  if (shape.initialised > 0) memory.write(block, memory.read(shape.address, Math.min(shape.initialised, shape.size)))
  return block
}

export function freeTls(pool: Pool, shape: TlsShape, block: number): void {
  pool.free(block, blockSize(shape))
}

/** Writes a KTHREAD: what titles read of a thread inline. */
export function fillBody(
  memory: GuestMemory,
  body: number,
  thread: Omit<Thread, 'object'>,
  around: Surroundings,
): void {
  const { kpcr, kprocess, allocation, created, priorities } = around
  emptyList(memory, body + KTHREAD.mutantFlink)
  emptyList(memory, body + KTHREAD.apcKernelFlink)
  emptyList(memory, body + KTHREAD.apcUserFlink)
  emptyList(memory, body + KTHREAD.threadListFlink)
  const words: readonly [number, number][] = [
    [KTHREAD.stackBase, thread.stackBase],
    [KTHREAD.stackLimit, thread.stackLimit],
    [KTHREAD.kernelStack, thread.stackBase - stackTop],
    [KTHREAD.tlsData, thread.tls],
    [KTHREAD.process, kprocess],
    [KTHREAD.currentPrcb, kpcr + KPCR.prcbStart],
    [KTHREAD.affinityPrcb, kpcr + KPCR.prcbStart],
    [KTHREAD.stackAllocation, allocation],
    [KTHREAD.exitStatus, 0x103],
    [KTHREAD.threadId, thread.tid],
    [KTHREAD.startAddress, thread.entry],
    [KTHREAD.createOptions, thread.flags],
  ]
  for (const [at, value] of words) memory.store32(body + at, value)
  const processType = thread.system ? 2 : 1
  const bytes: readonly [number, number][] = [
    [KTHREAD.priority, thread.priority],
    [KTHREAD.basePriority, thread.basePriority],
    [KTHREAD.createProcessType, processType],
    [KTHREAD.processType, processType],
    [KTHREAD.apcQueueable, 1],
    [KTHREAD.suspendCount, thread.suspendCount],
    [KTHREAD.processor, thread.hardwareThread],
    [KTHREAD.idlePriority, priorities.idle],
    [KTHREAD.normalPriority, priorities.normal],
    [KTHREAD.timeCriticalPriority, priorities.timeCritical],
  ]
  for (const [at, value] of bytes) memory.store8(body + at, value)
  memory.store64(body + KTHREAD.createTime, created)
}

/** Registers before the first instruction: the root frame's back chain is zero. */
export function beginAt(
  memory: GuestMemory,
  frame: CallFrame,
  stackBase: number,
  first: {
    readonly entry: number
    readonly args: readonly number[]
    readonly toc: number
    readonly kpcr: number
    readonly lr: number
  },
): void {
  const top = stackBase - stackTop
  memory.store32(top, 0)
  frame.setWord(1, top)
  frame.setLong(2, BigInt(first.toc))
  frame.setWord(13, first.kpcr)
  first.args.forEach((value, i) => {
    frame.setWord(3 + i, value)
  })
  frame.pc = first.entry
  frame.lr = first.lr
}
