/** Contexts of the decoder of compressed audio, by calls: plain fields of the block that the decoder works on. */
import { bool, type Entry, krnl, nothing, ptr, status as statusResult, u32, withoutEffect } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { protection } from '../../memory-manager.ts'
import { kernelState } from '../../outcome.ts'
import { allocatePhysical, physicalAddress } from '../../physical-memory.ts'
import { status } from '../../status.ts'
import { XMA_CONTEXT, XMA_CONTEXT_INIT } from '../../structs.ts'

const neverBusy = 'a kick is over when it returns, so no context is ever busy'
const contextCount = 320
const arrayAlignment = 0x100

/** Where the array lies, as the title sees it, and which contexts are out. */
const xmaState = kernelState<{ array: number; taken: number[] }>('xma', () => ({ array: 0, taken: [] }))

/** A field: offset of its word, lowest bit, width. */
type Field = readonly [number, number, number]

function get(k: Kernel, at: number, [word, shift, width]: Field): number {
  return (k.memory.load32(at + word) >>> shift) & ((1 << width) - 1)
}

function set(k: Kernel, at: number, [word, shift, width]: Field, value: number): void {
  const mask = ((1 << width) - 1) << shift
  k.memory.store32(at + word, ((k.memory.load32(at + word) & ~mask) | ((value << shift) & mask)) >>> 0)
}

function create(k: Kernel, out: number): number {
  const state = k.state(xmaState)
  if (state.array === 0) {
    state.array = allocatePhysical(k, {
      size: contextCount * XMA_CONTEXT.size,
      protect: protection.readWrite | protection.noCache,
      low: 0,
      high: 0xffffffff,
      align: arrayAlignment,
    })
    if (state.array === 0) return status.NO_MEMORY
    k.ports.xma?.setContexts(physicalAddress(state.array))
  }
  for (let index = 0; index < contextCount; index += 1) {
    if (state.taken.includes(index)) continue
    state.taken.push(index)
    k.memory.store32(out, state.array + index * XMA_CONTEXT.size)
    return status.SUCCESS
  }
  k.memory.store32(out, 0)
  return status.NO_MEMORY
}

function indexOf(k: Kernel, at: number): number {
  return Math.floor((physicalAddress(at) - physicalAddress(k.state(xmaState).array)) / XMA_CONTEXT.size)
}

function initialise(k: Kernel, at: number, from: number): void {
  const init = XMA_CONTEXT_INIT
  const word = (offset: number): number => k.memory.load32(from + offset)
  const physical = (offset: number): number => (word(offset) === 0 ? 0 : physicalAddress(word(offset)))
  k.memory.fill(at, XMA_CONTEXT.size, 0)
  k.memory.store32(at + XMA_CONTEXT.input0, physical(init.input0))
  k.memory.store32(at + XMA_CONTEXT.input1, physical(init.input1))
  k.memory.store32(at + XMA_CONTEXT.output, physical(init.output))
  k.memory.store32(at + XMA_CONTEXT.work, word(init.work))
  set(k, at, XMA_CONTEXT.input0Packets, word(init.input0Packets))
  set(k, at, XMA_CONTEXT.input1Packets, word(init.input1Packets))
  set(k, at, XMA_CONTEXT.readOffset, word(init.readOffset))
  set(k, at, XMA_CONTEXT.outputBlocks, word(init.outputBlocks))
  set(k, at, XMA_CONTEXT.subframeDecodeCount, word(init.subframeDecodeCount))
  set(k, at, XMA_CONTEXT.stereo, word(init.channels) >= 1 ? 1 : 0)
  set(k, at, XMA_CONTEXT.sampleRate, word(init.sampleRate))
  setLoop(k, at, from + init.loop)
}

function setLoop(k: Kernel, at: number, from: number): void {
  set(k, at, XMA_CONTEXT.loopStart, k.memory.load32(from))
  set(k, at, XMA_CONTEXT.loopEnd, k.memory.load32(from + 4))
  set(k, at, XMA_CONTEXT.loopCount, k.memory.load8(from + 8))
  set(k, at, XMA_CONTEXT.loopSubframeEnd, k.memory.load8(from + 9))
  set(k, at, XMA_CONTEXT.loopSubframeSkip, k.memory.load8(from + 10))
}

const setter = (ordinal: number, name: string, field: Field): Entry =>
  krnl(ordinal, name, [ptr('context'), u32('value')], statusResult, ['audio', 'hot'], (k, at, value) => {
    set(k, at, field, value)
    return status.SUCCESS
  })

