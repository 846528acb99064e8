/** What was achieved in the title, as titles list and write it; and the lists of scores and titles, which are empty here. */
import { limits } from '../../../base/limits.ts'
import type { Achievement, TitleData } from '../../../base/title-data.ts'
import { earn, earnedAt } from '../../achievements.ts'
import { type Entry, ptr, u32, u64, win32 as win32Result, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { createEnumerator, type Item } from '../../enumerator.ts'
import { hresult, win32 } from '../../status.ts'
import { ACHIEVEMENT_DETAILS as DETAILS } from '../../structs.ts'
import { wideBytes } from '../../text.ts'
import { consoleLanguage, titleData, titleId } from '../../title-data.ts'
import { isSignedIn, offlineId, userIndex, users } from '../../user.ts'

/** Which texts are asked for. */
const detail = { label: 1, description: 2, unachieved: 4 } as const
const anyText = detail.label | detail.description | detail.unachieved
/** Units of each text with its NUL. */
const longest = { label: 32, description: 100, unachieved: 100 } as const
const textRoom = (longest.label + longest.description + longest.unachieved) * 2

/** Of an achievement's flags: its type and whether it shows before; those of the title's list that are kept. */
const listed = 0xf
const achievedFlag = 0x20000

const roomOf = (flags: number): number => DETAILS.size + (flags & anyText ? textRoom : 0)

function item(k: Kernel, data: TitleData, achievement: Achievement, flags: number, time: bigint | undefined): Item {
  const record = new Uint8Array(DETAILS.size)
  const view = new DataView(record.buffer)
  view.setUint32(DETAILS.id, achievement.id)
  view.setUint32(DETAILS.image, achievement.image)
  view.setUint32(DETAILS.score, achievement.score)
  view.setBigUint64(DETAILS.time, time ?? 0n)
  view.setUint32(DETAILS.flags, (achievement.flags & listed) | (time === undefined ? 0 : achievedFlag))
  const language = consoleLanguage(k)
  const texts = (['label', 'description', 'unachieved'] as const)
    .filter(which => (flags & detail[which]) !== 0)
    .map(which => ({
      pointer: DETAILS[which],
      bytes: wideBytes(`${data.text(language, achievement[which]).slice(0, longest[which] - 1)}\0`),
    }))
  return { record, texts, room: roomOf(flags) }
}

interface ListRequest {
  readonly title: number
  readonly user: number
  readonly xuid: bigint
  readonly flags: number
  readonly first: number
  readonly count: number
  readonly sizeAt: number
  readonly handleAt: number
}

/** Of the running title's own list; nothing is known here of other titles, nor of who is not at this console. */
function list(k: Kernel, { title, user, xuid, flags, first, count, sizeAt, handleAt }: ListRequest): number {
  if (count === 0 || sizeAt === 0 || handleAt === 0 || user >= users) return win32.INVALID_PARAMETER
  if (!isSignedIn(k, user)) return win32.NO_SUCH_USER
  k.memory.store32(sizeAt, roomOf(flags) * count)
  const isOwn = (title === 0 || title === titleId(k)) && (xuid === 0n || xuid === offlineId)
  const data = isOwn ? titleData(k) : undefined
  const items =
    data === undefined
      ? []
      : data.achievements.slice(first).map(each => item(k, data, each, flags, earnedAt(k, each.id)))
  k.memory.store32(handleAt, createEnumerator(k, items, count))
  return win32.SUCCESS
}

/** A block of XUserWriteAchievements: how many, and where the pairs of user and achievement lie. */
export function writeAchievements(k: Kernel, block: number): number {
  const count = k.memory.load32(block)
  const pairs = k.memory.load32(block + 4)
  if (count > limits.listEntries.value) return hresult.INVALID_ARGUMENT
  const places = Array.from({ length: count }, (_, i) => pairs + i * 8)
  if (places.some(at => !isSignedIn(k, userIndex(k.memory.load32(at))))) return hresult.NO_SUCH_USER
  const ids = places.map(at => k.memory.load32(at + 4))
  const isAgain = count > 0 && ids.every(id => earnedAt(k, id) !== undefined)
  earn(k, ids)
  return isAgain ? hresult.FALSE : 0
}

/** An enumerator with nothing in it, of items of a size. */
function emptyEnumerator(k: Kernel, itemSize: number, count: number, sizeAt: number, handleAt: number): number {
  if (sizeAt !== 0) k.memory.store32(sizeAt, itemSize * count)
  k.memory.store32(handleAt, createEnumerator(k, [], count))
  return win32.SUCCESS
}

const statisticsSize = 0x30
const titlePlayedSize = 0x218

export const achievements: readonly Entry[] = [
  xam(
    750,
    'XamUserCreateAchievementEnumerator',
    [u32('title'), u32('user'), u64('xuid'), u32('flags'), u32('first'), u32('count'), ptr('size'), ptr('handle')],
    win32Result,
    ['user'],
    (k, title, user, xuid, flags, first, count, sizeAt, handleAt) =>
      list(k, { title, user, xuid, flags, first, count, sizeAt, handleAt }),
  ),
  // Nobody has scored or played anything else here.
  xam(
    759,
    'XamUserCreateStatsEnumerator',
    [u32('title'), u32('user'), u32('count'), u32('flags'), u32('sizes'), ptr('details'), ptr('size'), ptr('handle')],
    win32Result,
    ['user'],
    (k, _title, _user, count, _flags, _sizes, _details, sizeAt, handleAt) =>
      emptyEnumerator(k, statisticsSize, count, sizeAt, handleAt),
  ),
  xam(
    755,
    'XamUserCreateTitlesPlayedEnumerator',
    [u32('title'), u32('user'), u64('xuid'), u32('first'), u32('count'), ptr('size'), ptr('handle')],
    win32Result,
    ['user'],
    (k, _title, _user, _xuid, _first, count, sizeAt, handleAt) =>
      emptyEnumerator(k, titlePlayedSize, count, sizeAt, handleAt),
  ),
]
