/** Small services of the system. */

import {
  bool,
  cstr,
  type Entry,
  hresult as hresultResult,
  nothing,
  ptr,
  u32,
  win32 as win32Result,
  withoutEffect,
  wstr,
  xam,
} from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { lastError, setLastError } from '../../dos-errors.ts'
import { protection } from '../../memory-manager.ts'
import { kernelState } from '../../outcome.ts'
import { allocatePhysical, freePhysical } from '../../physical-memory.ts'
import { avPack, gameRegion, speakerConfig } from '../../settings.ts'
import { hresult, win32 } from '../../status.ts'
import { titleId } from '../../title-data.ts'
import { headerField, headerKey } from '../../xex-header.ts'
import { writeVideoMode } from '../xboxkrnl/video.ts'

const systemVersion = 0

/** Blocks of memory given to the title, by address. */
const blocks = kernelState<Record<number, number>>('xam-blocks', () => ({}))
const physicalFlag = 0x40000000

function allocate(k: Kernel, size: number, out: number): number {
  if (!k.pool.fits(size)) return hresult.OUT_OF_MEMORY
  const at = k.pool.allocate(size)
  k.state(blocks)[at] = size
  k.memory.store32(out, at)
  return 0
}

const protections = [
  protection.readOnly,
  protection.readWrite | protection.noCache,
  protection.readWrite,
  protection.readWrite | protection.writeCombine,
]
const defaultAlignment = 0xc

function free(k: Kernel, at: number): void {
  const held = k.state(blocks)
  const size = held[at]
  if (size !== undefined) {
    delete held[at]
    k.objects.freed(at, size)
    k.pool.free(at, size)
  } else if (at !== 0) freePhysical(k, at)
}

/** Launch data a title leaves for the one it starts. */
const launchData = kernelState<{ bytes: Uint8Array }>('launch-data', () => ({ bytes: new Uint8Array(0) }))

const noScreen = 'there is no screen that would be dimmed'

export const system: readonly Entry[] = [
  xam(970, 'XGetAudioFlags', [], u32, ['misc', 'poll'], () => speakerConfig),
  xam(971, 'XGetAVPack', [], u32, ['misc', 'poll'], () => avPack),
  xam(972, 'XGetGameRegion', [], u32, ['misc', 'poll'], () => gameRegion),
  xam(977, 'XGetVideoMode', [ptr('mode')], nothing, ['video', 'poll'], (k, at) => writeVideoMode(k, at)),
  xam(642, 'XamGetSystemVersion', [], u32, ['misc', 'poll'], () => systemVersion),
  xam(463, 'XamGetCurrentTitleId', [], u32, ['misc', 'poll'], k => titleId(k)),
  xam(640, 'XamGetExecutionId', [ptr('information')], win32Result, ['misc', 'poll'], (k, out) => {
    const at = headerField(k.memory, k.modules.title?.header ?? 0, headerKey.executionInfo)
    k.memory.store32(out, at)
    return at === 0 ? win32.NOT_FOUND : win32.SUCCESS
  }),
  xam(462, 'XamIsCurrentTitleDash', [], bool, ['misc', 'poll'], () => false),
  xam(443, 'XamIsSystemTitleId', [u32('title')], bool, ['misc', 'poll'], () => false),
  xam(440, 'XamExecutingOnBehalfOfTitle', [], bool, ['misc', 'poll'], () => true),
  xam(447, 'XamIsXbox1TitleId', [u32('title')], bool, ['misc', 'poll'], () => false),
  xam(444, 'XamLoaderIsTitleTerminatePending', [], bool, ['misc', 'poll'], () => false),
  xam(
    416,
    'XamEnableInactivityProcessing',
    [u32('a'), bool('enable')],
    win32Result,
    ['misc'],
    withoutEffect(noScreen, () => 0),
  ),
  xam(
    417,
    'XamResetInactivity',
    [],
    nothing,
    ['misc'],
    withoutEffect(noScreen, () => {}),
  ),
  xam(512, 'XamFeatureEnabled', [u32('feature')], bool, ['misc', 'poll'], () => false),
  xam(422, 'XamLoaderSetLaunchData', [u32('data'), u32('size')], win32Result, ['modules'], (k, data, size) => {
    k.state(launchData).bytes = k.memory.read(data, size)
    return win32.SUCCESS
  }),
  xam(423, 'XamLoaderGetLaunchDataSize', [ptr('size')], win32Result, ['modules', 'poll'], (k, out) => {
    const { length } = k.state(launchData).bytes
    if (length === 0) return win32.NOT_FOUND
    k.memory.store32(out, length)
    return win32.SUCCESS
  }),
  xam(424, 'XamLoaderGetLaunchData', [u32('buffer'), u32('size')], win32Result, ['modules'], (k, buffer, size) => {
    const { bytes } = k.state(launchData)
    if (bytes.length === 0) return win32.NOT_FOUND
    if (size < bytes.length) return win32.INSUFFICIENT_BUFFER
    k.memory.write(buffer, bytes)
    return win32.SUCCESS
  }),

  xam(490, 'XamAlloc', [u32('flags'), u32('size'), ptr('block')], hresultResult, ['memory'], (k, _flags, size, out) =>
    allocate(k, size, out),
  ),
  xam(
    491,
    'XamAllocEx',
    [u32('physical'), u32('flags'), u32('size'), ptr('block')],
    hresultResult,
    ['memory'],
    (k, physical, flags, size, out) => {
      if ((flags & physicalFlag) === 0) return allocate(k, size, out)
      const shift = (physical >>> 24) & 0xf
      const at = allocatePhysical(k, {
        size,
        protect: protections[(physical >>> 28) & 3] ?? protection.readWrite,
        low: 0,
        high: 0xffffffff,
        align: 1 << (shift === 0 ? defaultAlignment : shift),
      })
      k.memory.store32(out, at)
      return at === 0 ? hresult.OUT_OF_MEMORY : 0
    },
  ),
  xam(492, 'XamFree', [u32('block')], hresultResult, ['memory'], (k, at) => {
    free(k, at)
    return 0
  }),

  xam(1003, 'RtlOutputDebugString', [cstr('text')], nothing, ['debug'], (k, text) => k.ports.print(text ?? '')),
  xam(1038, 'OutputDebugStringA', [cstr('text')], nothing, ['debug'], (k, text) => k.ports.print(text ?? '')),
  xam(1055, 'OutputDebugStringW', [wstr('text')], nothing, ['debug'], (k, text) => k.ports.print(text ?? '')),
  xam(1012, 'RtlDebugTrace', [cstr('text')], nothing, ['debug'], (k, text) => k.ports.print(text ?? '')),
  xam(1006, 'RtlGetLastError', [], u32, ['misc', 'poll'], lastError),
  xam(1046, 'GetLastError', [], u32, ['misc', 'poll'], lastError),
  xam(1040, 'GetCurrentThreadId', [], u32, ['threads', 'poll'], k => k.thread.tid),
  xam(1045, 'GetTickCount', [], u32, ['time', 'poll'], k =>
    Number(BigInt.asUintN(32, k.time.interruptTime() / 10_000n)),
  ),
  xam(1124, 'lstrlenW', [wstr('text')], u32, ['strings', 'poll'], (_k, text) => text?.length ?? 0),
  xam(1007, 'RtlSetLastError', [u32('code')], nothing, ['misc'], setLastError),
]