const validate = (ordinal: number, name: string, field: Field): Entry =>
  krnl(ordinal, name, [ptr('context')], statusResult, ['audio', 'hot'], (k, at) => {
    set(k, at, field, 1)
    return status.SUCCESS
  })

const getter = (ordinal: number, name: string, field: Field): Entry =>
  krnl(ordinal, name, [ptr('context')], u32, ['audio', 'hot', 'poll'], (k, at) => get(k, at, field))

const asks = (ordinal: number, name: string, field: Field): Entry =>
  krnl(ordinal, name, [ptr('context')], bool, ['audio', 'hot', 'poll'], (k, at) => get(k, at, field) === 1)

const input = (ordinal: number, name: string, address: number, packets: Field): Entry =>
  krnl(
    ordinal,
    name,
    [ptr('context'), u32('buffer'), u32('packets')],
    statusResult,
    ['audio', 'hot'],
    (k, at, buffer, count) => {
      k.memory.store32(at + address, physicalAddress(buffer))
      set(k, at, packets, count)
      return status.SUCCESS
    },
  )

export const xma: readonly Entry[] = [
  krnl(548, 'XMACreateContext', [ptr('context')], statusResult, ['audio'], (k, out) => create(k, out)),
  krnl(550, 'XMAReleaseContext', [ptr('context')], statusResult, ['audio'], (k, at) => {
    const state = k.state(xmaState)
    const index = indexOf(k, at)
    if (!state.taken.includes(index)) return status.INVALID_PARAMETER
    k.memory.fill(at, XMA_CONTEXT.size, 0)
    state.taken = state.taken.filter(other => other !== index)
    return status.SUCCESS
  }),
  krnl(
    549,
    'XMAInitializeContext',
    [ptr('context'), ptr(XMA_CONTEXT_INIT, 'init')],
    statusResult,
    ['audio'],
    (k, at, from) => {
      initialise(k, at, from)
      return status.SUCCESS
    },
  ),
  krnl(551, 'XMAEnableContext', [ptr('context')], statusResult, ['audio', 'hot'], (k, at) => {
    k.ports.xma?.kick(indexOf(k, at))
    return status.SUCCESS
  }),
  krnl(
    552,
    'XMADisableContext',
    [ptr('context'), u32('wait')],
    statusResult,
    ['audio', 'hot'],
    withoutEffect(neverBusy, () => status.SUCCESS),
  ),
  krnl(
    565,
    'XMABlockWhileInUse',
    [ptr('context')],
    nothing,
    ['audio'],
    withoutEffect(neverBusy, () => {}),
  ),
  krnl(566, 'XMASetLoopData', [ptr('context'), ptr('loop')], statusResult, ['audio'], (k, at, from) => {
    setLoop(k, at, from)
    return status.SUCCESS
  }),
  input(562, 'XMASetInputBuffer0', XMA_CONTEXT.input0, XMA_CONTEXT.input0Packets),
  input(563, 'XMASetInputBuffer1', XMA_CONTEXT.input1, XMA_CONTEXT.input1Packets),
  validate(558, 'XMASetInputBuffer0Valid', XMA_CONTEXT.input0Valid),
  validate(560, 'XMASetInputBuffer1Valid', XMA_CONTEXT.input1Valid),
  validate(556, 'XMASetOutputBufferValid', XMA_CONTEXT.outputValid),
  asks(559, 'XMAIsInputBuffer0Valid', XMA_CONTEXT.input0Valid),
  asks(561, 'XMAIsInputBuffer1Valid', XMA_CONTEXT.input1Valid),
  asks(557, 'XMAIsOutputBufferValid', XMA_CONTEXT.outputValid),
  setter(567, 'XMASetInputBufferReadOffset', XMA_CONTEXT.readOffset),
  getter(568, 'XMAGetInputBufferReadOffset', XMA_CONTEXT.readOffset),
  setter(554, 'XMASetOutputBufferReadOffset', XMA_CONTEXT.outputRead),
  getter(555, 'XMAGetOutputBufferReadOffset', XMA_CONTEXT.outputRead),
  getter(553, 'XMAGetOutputBufferWriteOffset', XMA_CONTEXT.outputWrite),
  getter(564, 'XMAGetPacketMetadata', XMA_CONTEXT.packetMetadata),
]
