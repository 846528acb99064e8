/**
 * Video: Direct3D is inside the title, so the kernel sets up the ring, hands on interrupts, answers questions about the
 * picture, and puts frames on show.
 */
import { type Entry, f64, krnl, krnlVariable, nothing, ptr, u32, withoutEffect } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { protection } from '../../memory-manager.ts'
import { allocatePhysical, physicalAddress } from '../../physical-memory.ts'
import { display, videoModeWords } from '../../settings.ts'
import { DISPLAY_INFORMATION, RTL_CRITICAL_SECTION } from '../../structs.ts'
import { videoState } from '../../video.ts'

const commandBufferBytes = 0x94
/** Any value but zero: the title hands it back. */
const commandBufferToken = 0xbeef0000
const swapDwords = 64
const noOperation = 0x80000000
/** Six registers from the first fetch constant on, as a type-0 packet. */
const fetchConstantPacket = 0x00054800
const fetchConstantDwords = 6
const pageMask = 0xfffff000
/** Header, mark and three dwords: our own packet, which counts a frame when the stream reaches it. */
const swapPacket = 0xc0036400
const swapMark = 0x53574150
const asicId = 0x11
const gammaType = 2
const gammaPower = 2.2222223
const noPicture = 'there is one display in one mode, and no picture on it'
const nothingToTrain = 'the embedded memory has no links to train'
const displayFlags = { wide: 1, high: 2, full: 4 } as const

function storeFloat(k: Kernel, at: number, value: number): void {
  const view = new DataView(new ArrayBuffer(4))
  view.setFloat32(0, value)
  k.memory.store32(at, view.getUint32(0))
}

export function writeVideoMode(k: Kernel, at: number): void {
  videoModeWords().forEach((word, i) => {
    k.memory.store32(at + i * 4, word)
  })
}

function writeDisplayInformation(k: Kernel, at: number): void {
  const { width, height, refresh } = display
  const info = DISPLAY_INFORMATION
  k.memory.fill(at, info.size, 0)
  k.memory.store16(at + info.frontBufferWidth, width)
  k.memory.store16(at + info.frontBufferHeight, height)
  k.memory.store32(at + info.sourceRight, width)
  k.memory.store32(at + info.sourceBottom, height)
  k.memory.store32(at + info.scaledWidth, width)
  k.memory.store32(at + info.scaledHeight, height)
  k.memory.store32(at + info.verticalFilter, 1)
  k.memory.store32(at + info.horizontalFilter, 1)
  k.memory.store16(at + info.overscanLeft, width >>> 2)
  k.memory.store16(at + info.overscanTop, height >>> 2)
  k.memory.store16(at + info.overscanRight, width >>> 2)
  k.memory.store16(at + info.overscanBottom, height >>> 2)
  k.memory.store16(at + info.displayWidth, width)
  k.memory.store16(at + info.displayHeight, height)
  storeFloat(k, at + info.refresh, refresh)
  k.memory.store16(at + info.actualWidth, width)
}

/** Overwrites the dwords the title set aside: the front buffer's fetch constant, the frame, and no-operations. */
function writeSwap(k: Kernel, at: number, constant: number, frontBuffer: number, width: number, height: number): void {
  const words = [fetchConstantPacket]
  for (let i = 0; i < fetchConstantDwords; i += 1) {
    const word = k.memory.load32(constant + i * 4)
    words.push(i === 1 ? ((physicalAddress((word & pageMask) >>> 0) & pageMask) | (word & ~pageMask)) >>> 0 : word)
  }
  words.push(swapPacket, swapMark, physicalAddress(frontBuffer), width, height)
  for (let i = 0; i < swapDwords; i += 1) k.memory.store32(at + i * 4, words[i] ?? noOperation)
}

