/**
 * The one person at this console: signed in to it, not to any network. Settings a title writes to the profile are kept
 * for the run.
 */
import type { Kernel } from './context.ts'
import { broadcast, notification } from './notify.ts'
import { kernelState } from './outcome.ts'

export const userName = 'User'
/** An identity that never was online: its upper half says so. */
export const offlineId = 0xe000_0000_0000_0001n
export const signedIn = { no: 0, locally: 1, online: 2 } as const
export const users = 4
const anyUser = 0xff

const session = kernelState('session', () => ({ isOpen: true }))

export const isSignedIn = (k: Kernel, index: number): boolean => index === 0 && k.state(session).isOpen

/** Who is signed in, a bit a place. */
export const usersPresent = (k: Kernel): number => (isSignedIn(k, 0) ? 1 : 0)

/** Bits of XamUserLogon: the list names who comes besides, or who goes; with neither, all who shall be there. */
const logon = { add: 4, remove: 8 } as const

/** Signs in and out by a list of identities, one a place at the console; false where somebody unknown is to come in. */
export function changeSession(k: Kernel, identities: readonly bigint[], flags: number): boolean {
  const isRemoval = (flags & logon.remove) !== 0
  if (!isRemoval && identities.some((id, place) => id !== 0n && (id !== offlineId || place !== 0))) return false
  const state = k.state(session)
  const before = state.isOpen
  const isNamed = identities.includes(offlineId)
  if (isRemoval) state.isOpen = before && !isNamed
  else state.isOpen = isNamed || (before && (flags & logon.add) !== 0)
  if (state.isOpen !== before) broadcast(k, notification.signInChanged, usersPresent(k))
  return true
}
/** The user an index means: `any` is the one there is. */
export const userIndex = (index: number): number => ((index & 0xff) === anyUser ? 0 : index)

/** A value of a profile setting, by what the setting's number says it is. */
export interface SettingValue {
  readonly type: number
  /** The eight bytes of the value, or of length and pointer for text and bytes. */
  readonly low: number
  readonly high: number
  readonly bytes: Uint8Array | null
}

export const settingType = {
  context: 0,
  int32: 1,
  int64: 2,
  double: 3,
  unicode: 4,
  float: 5,
  binary: 6,
  dateTime: 7,
} as const

export const profile = kernelState<Record<string, SettingValue>>('profile', () => ({}))

const valueKey = (title: number, id: number): string => `${title.toString(16)}:${id.toString(16)}`

export function settingOf(k: Kernel, title: number, id: number): SettingValue | undefined {
  return k.state(profile)[valueKey(title, id)]
}

export function setSetting(k: Kernel, title: number, id: number, value: SettingValue): void {
  const held = k.state(profile)
  const key = valueKey(title, id)
  delete held[key]
  held[key] = value
}

/** The kind and the largest size of a setting are in its number. */
export const typeOfSetting = (id: number): number => (id >>> 28) & 0xf
export const sizeOfSetting = (id: number): number => (id >>> 16) & 0xfff
