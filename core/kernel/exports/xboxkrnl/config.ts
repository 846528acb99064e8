/** The console's settings and what it is made of. */
import { type Entry, krnl, krnlVariable, ptr, status as statusResult, u16, u32 } from '../../call.ts'
import { avPack, changeSetting, findSetting, gameRegion, lastCategory, settingBytes } from '../../settings.ts'
import { status } from '../../status.ts'

export const config: readonly Entry[] = [
  krnl(
    16,
    'ExGetXConfigSetting',
    [u16('category'), u16('setting'), ptr('buffer'), u16('size'), ptr('required')],
    statusResult,
    ['misc', 'poll'],
    (k, category, setting, buffer, size, required) => {
      if (category > lastCategory) return status.INVALID_PARAMETER_1
      const bytes = settingBytes(k, category, setting)
      if (bytes === undefined) return status.INVALID_PARAMETER_2
      if (required !== 0) k.memory.store16(required, bytes.length)
      if (buffer === 0) return size === 0 ? status.SUCCESS : status.INVALID_PARAMETER_3
      if (size < bytes.length) return status.BUFFER_TOO_SMALL
      k.memory.write(buffer, bytes)
      return status.SUCCESS
    },
  ),
  krnl(
    24,
    'ExSetXConfigSetting',
    [u16('category'), u16('setting'), ptr('buffer'), u16('size')],
    statusResult,
    ['misc'],
    (k, category, setting, buffer, size) => {
      if (category > lastCategory) return status.INVALID_PARAMETER_1
      const found = findSetting(category, setting)
      if (found === undefined) return status.INVALID_PARAMETER_2
      if (buffer === 0) return status.INVALID_PARAMETER_3
      if (size !== found.bytes.length) return status.INVALID_PARAMETER_4
      changeSetting(k, category, setting, k.memory.read(buffer, size))
      return status.SUCCESS
    },
  ),
  krnl(34, 'HalGetCurrentAVPack', [], u32, ['misc', 'poll'], () => avPack),
  krnlVariable(12, 'ExConsoleGameRegion', 4, (k, at) => k.memory.store32(at, (0xffff0000 | gameRegion) >>> 0)),
]
