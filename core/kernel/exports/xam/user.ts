/** The signed-in user: one, local, without a network. */
import {
  bool,
  type Entry,
  hresult as hresultResult,
  nothing,
  ptr,
  u32,
  u64,
  win32 as win32Result,
  withoutEffect,
  xam,
} from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { conclude } from '../../overlapped.ts'
import { hresult, win32 } from '../../status.ts'
import { USER_SIGNIN_INFO } from '../../structs.ts'
import { changeSession, isSignedIn, offlineId, signedIn, userIndex, userName, users } from '../../user.ts'

const identityMask = { offline: 1, online: 2 } as const
function writeSigninInfo(k: Kernel, at: number): void {
  const info = USER_SIGNIN_INFO
  k.memory.fill(at, info.size, 0)
  k.memory.store64(at + info.xuid, offlineId)
  k.memory.store32(at + info.state, signedIn.locally)
  k.memory.write(at + info.name, new Uint8Array([...userName].map(letter => letter.charCodeAt(0))))
}

function writeName(k: Kernel, user: number, at: number, room: number, wide: boolean): number {
  if (!isSignedIn(k, userIndex(user))) return win32.NO_SUCH_USER
  const text = `${userName.slice(0, Math.max(0, room - 1))}\0`
  for (let i = 0; i < text.length; i += 1)
    if (wide) k.memory.store16(at + i * 2, text.charCodeAt(i))
    else k.memory.store8(at + i, text.charCodeAt(i))
  return win32.SUCCESS
}

export const user: readonly Entry[] = [
  xam(528, 'XamUserGetSigninState', [u32('user')], u32, ['user', 'poll'], (k, index) =>
    isSignedIn(k, index) ? signedIn.locally : signedIn.no,
  ),
  xam(
    522,
    'XamUserGetXUID',
    [u32('user'), u32('mask'), ptr('xuid')],
    hresultResult,
    ['user', 'poll'],
    (k, index, mask, out) => {
      if (!isSignedIn(k, userIndex(index))) return hresult.NO_SUCH_USER
      k.memory.store64(out, mask & identityMask.offline || mask & identityMask.online ? offlineId : 0n)
      return 0
    },
  ),
  xam(
    551,
    'XamUserGetSigninInfo',
    [u32('user'), u32('flags'), ptr(USER_SIGNIN_INFO, 'info')],
    hresultResult,
    ['user', 'poll'],
    (k, index, _flags, at) => {
      if (!isSignedIn(k, userIndex(index))) return hresult.NO_SUCH_USER
      writeSigninInfo(k, at)
      return 0
    },
  ),
  xam(
    523,
    'XamUserLogon',
    [ptr('xuids'), u32('flags'), u32('overlapped')],
    hresultResult,
    ['user'],
    (k, at, flags, overlapped) => {
      const identities = Array.from({ length: users }, (_, place) => k.memory.load64(at + place * 8))
      const known = changeSession(k, identities, flags)
      if (overlapped === 0) return known ? 0 : hresult.NO_SUCH_USER
      conclude(k, overlapped, { result: known ? win32.SUCCESS : win32.NO_SUCH_USER })
      return hresult.PENDING
    },
  ),
  xam(
    526,
    'XamUserGetName',
    [u32('user'), ptr('buffer'), u32('size')],
    win32Result,
    ['user', 'poll'],
    (k, index, at, room) => writeName(k, index, at, room, false),
  ),
  xam(
    524,
    'XamUserGetGamerTag',
    [u32('user'), ptr('buffer'), u32('size')],
    win32Result,
    ['user', 'poll'],
    (k, index, at, room) => writeName(k, index, at, room, true),
  ),
  xam(
    529,
    'XamUserGetIndexFromXUID',
    [u64('xuid'), u32('flags'), ptr('index')],
    hresultResult,
    ['user', 'poll'],
    (k, xuid, _flags, out) => {
      if (xuid !== offlineId || !isSignedIn(k, 0)) return hresult.NO_SUCH_USER
      k.memory.store32(out, 0)
      return 0
    },
  ),
  // What a privilege allows needs the network, and there is none.
  xam(
    530,
    'XamUserCheckPrivilege',
    [u32('user'), u32('privilege'), ptr('allowed')],
    win32Result,
    ['user', 'poll'],
    (k, index, _privilege, out) => {
      k.memory.store32(out, 0)
      return (index & 0xff) !== 0xff && !isSignedIn(k, index) ? win32.NOT_LOGGED_ON : win32.SUCCESS
    },
  ),
  xam(
    531,
    'XamUserAreUsersFriends',
    [u32('user'), u32('a'), u32('b'), ptr('result'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, index, _a, _b, out, overlapped) => {
      if (index >= users) return win32.INVALID_PARAMETER
      k.memory.store32(out, 0)
      return conclude(k, overlapped, { result: isSignedIn(k, index) ? win32.SUCCESS : win32.NOT_LOGGED_ON })
    },
  ),
  xam(539, 'XamUserGetMembershipTier', [u32('user')], u32, ['user', 'poll'], () => 0),
  xam(540, 'XamUserGetUserFlags', [u32('user')], u32, ['user', 'poll'], () => 0),
  xam(534, 'XamUserGetUserFlagsFromXUID', [u64('xuid')], u32, ['user', 'poll'], () => 0),
  xam(542, 'XamUserIsGuest', [u32('user')], bool, ['user', 'poll'], () => false),
  xam(545, 'XamUserIsOnlineEnabled', [u32('user')], bool, ['user', 'poll'], () => false),
  xam(
    964,
    'XamUserGetSubscriptionType',
    [u32('user'), u32('a'), u32('b')],
    hresultResult,
    ['user', 'poll'],
    () => hresult.NOT_LOGGED_ON,
  ),
  xam(
    686,
    'XamUserIsUnsafeProgrammingAllowed',
    [u32('user'), u32('a'), ptr('allowed')],
    hresultResult,
    ['user', 'poll'],
    (k, _index, _a, out) => {
      if (out === 0) return hresult.INVALID_ARGUMENT
      k.memory.store32(out, 1)
      return 0
    },
  ),
  xam(
    1206,
    'XamUserContentRestrictionGetFlags',
    [u32('user'), ptr('flags')],
    hresultResult,
    ['user', 'poll'],
    (k, _index, out) => {
      k.memory.store32(out, 0)
      return 0
    },
  ),
  xam(
    775,
    'XamUserAddRecentPlayer',
    [u32('a')],
    nothing,
    ['user'],
    withoutEffect('nobody else plays: there is no list of those met', () => {}),
  ),
]
