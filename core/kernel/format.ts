/**
 * The printf family over guest arguments. Texts are strings of 8-bit characters in the narrow functions and of 16-bit
 * units in the wide ones. What differs from C is the platform's run-time: `I64`, `w`, `Z`, `%S` for the other width,
 * three digits of exponent, `1.#INF`.
 */
import { limits } from '../base/limits.ts'
import type { GuestMemory } from '../memory/guest.ts'
import type { Variadic } from './call.ts'
import { fixedText, hexText, scientificParts } from './decimal.ts'

export type Width = 'narrow' | 'wide'

interface Spec {
  left: boolean
  sign: '' | '+' | ' '
  alternate: boolean
  zero: boolean
  width: number
  precision: number | undefined
  size: string
  type: string
}

const pattern = /%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?(ll|I64|I32|hh|[hlLwIzjt])?(.)/gs
const longest = limits.formattedText.value

const bits = new DataView(new ArrayBuffer(8))

function readNarrow(memory: GuestMemory, at: number, most: number): string {
  let text = ''
  for (let i = 0; i < most && text.length < longest; i += 1) {
    const code = memory.load8(at + i)
    if (code === 0) break
    text += String.fromCharCode(code)
  }
  return text
}

function readWide(memory: GuestMemory, at: number, most: number): string {
  let text = ''
  for (let i = 0; i < most && text.length < longest; i += 1) {
    const unit = memory.load16(at + i * 2)
    if (unit === 0) break
    text += String.fromCharCode(unit)
  }
  return text
}

/** 16-bit units in a narrow text: what does not fit is `?`, as the platform converts. */
export const narrowed = (text: string): string => text.replace(/[^\0-\xff]/g, '?')

function pad(spec: Spec, sign: string, body: string): string {
  const missing = Math.min(spec.width, longest) - sign.length - body.length
  if (missing <= 0) return sign + body
  if (spec.left) return sign + body + ' '.repeat(missing)
  return spec.zero ? sign + '0'.repeat(missing) + body : ' '.repeat(missing) + sign + body
}

function integer(spec: Spec, args: Variadic): string {
  const raw = args.long()
  const { size, type } = spec
  const width = size === 'll' || size === 'I64' || size === 'j' ? 64 : size === 'hh' ? 8 : size === 'h' ? 16 : 32
  const signed = type === 'd' || type === 'i'
  const value = signed ? BigInt.asIntN(width, raw) : BigInt.asUintN(width, raw)
  const radix = type === 'o' ? 8 : type === 'x' || type === 'X' || type === 'p' ? 16 : 10
  let digits = (value < 0n ? -value : value).toString(radix)
  if (type === 'X' || type === 'p') digits = digits.toUpperCase()
  if (spec.precision === 0 && value === 0n) digits = ''
  digits = digits.padStart(Math.min(spec.precision ?? 1, longest), '0')
  let sign = signed ? (value < 0n ? '-' : spec.sign) : ''
  if (spec.alternate && value !== 0n && (type === 'x' || type === 'X')) sign = `0${type}`
  if (spec.alternate && type === 'o' && !digits.startsWith('0')) digits = `0${digits}`
  return pad({ ...spec, zero: spec.zero && spec.precision === undefined }, sign, digits)
}

function exponentText(letter: string, exponent: number): string {
  return `${letter}${exponent < 0 ? '-' : '+'}${Math.abs(exponent).toString().padStart(3, '0')}`
}

function scientific(value: number, places: number, alternate: boolean, letter: string): string {
  const { digits, exponent } = scientificParts(value, places)
  const point = places > 0 || alternate ? '.' : ''
  return `${digits[0]}${point}${digits.slice(1)}${exponentText(letter, exponent)}`
}

function general(value: number, precision: number, alternate: boolean, letter: string): string {
  const significant = precision === 0 ? 1 : precision
  const { exponent } = scientificParts(value, significant - 1)
  const fixed = exponent >= -4 && exponent < significant
  const text = fixed
    ? fixedText(value, significant - 1 - exponent)
    : scientific(value, significant - 1, alternate, letter)
  if (alternate) return fixed && !text.includes('.') ? `${text}.` : text
  return text.replace(/\.(\d*?)0*(?=$|[eE])/, (_, kept: string) => (kept === '' ? '' : `.${kept}`))
}

