/** The buttons of a game pad, by the bit each is in what a pad shows. */
export const buttons = {
  up: 0x0001,
  down: 0x0002,
  left: 0x0004,
  right: 0x0008,
  start: 0x0010,
  back: 0x0020,
  ls: 0x0040,
  rs: 0x0080,
  lb: 0x0100,
  rb: 0x0200,
  guide: 0x0400,
  a: 0x1000,
  b: 0x2000,
  x: 0x4000,
  y: 0x8000,
} as const
