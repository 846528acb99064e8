/** Names of the bits and small numbers in a container's headers, for people. */
export type BitNames = readonly (readonly [mask: number, name: string])[]

export const moduleFlagNames: BitNames = [
  [0x1, 'title'],
  [0x2, 'exports to title'],
  [0x4, 'system debugger'],
  [0x8, 'library'],
  [0x10, 'patch'],
  [0x20, 'full patch'],
  [0x40, 'delta patch'],
  [0x80, 'user mode'],
  [0x40000000, 'bound path'],
  [0x80000000, 'silent load'],
]

export const imageFlagNames: BitNames = [
  [0x2, 'manufacturing utility'],
  [0x4, 'manufacturing support tool'],
  [0x8, 'XGD2 media only'],
  [0x100, 'cardea key'],
  [0x200, 'xeika key'],
  [0x400, 'title user mode'],
  [0x800, 'system user mode'],
  [0x1000, 'orange 0'],
  [0x2000, 'orange 1'],
  [0x4000, 'orange 2'],
  [0x10000, 'IPTV signup'],
  [0x20000, 'IPTV title'],
  [0x4000000, 'key vault privileges required'],
  [0x8000000, 'online activation'],
  [0x10000000, '4 KiB pages'],
  [0x20000000, 'region free'],
  [0x40000000, 'revocation check optional'],
  [0x80000000, 'revocation check required'],
]

export const mediaNames: BitNames = [
  [0x1, 'hard disk'],
  [0x2, 'DVD-X2'],
  [0x4, 'DVD/CD'],
  [0x8, 'DVD-5'],
  [0x10, 'DVD-9'],
  [0x20, 'flash'],
  [0x80, 'memory unit'],
  [0x100, 'USB mass storage'],
  [0x200, 'network'],
  [0x400, 'memory'],
  [0x800, 'RAM drive'],
  [0x1000, 'SVOD'],
]

/** A mask covers several regions; one bit of it is enough to be allowed there. */
export const regionNames: BitNames = [
  [0xff, 'NTSC/U'],
  [0x100, 'Japan'],
  [0x200, 'China'],
  [0xfc00, 'rest of Asia'],
  [0x10000, 'Australia and New Zealand'],
  [0xfe0000, 'Europe'],
  [0xff000000, 'rest of world'],
]

export const systemFlagNames: BitNames = [
  [0x1, 'no forced reboot'],
  [0x2, 'foreground tasks'],
  [0x4, 'no odd mapping'],
  [0x20, 'handles pad disconnect'],
  [0x40, 'insecure sockets'],
  [0x200, 'game voice channel'],
  [0x400, 'PAL-50 incompatible'],
  [0x800, 'insecure utility drive'],
  [0x8000, 'multidisc swap'],
  [0x100000, 'creates persistable RAM drive'],
  [0x4000000, 'extended system reservation'],
]

export function namesOfBits(value: number, names: BitNames): string[] {
  return names.filter(([mask]) => (value & mask) !== 0).map(([, name]) => name)
}

/** `MS-2001` of 0x4D5307D1: two letters of the publisher and the game's number; empty where they are no letters. */
export function titleIdText(titleId: number): string {
  const letters = String.fromCharCode(titleId >>> 24, (titleId >>> 16) & 255)
  return /^[A-Z0-9]{2}$/.test(letters) ? `${letters}-${titleId & 0xffff}` : ''
}
