/** Counted strings, conversions between 8-bit and 16-bit text, formatting, dates, status translation. */
import { crc32 } from 'node:zlib'
import {
  bool,
  cstr,
  type Entry,
  i32,
  krnl,
  nothing,
  ptr,
  readAnsi,
  rest,
  status as statusResult,
  u8,
  u16,
  u32,
  type Variadic,
  variadicAt,
  wstr,
} from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { readDate, writeDate } from '../../dates.ts'
import { dosError } from '../../dos-errors.ts'
import { formatText, narrowed } from '../../format.ts'
import { kernelState } from '../../outcome.ts'
import { status } from '../../status.ts'
import { ANSI_STRING, TIME_FIELDS, UNICODE_STRING } from '../../structs.ts'
import { narrowBytes, wideBytes } from '../../text.ts'

const longestCounted = 0xffff
const nul = 1

/** Units of so many bytes of the text at an address, up to its NUL; no more than so many. */
function unitsAt(k: Kernel, at: number, bytes: 1 | 2, most: number): number {
  const unit = bytes === 1 ? k.memory.load8 : k.memory.load16
  let units = 0
  while (units < most && unit(at + units * bytes) !== 0) units += 1
  return units
}

function wideText(k: Kernel, at: number, units: number): string {
  let text = ''
  for (let i = 0; i < units; i += 1) text += String.fromCharCode(k.memory.load16(at + i * 2))
  return text
}

const readUnicode = (k: Kernel, at: number): string =>
  wideText(k, k.memory.load32(at + UNICODE_STRING.buffer), k.memory.load16(at + UNICODE_STRING.length) >>> 1)

/** Puts a narrow or wide text with its NUL at an address. */
function writeTerminated(k: Kernel, at: number, text: string, wide: boolean): number {
  k.memory.write(at, wide ? wideBytes(`${text}\0`) : narrowBytes(`${text}\0`))
  return text.length
}

/** What the counted functions of the run-time do: no NUL when the text just fits, -1 when it does not. */
function writeCounted(k: Kernel, at: number, room: number, text: string, wide: boolean): number {
  const shown = text.length < room ? `${text}\0` : text.slice(0, room)
  k.memory.write(at, wide ? wideBytes(shown) : narrowBytes(shown))
  return text.length > room ? -1 : text.length
}

const narrow = (k: Kernel, format: string | undefined, args: Variadic): string =>
  formatText(format ?? '', args, k.memory, 'narrow')
const wide = (k: Kernel, format: string | undefined, args: Variadic): string =>
  formatText(format ?? '', args, k.memory, 'wide')

function setCounted(k: Kernel, at: number, length: number, maximum: number, buffer: number): void {
  k.memory.store16(at + ANSI_STRING.length, length)
  k.memory.store16(at + ANSI_STRING.maximumLength, maximum)
  k.memory.store32(at + ANSI_STRING.buffer, buffer)
}

/** Buffers the kernel allocated for strings, by address. */
const stringBuffers = kernelState<Record<number, number>>('string-buffers', () => ({}))

function freeCounted(k: Kernel, at: number): void {
  const buffer = k.memory.load32(at + ANSI_STRING.buffer)
  const sizes = k.state(stringBuffers)
  const size = sizes[buffer]
  if (size !== undefined) {
    delete sizes[buffer]
    k.pool.free(buffer, size)
  }
  setCounted(k, at, 0, 0, 0)
}

/** Copies the bytes of one counted string to another, as many as fit. */
function copyCounted(k: Kernel, to: number, from: number): void {
  if (from === 0) {
    k.memory.store16(to + ANSI_STRING.length, 0)
    return
  }
  const length = Math.min(k.memory.load16(from + ANSI_STRING.length), k.memory.load16(to + ANSI_STRING.maximumLength))
  const bytes = k.memory.read(k.memory.load32(from + ANSI_STRING.buffer), length)
  k.memory.write(k.memory.load32(to + ANSI_STRING.buffer), bytes)
  k.memory.store16(to + ANSI_STRING.length, length)
}

/** Appends the bytes of one counted string to another. */
function appendCounted(k: Kernel, to: number, from: number): number {
  const have = k.memory.load16(to + ANSI_STRING.length)
  const more = k.memory.load16(from + ANSI_STRING.length)
  if (have + more > k.memory.load16(to + ANSI_STRING.maximumLength)) return status.BUFFER_TOO_SMALL
  const bytes = k.memory.read(k.memory.load32(from + ANSI_STRING.buffer), more)
  k.memory.write(k.memory.load32(to + ANSI_STRING.buffer) + have, bytes)
  k.memory.store16(to + ANSI_STRING.length, have + more)
  return status.SUCCESS
}

