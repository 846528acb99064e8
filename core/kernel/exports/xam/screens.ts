/**
 * More of the system's own screens. Each is up for a moment and then taken down by a person in no mood; one that asks
 * for something is cancelled. What follows from a screen is a matter of the network or of another person, so nothing does.
 */
import { type Entry, hresult as hresultResult, ptr, u32, u64, win32 as win32Result, xam } from '../../call.ts'
import { hresult, win32 } from '../../status.ts'
import { show } from './ui.ts'

/** Screens that tell and ask for nothing: ordinal, name, labels of what they are given. */
const told: readonly (readonly [ordinal: number, name: string, labels: string])[] = [
  [703, 'XamShowFriendsUI', 'user'],
  [704, 'XamShowMessagesUI', 'user'],
  [708, 'XamShowGamerCardUI', 'user xuid'],
  [710, 'XamShowPlayerReviewUI', 'user xuid'],
  [712, 'XamShowPlayersUI', 'user'],
  [717, 'XamShowGameInviteUI', 'user recipients count reason'],
  [718, 'XamShowFriendRequestUI', 'user xuid'],
  [772, 'XamShowGuideUI', 'user'],
  [773, 'XamShowPartyUI', 'user flags'],
  [779, 'XamShowCommunitySessionsUI', 'user type'],
  [1131, 'XamShowNuiTroubleshooterUI', 'user reason flags'],
]

export const screenRows: readonly Entry[] = [
  ...told.map(([ordinal, name, labels]) =>
    xam(
      ordinal,
      name,
      labels.split(' ').map(label => (label === 'xuid' ? u64(label) : u32(label))),
      win32Result,
      ['user'],
      k => show(k, 0, { result: win32.SUCCESS }),
    ),
  ),
  xam(
    743,
    'XamShowMarketplaceDownloadItemsUI',
    [u32('user'), u32('type'), ptr('offers'), u32('count'), ptr('result'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, _user, _type, _offers, _count, resultAt, overlapped) => {
      if (resultAt !== 0) k.memory.store32(resultAt, hresult.CANCELLED)
      return show(k, overlapped, { result: win32.CANCELLED })
    },
  ),
  xam(
    728,
    'XamShowPasscodeVerifyUI',
    [u32('user'), ptr('result'), u32('overlapped')],
    win32Result,
    ['user'],
    (k, _user, _resultAt, overlapped) => show(k, overlapped, { result: win32.CANCELLED }),
  ),
  xam(
    1133,
    'XamShowPasscodeVerifyUIEx',
    [u32('user'), ptr('result'), u32('options'), u32('overlapped')],
    hresultResult,
    ['user'],
    (k, _user, _resultAt, _options, overlapped) => {
      const code = show(k, overlapped, { result: win32.CANCELLED })
      return overlapped === 0 ? hresult.CANCELLED : code
    },
  ),
]
