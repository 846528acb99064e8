/** The console's own settings, as a title asks for them: one row a setting. */
import type { Kernel } from './context.ts'
import { kernelState } from './outcome.ts'

export interface Setting {
  readonly category: number
  readonly setting: number
  readonly name: string
  /** Big-endian, as it is copied out. */
  readonly bytes: readonly number[]
}

const word = (value: number): number[] => [24, 16, 8, 0].map(shift => (value >>> shift) & 0xff)

/** English, in the United States, on a wide screen: what most titles were made for. */
const language = 1
const country = 103
export const gameRegion = 0x00ff
/** HDMI. Titles for NTSC refuse what is none of 3, 4, 6, 8. */
export const avPack = 8
export const speakerConfig = 0x00010001

const row = (category: number, setting: number, name: string, bytes: readonly number[]): Setting => ({
  category,
  setting,
  name,
  bytes,
})

export const settings: readonly Setting[] = [
  row(2, 1, 'MAC address', [0x02, 0, 0, 0, 0, 1]),
  row(2, 2, 'television region', word(0x00001000)),
  row(2, 3, 'game region', [0, 0xff]),
  row(2, 4, 'DVD region', word(1)),
  row(3, 1, 'time zone bias', word(0)),
  row(3, 2, 'standard time name', word(0)),
  row(3, 3, 'daylight time name', word(0)),
  row(3, 4, 'standard time date', word(0)),
  row(3, 5, 'daylight time date', word(0)),
  row(3, 6, 'standard time bias', word(0)),
  row(3, 7, 'daylight time bias', word(0)),
  row(3, 8, 'default profile', [...word(0), ...word(0)]),
  row(3, 9, 'language', word(language)),
  row(3, 0xa, 'video flags', word(0x00040000)),
  row(3, 0xb, 'audio flags', word(speakerConfig)),
  row(3, 0xc, 'retail flags', word(0)),
  row(3, 0xe, 'country', [country]),
  row(3, 0xf, 'parental control flags', [0]),
  row(7, 1, 'screen saver', [0, 0]),
  row(7, 2, 'automatic shut-off', [0, 0]),
  row(7, 4, 'camera', word(0)),
  row(7, 7, 'keyboard layout', [0, 0]),
]

/** Categories that exist, whether any setting of them does. */
export const lastCategory = 0xb

/** Settings that the title changed, by category and number. */
const changed = kernelState<Record<string, Uint8Array>>('settings', () => ({}))
const keyOf = (category: number, setting: number): string => `${category}:${setting}`

/** What a setting is now; undefined when there is no such setting. */
export function settingBytes(k: Kernel, category: number, setting: number): Uint8Array | undefined {
  const found = findSetting(category, setting)
  return found === undefined ? undefined : (k.state(changed)[keyOf(category, setting)] ?? new Uint8Array(found.bytes))
}

export function changeSetting(k: Kernel, category: number, setting: number, bytes: Uint8Array): void {
  k.state(changed)[keyOf(category, setting)] = bytes
}

export function findSetting(category: number, setting: number): Setting | undefined {
  return settings.find(each => each.category === category && each.setting === setting)
}

/** The picture titles are told of. */
export const display = { width: 1280, height: 720, refresh: 60 } as const

/** The block of VdQueryVideoMode: size, interlaced, wide, high definition, rate, NTSC, and two constants titles carry on. */
export function videoModeWords(): readonly number[] {
  const rate = new DataView(new ArrayBuffer(4))
  rate.setFloat32(0, display.refresh)
  return [display.width, display.height, 0, 1, 1, rate.getUint32(0), 1, 0x4a, 1, 0, 0, 0]
}