const upperLatin = (code: number): number =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0xe0 && code <= 0xfe && code !== 0xf7) ? code - 0x20 : code
const lowerLatin = (code: number): number =>
  (code >= 0x41 && code <= 0x5a) || (code >= 0xc0 && code <= 0xde && code !== 0xd7) ? code + 0x20 : code

function lowerUnit(unit: number): number {
  const lower = String.fromCharCode(unit).toLowerCase()
  return lower.length === 1 ? lower.charCodeAt(0) : unit
}

function upperUnit(unit: number): number {
  const upper = String.fromCharCode(unit).toUpperCase()
  return upper.length === 1 ? upper.charCodeAt(0) : unit
}

/** Below, at or above zero as the first text sorts before, with or after the second. */
function compareText(a: string, b: string, ignoreCase: boolean): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const left = ignoreCase ? upperLatin(a.charCodeAt(i)) : a.charCodeAt(i)
    const right = ignoreCase ? upperLatin(b.charCodeAt(i)) : b.charCodeAt(i)
    if (left !== right) return left - right
  }
  return a.length - b.length
}

/** Bytes of the text at an address: `length`, or up to its NUL when that is all ones. */
function counted(k: Kernel, at: number, length: number): string {
  return length === 0xffffffff ? k.memory.text(at, longestCounted) : String.fromCharCode(...k.memory.read(at, length))
}

