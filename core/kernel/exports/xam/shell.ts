/** What a title asks of the system around it: where resources lie, contexts that are carried on, the way out. */
import { bool, cstr, type Entry, nothing, ptr, rest, u32, u64, win32 as win32Result, wstr, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { setLastError } from '../../dos-errors.ts'
import { formatText } from '../../format.ts'
import { moduleNamed } from '../../library.ts'
import { kernelState } from '../../outcome.ts'
import { win32 } from '../../status.ts'
import { wideBytes } from '../../text.ts'

const contexts = kernelState('shell-contexts', () => ({ dash: 0, hud: 0, staging: 0 }))

/** Writes where a resource lies, as far as there is room for it. */
function locate(k: Kernel, text: string, at: number, units: number): number {
  if (units === 0) return win32.INVALID_PARAMETER
  k.memory.write(at, wideBytes(`${text.slice(0, units - 1)}\0`))
  return win32.SUCCESS
}

/** Resources of one of the system's own containers, by ordinal and name. */
const containers: readonly (readonly [ordinal: number, name: string, container: string])[] = [
  [789, 'XamBuildSharedSystemResourceLocator', 'shrdres'],
  [796, 'XamBuildLegacySystemResourceLocator', 'shrdres'],
  [797, 'XamBuildGamercardResourceLocator', 'gamercrd'],
  [799, 'XamBuildXamResourceLocator', 'xam'],
]

/** Pairs of calls that set and give back a number. */
const carried: readonly (readonly [
  set: readonly [number, string],
  get: readonly [number, string],
  'dash' | 'hud' | 'staging',
])[] = [
  [[460, 'XamSetDashContext'], [461, 'XamGetDashContext'], 'dash'],
  [[468, 'XamSetHudContext'], [469, 'XamGetHudContext'], 'hud'],
  [[1902, 'XamSetStagingMode'], [1903, 'XamGetStagingMode'], 'staging'],
]

/** Questions that this machine answers no to: there is no dashboard, camera or screen of the system's own thread. */
const never: readonly (readonly [ordinal: number, name: string])[] = [
  [1036, 'XamIsNuiUIActive'],
  [1285, 'XamIsUIThread'],
]

/** What a person would have called this console. */
const consoleName = 'Xbox 360'

export const shell: readonly Entry[] = [
  ...containers.map(([ordinal, name, container]) =>
    xam(
      ordinal,
      name,
      [wstr('resource'), ptr('buffer'), u32('units')],
      win32Result,
      ['strings'],
      (k, resource = '', at, units) => locate(k, `file://media:/${container}.xzp#${resource}`, at, units),
    ),
  ),
  xam(
    795,
    'XamBuildResourceLocator',
    [u64('module'), wstr('container'), wstr('resource'), ptr('buffer'), u32('units')],
    win32Result,
    ['strings'],
    (k, module, container = '', resource = '', at, units) =>
      locate(
        k,
        module === 0n
          ? `file://media:/${container}.xzp#${resource}`
          : `section://${BigInt.asUintN(32, module).toString(16).toUpperCase()},${container}#${resource}`,
        at,
        units,
      ),
  ),
  ...carried.flatMap(([set, get, what]) => [
    xam(set[0], set[1], [u32('value')], nothing, ['misc'], (k, value) => {
      k.state(contexts)[what] = value
    }),
    xam(get[0], get[1], [], u32, ['misc', 'poll'], k => k.state(contexts)[what]),
  ]),
  ...never.map(([ordinal, name]) => xam(ordinal, name, [], bool, ['misc', 'poll'], () => false)),
  xam(2842, 'XamIsSystemExperienceTitleId', [u32('title')], bool, ['misc', 'poll'], () => false),
  xam(1291, 'XamGetConsoleFriendlyName', [ptr('name')], nothing, ['misc', 'poll'], (k, at) => {
    k.memory.write(at, wideBytes(`${consoleName}\0`))
  }),
  xam(1265, 'XamIsUserUsingMetricSystem', [u32('user')], bool, ['misc', 'poll'], () => false),
  xam(
    480,
    'XamDbgPrint',
    [u32('application'), cstr('format'), rest],
    u32,
    ['debug'],
    (k, _application, format, args) => {
      k.ports.print(formatText(format ?? '', args, k.memory, 'narrow'))
      return 0
    },
  ),
  xam(1102, 'GetModuleHandleA', [cstr('name')], ptr(), ['modules'], (k, name) => {
    const found = moduleNamed(k, name ?? '')?.handle
    if (found === undefined) setLastError(k, win32.MOD_NOT_FOUND)
    return found ?? 0
  }),
  xam(
    421,
    'XamLoaderLaunchTitleEx',
    [cstr('path'), cstr('mount'), cstr('command'), u32('flags')],
    nothing,
    ['modules'],
    (k, path) =>
      k.terminateTitle({ kind: 'finished', text: `the title launched ${path ?? 'the dashboard'}`, exitCode: 0 }),
  ),
  xam(2105, 'XamLoaderRebootToDash', [ptr('data')], nothing, ['modules'], k =>
    k.terminateTitle({ kind: 'finished', text: 'the title went back to the dashboard', exitCode: 0 }),
  ),
]