/** The platform prints what is no number as digits that cannot be one. */
function notFinite(value: number): string {
  if (!Number.isNaN(value)) return '1.#INF'
  bits.setFloat64(0, value)
  return '1.#QNAN'
}

function float(spec: Spec, args: Variadic): string {
  const raw = args.float()
  bits.setFloat64(0, raw)
  const sign = bits.getUint8(0) & 0x80 ? '-' : spec.sign
  const places = Math.min(spec.precision ?? 6, limits.formattedDigits.value)
  const { type } = spec
  const upper = type === type.toUpperCase()
  let body: string
  if (!Number.isFinite(raw)) body = notFinite(raw)
  else if (type === 'f' || type === 'F') body = fixedText(raw, places) + (spec.alternate && places === 0 ? '.' : '')
  else if (type === 'e' || type === 'E') body = scientific(raw, places, spec.alternate, type)
  else if (type === 'g' || type === 'G') body = general(raw, places, spec.alternate, upper ? 'E' : 'e')
  else body = hexText(raw, spec.precision === undefined ? undefined : places)
  if (upper) body = body.toUpperCase()
  return pad({ ...spec, zero: spec.zero && Number.isFinite(raw) }, sign, body)
}

/** Whether `%s`, `%c`, `%Z` mean 16-bit text here. */
function wideText(spec: Spec, width: Width): boolean {
  if (spec.size === 'h') return false
  if (spec.size === 'l' || spec.size === 'w' || spec.size === 'll') return true
  const own = width === 'wide'
  return spec.type === 'S' || spec.type === 'C' ? !own : spec.type === 'Z' ? false : own
}

function character(spec: Spec, args: Variadic, width: Width): string {
  const code = args.word()
  const text = String.fromCharCode(wideText(spec, width) ? code & 0xffff : code & 0xff)
  return pad({ ...spec, zero: false }, '', width === 'narrow' ? narrowed(text) : text)
}

function text(spec: Spec, args: Variadic, memory: GuestMemory, width: Width): string {
  const at = args.word()
  const most = spec.precision ?? longest
  const wide = wideText(spec, width)
  let body: string
  if (at === 0) body = '(null)'.slice(0, most)
  else if (spec.type === 'Z') {
    const length = memory.load16(at)
    const buffer = memory.load32(at + 4)
    body = wide
      ? readWide(memory, buffer, Math.min(most, length >>> 1))
      : readNarrow(memory, buffer, Math.min(most, length))
  } else body = wide ? readWide(memory, at, most) : readNarrow(memory, at, most)
  return pad({ ...spec, zero: false }, '', width === 'narrow' ? narrowed(body) : body)
}

/** The text a format and its arguments make. Reads guest memory for texts and writes it for `%n`. */
export function formatText(format: string, args: Variadic, memory: GuestMemory, width: Width): string {
  let out = ''
  let last = 0
  for (const match of format.matchAll(pattern)) {
    out += format.slice(last, match.index)
    last = match.index + match[0].length
    const [, flags = '', givenWidth = '', givenPrecision, size = '', type = ''] = match
    const spec: Spec = {
      left: flags.includes('-'),
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
      alternate: flags.includes('#'),
      zero: flags.includes('0'),
      width: 0,
      precision: undefined,
      size,
      type,
    }
    if (givenWidth === '*') {
      spec.width = args.word() | 0
      if (spec.width < 0) {
        spec.left = true
        spec.width = -spec.width
      }
    } else spec.width = Number(givenWidth)
    if (givenPrecision === '*') {
      const precision = args.word() | 0
      spec.precision = precision < 0 ? undefined : precision
    } else if (givenPrecision !== undefined) spec.precision = Number(givenPrecision)
    if ('diuoxX'.includes(type)) out += integer(spec, args)
    else if ('eEfFgGaA'.includes(type)) out += float(spec, args)
    else if (type === 'c' || type === 'C') out += character(spec, args, width)
    else if ('sSZ'.includes(type)) out += text(spec, args, memory, width)
    else if (type === 'p') out += integer({ ...spec, size: '', precision: 8 }, args)
    else if (type === 'n') memory.store32(args.word(), out.length)
    // `%%`, and a type nobody knows, print themselves.
    else out += type
    if (out.length > longest) return out.slice(0, longest)
  }
  out += format.slice(last)
  return out.slice(0, longest)
}
