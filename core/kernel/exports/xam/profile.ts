/** Settings of the user's profile: what titles read of it and write to it. */

import { limits } from '../../../base/limits.ts'
import { achieved } from '../../achievements.ts'
import { type Entry, ptr, u32, win32 as win32Result, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { conclude } from '../../overlapped.ts'
import { win32 } from '../../status.ts'
import { USER_PROFILE_SETTING } from '../../structs.ts'
import { titleId } from '../../title-data.ts'
import {
  isSignedIn,
  offlineId,
  type SettingValue,
  setSetting,
  settingOf,
  settingType,
  sizeOfSetting,
  typeOfSetting,
  userIndex,
} from '../../user.ts'

/** Where a setting's value came from: the profile as such has it, the title's part of it has, or nobody set it. */
const source = { none: 0, default: 1, title: 2 } as const
const listHeader = 8
const largestBinary = 0x3e8

interface ReadRequest {
  readonly title: number
  readonly user: number
  readonly count: number
  readonly idsAt: number
  readonly sizeAt: number
  readonly buffer: number
  readonly overlapped: number
}

/** What the system counts, whatever a title writes there: achievements and their score, of all titles and of one. */
const counted = {
  score: 0x10040006,
  achievements: 0x10040013,
  ofTitle: { score: 0x10040038, achievements: 0x10040039 },
}

/** The value of a setting and where it came from. */
function currentValue(k: Kernel, title: number, id: number): { readonly from: number; readonly value?: SettingValue } {
  const number = (from: number, low: number) => ({
    from,
    value: { type: settingType.int32, low, high: 0, bytes: null },
  })
  if (id === counted.score) return number(source.default, achieved(k).score)
  if (id === counted.achievements) return number(source.default, achieved(k).count)
  if (title === 0 || title === titleId(k)) {
    if (id === counted.ofTitle.score) return number(source.title, achieved(k).score)
    if (id === counted.ofTitle.achievements) return number(source.title, achieved(k).count)
  }
  const value = settingOf(k, title, id)
  return value === undefined ? { from: source.none } : { from: source.title, value }
}

/** Bytes a setting needs behind the list. */
function extraSize(id: number): number {
  const type = typeOfSetting(id)
  return type === settingType.unicode || type === settingType.binary ? Math.min(sizeOfSetting(id), largestBinary) : 0
}

function readSettings(k: Kernel, { title, user, count, idsAt, sizeAt, buffer, overlapped }: ReadRequest): number {
  if (count === 0 || count > 32) return win32.INVALID_PARAMETER
  const ids = Array.from({ length: count }, (_, i) => k.memory.load32(idsAt + i * 4))
  const row = USER_PROFILE_SETTING
  const needed = listHeader + count * row.size + ids.reduce((sum, id) => sum + extraSize(id), 0)
  if (buffer === 0 || k.memory.load32(sizeAt) < needed) {
    k.memory.store32(sizeAt, needed)
    return win32.INSUFFICIENT_BUFFER
  }
  if (!isSignedIn(k, userIndex(user))) return conclude(k, overlapped, { result: win32.NO_SUCH_USER })
  k.memory.store32(buffer, count)
  k.memory.store32(buffer + 4, buffer + listHeader)
  let extra = buffer + listHeader + count * row.size
  ids.forEach((id, i) => {
    const at = buffer + listHeader + i * row.size
    const { from, value } = currentValue(k, title, id)
    k.memory.fill(at, row.size, 0)
    k.memory.store32(at + row.source, from)
    k.memory.store64(at + row.xuid, offlineId)
    k.memory.store32(at + row.id, id)
    k.memory.store8(at + row.type, typeOfSetting(id))
    if (value === undefined) return
    if (value.bytes === null) {
      k.memory.store32(at + row.value, value.low)
      k.memory.store32(at + row.value + 4, value.high)
    } else {
      k.memory.write(extra, value.bytes)
      k.memory.store32(at + row.value, value.bytes.length)
      k.memory.store32(at + row.value + 4, extra)
      extra += value.bytes.length
    }
  })
  return conclude(k, overlapped, { result: win32.SUCCESS })
}

function writeSettings(
  k: Kernel,
  title: number,
  user: number,
  count: number,
  list: number,
  overlapped: number,
): number {
  if (count > limits.listEntries.value) return win32.INVALID_PARAMETER
  if (!isSignedIn(k, userIndex(user))) return conclude(k, overlapped, { result: win32.NO_SUCH_USER })
  const row = USER_PROFILE_SETTING
  for (let i = 0; i < count; i += 1) {
    const at = list + i * row.size
    const id = k.memory.load32(at + row.id)
    const type = k.memory.load8(at + row.type)
    const low = k.memory.load32(at + row.value)
    const high = k.memory.load32(at + row.value + 4)
    const blob = type === settingType.unicode || type === settingType.binary
    const bytes = blob ? k.memory.read(high, Math.min(low, extraSize(id) || largestBinary)) : null
    setSetting(k, title, id, { type, low, high: blob ? 0 : high, bytes })
  }
  return conclude(k, overlapped, { result: win32.SUCCESS })
}

/** Whose settings are read, and which. */
const wanted = [
  u32('title'),
  u32('user'),
  u32('xuids'),
  ptr('xuidList'),
  u32('count'),
  ptr('ids'),
  ptr('size'),
] as const

export const profileSettings: readonly Entry[] = [
  xam(
    537,
    'XamUserReadProfileSettings',
    [...wanted, ptr('buffer'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, title, index, _xuids, _list, count, idsAt, sizeAt, buffer, overlapped) =>
      readSettings(k, { title, user: index, count, idsAt, sizeAt, buffer, overlapped }),
  ),
  xam(
    554,
    'XamUserReadProfileSettingsEx',
    [...wanted, u32('a'), ptr('buffer'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, title, index, _xuids, _list, count, idsAt, sizeAt, _a, buffer, overlapped) =>
      readSettings(k, { title, user: index, count, idsAt, sizeAt, buffer, overlapped }),
  ),
  xam(
    538,
    'XamUserWriteProfileSettings',
    [u32('title'), u32('user'), u32('count'), ptr('settings'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, title, index, count, list, overlapped) => writeSettings(k, title, index, count, list, overlapped),
  ),
]
