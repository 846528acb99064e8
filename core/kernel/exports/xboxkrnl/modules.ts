import { bool, continuation, cstr, type Entry, krnl, ptr, status, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { attached, detached, loadLibrary, moduleNamed, unloadLibrary } from '../../library.ts'
import { tellNext } from '../../library-threads.ts'
import { status as s, win32 } from '../../status.ts'
import { headerField, headerKey, resourceOf } from '../../xex-header.ts'

/** The address code of an export leads to, for a title that asks at run time; 0 for none. */
function procedure(k: Kernel, moduleHandle: number, which: number | string): number {
  const module = k.modules.byHandle(moduleHandle)
  if (module?.kind === 'system') return k.exportAddress(module.name, which)
  const row = module?.exports.find(each => (typeof which === 'number' ? each.ordinal === which : each.name === which))
  return row?.address ?? 0
}

export const modules: readonly Entry[] = [
  krnl(299, 'RtlImageXexHeaderField', [ptr('header'), u32('key')], u32, ['modules', 'poll'], (k, header, key) =>
    headerField(k.memory, header, key),
  ),
  krnl(404, 'XexCheckExecutablePrivilege', [u32('bit')], bool, ['modules', 'poll'], (k, bit) => {
    const flags = headerField(k.memory, k.modules.title?.header ?? 0, headerKey.systemFlags)
    return bit < 32 && ((flags >>> bit) & 1) === 1
  }),
  krnl(405, 'XexGetModuleHandle', [cstr('name'), ptr('handle')], status, ['modules', 'poll'], (k, name, outAt) => {
    const found = moduleNamed(k, name ?? '')?.handle
    k.memory.store32(outAt, found ?? 0)
    return found === undefined ? win32.NOT_FOUND : s.SUCCESS
  }),
  krnl(
    406,
    'XexGetModuleSection',
    [u32('module'), cstr('name'), ptr('address'), ptr('size')],
    status,
    ['modules', 'poll'],
    (k, moduleHandle, name, addressAt, sizeAt) => {
      const section = resourceOf(k.memory, k.modules.byHandle(moduleHandle)?.header ?? 0, name ?? '')
      if (section === undefined) return s.NOT_FOUND
      k.memory.store32(addressAt, section.address)
      k.memory.store32(sizeAt, section.size)
      return s.SUCCESS
    },
  ),
  krnl(
    407,
    'XexGetProcedureAddress',
    [u32('module'), u32('which'), ptr('address')],
    status,
    ['modules', 'poll'],
    (k, moduleHandle, which, outAt) => {
      const target = procedure(k, moduleHandle, which >>> 16 === 0 ? which : k.memory.text(which))
      k.memory.store32(outAt, target)
      return target === 0 ? s.DRIVER_ENTRYPOINT_NOT_FOUND : s.SUCCESS
    },
  ),
  krnl(
    409,
    'XexLoadImage',
    [cstr('name'), u32('flags'), u32('version'), ptr('handle')],
    status,
    ['modules'],
    (k, name = '', _flags, _version, outAt) => loadLibrary(k, name, outAt),
  ),
  // There is one executable at a time, and whoever can call this is in it.
  krnl(
    408,
    'XexLoadExecutable',
    [cstr('name'), ptr('handle'), u32('flags'), u32('version')],
    status,
    ['modules'],
    () => s.ACCESS_DENIED,
  ),
  krnl(
    410,
    'XexLoadImageFromMemory',
    [ptr('bytes'), u32('size'), cstr('name'), u32('flags'), u32('version'), ptr('handle')],
    status,
    ['modules'],
    (k, at, size, name = '', _flags, _version, outAt) => loadLibrary(k, name, outAt, k.memory.read(at, size)),
  ),
  krnl(417, 'XexUnloadImage', [u32('module')], status, ['modules'], (k, moduleHandle) =>
    unloadLibrary(k, moduleHandle),
  ),
  krnl(418, 'XexUnloadImageAndExitThread', [u32('module'), u32('code')], status, ['modules'], (k, moduleHandle, code) =>
    unloadLibrary(k, moduleHandle, code),
  ),
  continuation('libraries-told', (k, telling: Parameters<typeof tellNext>[1]) => tellNext(k, telling)),
  continuation('library-attached', attached),
  continuation('library-detached', detached),
  krnl(412, 'XexPcToFileHeader', [u32('pc'), ptr('entry')], ptr(), ['modules', 'poll'], (k, pc, outAt) => {
    const module = k.modules.list.find(each => pc >= each.base && pc < each.base + each.size)
    if (outAt !== 0) k.memory.store32(outAt, module?.handle ?? 0)
    return module?.base ?? 0
  }),
]
