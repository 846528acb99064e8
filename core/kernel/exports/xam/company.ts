/** Who plays along and speaks: nobody. No party, no head set, no online name, no restriction. Sessions are objects. */
import {
  type Entry,
  handle,
  hresult as hresultResult,
  nothing,
  ptr,
  u32,
  u64,
  win32 as win32Result,
  withoutEffect,
  xam,
} from '../../call.ts'
import { openedBy } from '../../handles.ts'
import { broadcast } from '../../notify.ts'
import { operation } from '../../object.ts'
import { kernelState } from '../../outcome.ts'
import { conclude } from '../../overlapped.ts'
import { hresult, status, win32 } from '../../status.ts'
import { isSignedIn, userIndex } from '../../user.ts'

const nobody = 'nobody is in a party'
/** A rating that no table knows: content without one. */
const unrated = 0x3f

/** What of its own news the system may show, sound and play; all of it, until a title says otherwise. */
const options = kernelState('notification-options', () => ({ show: 1, movie: 1, sound: 1, television: 1 }))

/** What would be done in a party, by ordinal, name and labels. */
const party: readonly (readonly [ordinal: number, name: string, labels: string])[] = [
  [2816, 'XamPartySendGameInvites', 'caller user a'],
  [2827, 'XamPartySetCustomData', 'a b c'],
  [2832, 'XamPartyGetBandwidth', 'a b'],
]

export const company: readonly Entry[] = [
  ...party.map(([ordinal, name, labels]) =>
    xam(
      ordinal,
      name,
      labels.split(' ').map(label => u32(label)),
      win32Result,
      ['user'],
      withoutEffect(nobody, () => win32.FUNCTION_FAILED),
    ),
  ),
  xam(
    2815,
    'XamPartyGetUserList',
    [u32('caller'), ptr('list')],
    hresultResult,
    ['user', 'poll'],
    () => hresult.NOT_IN_PARTY,
  ),
  xam(780, 'XamVoiceCreate', [u32('a'), u32('b'), ptr('voice')], win32Result, ['audio'], (k, _a, _b, out) => {
    k.memory.store32(out, 0)
    return win32.ACCESS_DENIED
  }),
  xam(
    783,
    'XamVoiceClose',
    [ptr('voice')],
    win32Result,
    ['audio'],
    withoutEffect('no voice could be made', () => win32.SUCCESS),
  ),
  xam(781, 'XamVoiceHeadsetPresent', [ptr('voice')], u32, ['audio', 'poll'], () => 0),
  xam(1175, 'XamVoiceIsActiveProcess', [], u32, ['audio', 'poll'], () => 0),
  xam(790, 'XamSessionCreateHandle', [ptr('handle')], win32Result, ['user'], (k, out) => {
    k.memory.store32(out, k.handles.open(k.objects.create({ kind: 'Other' }), openedBy.creation))
    return win32.SUCCESS
  }),
  xam(791, 'XamSessionRefObjByHandle', [handle('session'), ptr('object')], win32Result, ['user'], (k, value, out) => {
    const object = k.handles.need(value, ['Other'], operation.other)
    if (typeof object === 'number')
      return object === status.INVALID_HANDLE ? win32.INVALID_HANDLE : win32.INVALID_PARAMETER
    k.objects.reference(object)
    k.memory.store32(out, object.address)
    return win32.SUCCESS
  }),
  xam(
    1207,
    'XamUserContentRestrictionGetRating',
    [u32('user'), u32('a'), ptr('rating'), ptr('flags')],
    win32Result,
    ['user', 'poll'],
    (k, user, _a, ratingAt, flagsAt) => {
      if (!isSignedIn(k, userIndex(user))) return win32.NO_SUCH_USER
      k.memory.store32(ratingAt, unrated)
      k.memory.store32(flagsAt, 0)
      return 0
    },
  ),
  xam(
    1208,
    'XamUserContentRestrictionCheckAccess',
    [u32('user'), u32('a'), u32('b'), u32('c'), u32('d'), ptr('allowed'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, _user, _a, _b, _c, _d, out, overlapped) => {
      k.memory.store32(out, 1)
      return conclude(k, overlapped, { result: win32.SUCCESS })
    },
  ),
  xam(
    1264,
    'XamUserGetOnlineXUIDFromOfflineXUID',
    [u64('offline'), ptr('online')],
    hresultResult,
    ['user', 'poll'],
    (k, _offline, out) => {
      k.memory.store64(out, 0n)
      return hresult.NO_SUCH_USER
    },
  ),
  xam(654, 'XNotifyBroadcast', [u32('notification'), u32('parameter')], win32Result, ['user'], (k, id, parameter) => {
    broadcast(k, id, parameter)
    return win32.SUCCESS
  }),
  xam(
    658,
    'XNotifyUISetOptions',
    [u32('show'), u32('movie'), u32('sound'), u32('television')],
    nothing,
    ['user'],
    (k, show, movie, sound, television) => {
      Object.assign(k.state(options), { show, movie, sound, television })
    },
  ),
  xam(
    659,
    'XNotifyUIGetOptions',
    [ptr('show'), ptr('movie'), ptr('sound'), ptr('television')],
    nothing,
    ['user', 'poll'],
    (k, ...places) => {
      const { show, movie, sound, television } = k.state(options)
      for (const [i, value] of [show, movie, sound, television].entries()) {
        const at = places[i] ?? 0
        if (at !== 0) k.memory.store32(at, value)
      }
    },
  ),
]