export const video: readonly Entry[] = [
  krnl(
    450,
    'VdInitializeEngines',
    [u32('version'), u32('callback'), u32('argument'), u32('pfp'), u32('me')],
    u32,
    ['video'],
    withoutEffect('the engines have no microcode to load, and run from the start', () => 1),
  ),
  krnl(476, 'VdShutdownEngines', [], nothing, ['video'], k => {
    const state = k.state(videoState)
    state.callback = 0
    state.data = 0
  }),
  krnl(
    469,
    'VdSetGraphicsInterruptCallback',
    [u32('callback'), u32('data')],
    nothing,
    ['video'],
    (k, callback, data) => {
      Object.assign(k.state(videoState), { callback, data })
    },
  ),
  krnl(451, 'VdInitializeRingBuffer', [u32('physical'), u32('log2')], nothing, ['video'], (k, physical, log2) => {
    k.ports.video?.setRing(physical & 0x1fffffff, 1 << (log2 + 3))
  }),
  krnl(438, 'VdEnableRingBufferRPtrWriteBack', [u32('physical'), u32('log2')], nothing, ['video'], (k, physical) => {
    k.ports.video?.setReadPointerWriteBack(physical & 0x1fffffff)
  }),
  krnl(444, 'VdGetGraphicsAsicID', [], u32, ['video', 'poll'], () => asicId),
  krnl(458, 'VdQueryVideoMode', [ptr('mode')], nothing, ['video', 'poll'], (k, at) => writeVideoMode(k, at)),
  krnl(722, 'VdQueryRealVideoMode', [ptr('mode')], nothing, ['video', 'poll'], (k, at) => writeVideoMode(k, at)),
  krnl(457, 'VdQueryVideoFlags', [], u32, ['video', 'poll'], () => displayFlags.wide | displayFlags.high),
  krnl(
    442,
    'VdGetCurrentDisplayInformation',
    [ptr(DISPLAY_INFORMATION, 'information')],
    nothing,
    ['video', 'poll'],
    (k, at) => writeDisplayInformation(k, at),
  ),
  krnl(441, 'VdGetCurrentDisplayGamma', [ptr('type'), ptr('power')], nothing, ['video', 'poll'], (k, type, power) => {
    k.memory.store32(type, gammaType)
    storeFloat(k, power, gammaPower)
  }),
  krnl(
    467,
    'VdSetDisplayMode',
    [u32('flags')],
    u32,
    ['video'],
    withoutEffect(noPicture, (k, flags) => {
      k.state(videoState).mode = flags
      return 0
    }),
  ),
  krnl(
    468,
    'VdSetDisplayModeOverride',
    [u32('a'), u32('b'), f64('refresh'), u32('c'), u32('d')],
    u32,
    ['video'],
    withoutEffect(noPicture, (k, a, b, refresh, c, d) => {
      k.state(videoState).override = { words: [a, b, c, d], refresh }
      return 0
    }),
  ),
  krnl(
    436,
    'VdEnableDisableClockGating',
    [u32('enable')],
    u32,
    ['video'],
    withoutEffect('no unit has a clock that could be stopped', () => 0),
  ),
  krnl(454, 'VdIsHSIOTrainingSucceeded', [], u32, ['video', 'poll'], () => 1),
  krnl(
    616,
    'VdInitializeEDRAM',
    [u32('a')],
    u32,
    ['video'],
    withoutEffect(nothingToTrain, () => 0),
  ),
  krnl(
    617,
    'VdRetrainEDRAM',
    [u32('a'), u32('b'), u32('c'), u32('d'), u32('e'), u32('f')],
    u32,
    ['video'],
    withoutEffect(nothingToTrain, () => 0),
  ),
  krnl(
    618,
    'VdRetrainEDRAMWorker',
    [u32('a')],
    u32,
    ['video'],
    withoutEffect(nothingToTrain, () => 0),
  ),
  krnl(
    479,
    'VdVerifyMEInitCommand',
    [ptr('packet'), u32('dwords')],
    nothing,
    ['video'],
    withoutEffect('the engines take any microcode for verified', () => {}),
  ),
  krnl(445, 'VdGetSystemCommandBuffer', [ptr('buffer'), ptr('token')], nothing, ['video'], (k, buffer, token) => {
    k.memory.fill(buffer, commandBufferBytes, 0)
    k.memory.store32(buffer, commandBufferToken)
    k.memory.store32(token, commandBufferToken + 1)
  }),
  krnl(473, 'VdSetSystemCommandBufferGpuIdentifierAddress', [u32('address')], nothing, ['video'], (k, address) => {
    k.state(videoState).identifierAddress = address
  }),
  krnl(
    453,
    'VdInitializeScalerCommandBuffer',
    [
      u32('sourceAt'),
      u32('sourceSize'),
      u32('outputAt'),
      u32('outputSize'),
      u32('frontBufferSize'),
      u32('verticalFilter'),
      u32('verticalParameters'),
      u32('horizontalFilter'),
      u32('horizontalParameters'),
      u32('unknown'),
      ptr('target'),
      u32('dwords'),
    ],
    u32,
    ['video'],
    (k, _a, _b, _c, _d, _e, _f, _g, _h, _i, _j, target, dwords) => {
      for (let i = 0; i < dwords; i += 1) k.memory.store32(target + i * 4, noOperation)
      return dwords
    },
  ),
  krnl(
    433,
    'VdCallGraphicsNotificationRoutines',
    [u32('type'), ptr('arguments')],
    u32,
    ['video'],
    withoutEffect('nobody else of the system draws, so nobody is to be told', () => 0),
  ),
  krnl(455, 'VdPersistDisplay', [u32('a'), ptr('block')], u32, ['video'], (k, _a, out) => {
    const block = allocatePhysical(k, {
      size: 0x1000,
      protect: protection.readWrite,
      low: 0,
      high: 0xffffffff,
      align: 0,
    })
    if (out !== 0) k.memory.store32(out, block)
    k.state(videoState).persisted = block
    return block === 0 ? 0 : 1
  }),
  krnl(
    603,
    'VdSwap',
    [
      ptr('target'),
      ptr('fetchConstant'),
      ptr('writeBack'),
      ptr('commandBuffer'),
      u32('token'),
      ptr('frontBuffer'),
      ptr('format'),
      ptr('colourSpace'),
      ptr('width'),
      ptr('height'),
    ],
    nothing,
    ['video', 'hot'],
    (k, target, constant, _writeBack, _commandBuffer, _token, frontBuffer, _format, _colourSpace, width, height) => {
      k.state(videoState).swapsQueued += 1
      writeSwap(k, target, constant, k.memory.load32(frontBuffer), k.memory.load32(width), k.memory.load32(height))
    },
  ),
  krnlVariable(446, 'VdGlobalDevice', 4),
  krnlVariable(447, 'VdGlobalXamDevice', 4),
  krnlVariable(448, 'VdGpuClockInMHz', 4, (k, at) => k.memory.store32(at, 500)),
  krnlVariable(449, 'VdHSIOCalibrationLock', RTL_CRITICAL_SECTION.size, (k, at) => {
    k.memory.store8(at, 1)
    k.memory.store32(at + RTL_CRITICAL_SECTION.waitListFlink, at + RTL_CRITICAL_SECTION.waitListFlink)
    k.memory.store32(at + RTL_CRITICAL_SECTION.waitListBlink, at + RTL_CRITICAL_SECTION.waitListFlink)
    k.memory.store32(at + RTL_CRITICAL_SECTION.lockCount, 0xffffffff)
  }),
]