export const strings: readonly Entry[] = [
  krnl(
    300,
    'RtlInitAnsiString',
    [ptr(ANSI_STRING, 'target'), ptr('source')],
    nothing,
    ['strings', 'poll'],
    (k, at, source) => {
      const length = source === 0 ? 0 : Math.min(unitsAt(k, source, 1, longestCounted), longestCounted - nul)
      setCounted(k, at, length, source === 0 ? 0 : length + nul, source)
    },
  ),
  krnl(
    301,
    'RtlInitUnicodeString',
    [ptr(UNICODE_STRING, 'target'), ptr('source')],
    nothing,
    ['strings', 'poll'],
    (k, at, source) => {
      const units = source === 0 ? 0 : unitsAt(k, source, 2, longestCounted >>> 1)
      setCounted(k, at, units * 2, source === 0 ? 0 : Math.min(units * 2 + 2, 0xfffe), source)
    },
  ),
  krnl(295, 'RtlFreeAnsiString', [ptr(ANSI_STRING, 'string')], nothing, ['strings'], (k, at) => freeCounted(k, at)),
  krnl(296, 'RtlFreeUnicodeString', [ptr(UNICODE_STRING, 'string')], nothing, ['strings'], (k, at) =>
    freeCounted(k, at),
  ),
  krnl(
    289,
    'RtlCopyString',
    [ptr(ANSI_STRING, 'target'), ptr(ANSI_STRING, 'source')],
    nothing,
    ['strings'],
    (k, to, from) => copyCounted(k, to, from),
  ),
  krnl(
    290,
    'RtlCopyUnicodeString',
    [ptr(UNICODE_STRING, 'target'), ptr(UNICODE_STRING, 'source')],
    nothing,
    ['strings'],
    (k, to, from) => copyCounted(k, to, from),
  ),
  krnl(
    277,
    'RtlAppendStringToString',
    [ptr(ANSI_STRING, 'target'), ptr(ANSI_STRING, 'source')],
    statusResult,
    ['strings'],
    (k, to, from) => appendCounted(k, to, from),
  ),
  krnl(
    284,
    'RtlCompareString',
    [ptr(ANSI_STRING, 'a'), ptr(ANSI_STRING, 'b'), bool('ignoreCase')],
    i32,
    ['strings', 'poll'],
    (k, a, b, ignoreCase) => compareText(readAnsi(k.memory, a), readAnsi(k.memory, b), ignoreCase),
  ),
  krnl(
    285,
    'RtlCompareStringN',
    [u32('a'), u32('aLength'), u32('b'), u32('bLength'), bool('ignoreCase')],
    i32,
    ['strings', 'poll'],
    (k, a, aLength, b, bLength, ignoreCase) => compareText(counted(k, a, aLength), counted(k, b, bLength), ignoreCase),
  ),
  krnl(
    286,
    'RtlCompareUnicodeString',
    [ptr(UNICODE_STRING, 'a'), ptr(UNICODE_STRING, 'b'), bool('ignoreCase')],
    i32,
    ['strings', 'poll'],
    (k, a, b, ignoreCase) => compareText(readUnicode(k, a), readUnicode(k, b), ignoreCase),
  ),
  krnl(
    287,
    'RtlCompareUnicodeStringN',
    [u32('a'), u32('aUnits'), u32('b'), u32('bUnits'), bool('ignoreCase')],
    i32,
    ['strings', 'poll'],
    (k, a, aUnits, b, bUnits, ignoreCase) => compareText(wideText(k, a, aUnits), wideText(k, b, bUnits), ignoreCase),
  ),
  krnl(
    276,
    'RtlAnsiStringToUnicodeString',
    [ptr(UNICODE_STRING, 'target'), ptr(ANSI_STRING, 'source'), bool('allocate')],
    statusResult,
    ['strings'],
    (k, to, from, allocate) => {
      const text = readAnsi(k.memory, from)
      const bytes = (text.length + nul) * 2
      if (allocate) {
        if (!k.pool.fits(bytes)) return status.NO_MEMORY
        const buffer = k.pool.allocate(bytes)
        k.state(stringBuffers)[buffer] = bytes
        setCounted(k, to, text.length * 2, bytes, buffer)
      } else if (k.memory.load16(to + UNICODE_STRING.maximumLength) < bytes) return status.BUFFER_OVERFLOW
      writeTerminated(k, k.memory.load32(to + UNICODE_STRING.buffer), text, true)
      k.memory.store16(to + UNICODE_STRING.length, text.length * 2)
      return status.SUCCESS
    },
  ),
  krnl(
    278,
    'RtlAppendUnicodeStringToString',
    [ptr(UNICODE_STRING, 'target'), ptr(UNICODE_STRING, 'source')],
    statusResult,
    ['strings'],
    (k, to, from) => appendCounted(k, to, from),
  ),
  krnl(
    279,
    'RtlAppendUnicodeToString',
    [ptr(UNICODE_STRING, 'target'), wstr('source')],
    statusResult,
    ['strings'],
    (k, to, source = '') => {
      const have = k.memory.load16(to + UNICODE_STRING.length)
      if (have + source.length * 2 > k.memory.load16(to + UNICODE_STRING.maximumLength)) return status.BUFFER_TOO_SMALL
      k.memory.write(k.memory.load32(to + UNICODE_STRING.buffer) + have, wideBytes(source))
      k.memory.store16(to + UNICODE_STRING.length, have + source.length * 2)
      return status.SUCCESS
    },
  ),
  krnl(292, 'RtlDowncaseUnicodeChar', [u16('character')], u32, ['strings', 'poll'], (_k, unit) => lowerUnit(unit)),
  krnl(306, 'RtlLowerChar', [u8('character')], u32, ['strings', 'poll'], (_k, code) => lowerLatin(code)),
  krnl(330, 'RtlUpperChar', [u8('character')], u32, ['strings', 'poll'], (_k, code) => upperLatin(code)),
  krnl(329, 'RtlUpcaseUnicodeChar', [u16('character')], u32, ['strings', 'poll'], (_k, unit) => upperUnit(unit)),
  krnl(
    307,
    'RtlMultiByteToUnicodeN',
    [u32('target'), u32('room'), u32('written'), u32('source'), u32('length')],
    statusResult,
    ['strings', 'poll'],
    (k, target, room, written, source, length) => {
      const units = Math.min(room >>> 1, length)
      k.memory.write(target, wideBytes(String.fromCharCode(...k.memory.read(source, units))))
      if (written !== 0) k.memory.store32(written, units * 2)
      return status.SUCCESS
    },
  ),
  krnl(
    323,
    'RtlUnicodeToMultiByteN',
    [u32('target'), u32('room'), u32('written'), u32('source'), u32('length')],
    statusResult,
    ['strings', 'poll'],
    (k, target, room, written, source, length) => {
      const units = Math.min(room, length >>> 1)
      k.memory.write(target, narrowBytes(narrowed(wideText(k, source, units))))
      if (written !== 0) k.memory.store32(written, units)
      return status.SUCCESS
    },
  ),
  krnl(
    322,
    'RtlUnicodeStringToAnsiString',
    [ptr(ANSI_STRING, 'target'), ptr(UNICODE_STRING, 'source'), bool('allocate')],
    statusResult,
    ['strings'],
    (k, to, from, allocate) => {
      const text = narrowed(readUnicode(k, from))
      if (allocate) {
        if (!k.pool.fits(text.length + nul)) return status.NO_MEMORY
        const buffer = k.pool.allocate(text.length + nul)
        k.state(stringBuffers)[buffer] = text.length + nul
        setCounted(k, to, text.length, text.length + nul, buffer)
        writeTerminated(k, buffer, text, false)
        return status.SUCCESS
      }
      const room = k.memory.load16(to + ANSI_STRING.maximumLength)
      if (room === 0) return status.BUFFER_OVERFLOW
      const shown = text.slice(0, room - nul)
      writeTerminated(k, k.memory.load32(to + ANSI_STRING.buffer), shown, false)
      k.memory.store16(to + ANSI_STRING.length, shown.length)
      return shown.length < text.length ? status.BUFFER_OVERFLOW : status.SUCCESS
    },
  ),

  krnl(315, 'sprintf', [u32('buffer'), cstr('format'), rest], i32, ['strings'], (k, at, format, args) =>
    writeTerminated(k, at, narrow(k, format, args), false),
  ),
  krnl(
    314,
    '_snprintf',
    [u32('buffer'), u32('count'), cstr('format'), rest],
    i32,
    ['strings'],
    (k, at, count, format, args) => writeCounted(k, at, count, narrow(k, format, args), false),
  ),
  krnl(
    313,
    '_scprintf',
    [cstr('format'), rest],
    i32,
    ['strings', 'poll'],
    (k, format, args) => narrow(k, format, args).length,
  ),
  krnl(334, 'vsprintf', [u32('buffer'), cstr('format'), u32('list')], i32, ['strings'], (k, at, format, list) =>
    writeTerminated(k, at, narrow(k, format, variadicAt(k.memory, list)), false),
  ),
  krnl(
    333,
    '_vsnprintf',
    [u32('buffer'), u32('count'), cstr('format'), u32('list')],
    i32,
    ['strings'],
    (k, at, count, format, list) => writeCounted(k, at, count, narrow(k, format, variadicAt(k.memory, list)), false),
  ),
  krnl(
    332,
    '_vscprintf',
    [cstr('format'), u32('list')],
    i32,
    ['strings', 'poll'],
    (k, format, list) => narrow(k, format, variadicAt(k.memory, list)).length,
  ),
  krnl(318, 'swprintf', [u32('buffer'), wstr('format'), rest], i32, ['strings'], (k, at, format, args) =>
    writeTerminated(k, at, wide(k, format, args), true),
  ),
  krnl(
    317,
    '_snwprintf',
    [u32('buffer'), u32('count'), wstr('format'), rest],
    i32,
    ['strings'],
    (k, at, count, format, args) => writeCounted(k, at, count, wide(k, format, args), true),
  ),
  krnl(
    316,
    '_scwprintf',
    [wstr('format'), rest],
    i32,
    ['strings', 'poll'],
    (k, format, args) => wide(k, format, args).length,
  ),
  krnl(337, 'vswprintf', [u32('buffer'), wstr('format'), u32('list')], i32, ['strings'], (k, at, format, list) =>
    writeTerminated(k, at, wide(k, format, variadicAt(k.memory, list)), true),
  ),
  krnl(
    336,
    '_vsnwprintf',
    [u32('buffer'), u32('count'), wstr('format'), u32('list')],
    i32,
    ['strings'],
    (k, at, count, format, list) => writeCounted(k, at, count, wide(k, format, variadicAt(k.memory, list)), true),
  ),
  krnl(
    335,
    '_vscwprintf',
    [wstr('format'), u32('list')],
    i32,
    ['strings', 'poll'],
    (k, format, list) => wide(k, format, variadicAt(k.memory, list)).length,
  ),

  krnl(309, 'RtlNtStatusToDosError', [u32('status')], u32, ['strings', 'hot', 'poll'], (_k, code) => dosError(code)),
  krnl(
    320,
    'RtlTimeToTimeFields',
    [u32('time'), ptr(TIME_FIELDS, 'fields')],
    nothing,
    ['time', 'poll'],
    (k, time, at) => writeDate(k.memory, at, TIME_FIELDS, k.memory.load64(time)),
  ),
  krnl(
    319,
    'RtlTimeFieldsToTime',
    [ptr(TIME_FIELDS, 'fields'), u32('time')],
    bool,
    ['time', 'poll'],
    (k, at, target) => {
      const time = readDate(k.memory, at, TIME_FIELDS)
      if (time !== undefined) k.memory.store64(target, time)
      return time !== undefined
    },
  ),
  krnl(
    635,
    'RtlComputeCrc32',
    [u32('seed'), u32('at'), u32('length')],
    u32,
    ['strings', 'poll'],
    (k, seed, at, length) => crc32(k.memory.read(at, length), seed),
  ),
]
