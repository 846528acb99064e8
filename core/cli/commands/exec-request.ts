import { limits } from '../../base/limits.ts'

/** One request of `xenoscope exec`, checked and with its defaults. */
export interface ExecRequest {
  readonly id: string | number | null
  readonly base: number
  readonly code: Uint8Array
  readonly entry: number
  readonly registers: ReadonlyMap<string, bigint>
  readonly memory: readonly { readonly address: number; readonly bytes: Uint8Array }[]
  readonly max: number
  readonly engine: 'interpreter' | 'compiler'
  readonly fpscr: 'exact' | 'fast'
  readonly wide: boolean
  /** Names of the registers to answer with; undefined for all. */
  readonly out: readonly string[] | undefined
  readonly outMemory: readonly { readonly address: number; readonly length: number }[]
}

/** What is wrong with a request, in words for whoever wrote it. `id` is kept for the answer where it can be read. */
export class RequestError extends Error {
  readonly id: string | number | null
  constructor(message: string, id: string | number | null) {
    super(message)
    this.name = 'RequestError'
    this.id = id
  }
}

const keys = new Set(['id', 'base', 'code', 'entry', 'regs', 'mem', 'max', 'engine', 'fpscr', 'sf', 'out', 'outMem'])
const registerName = /^(?:[rf](?:[12]?\d|3[01])|v(?:\d|[1-9]\d|1[01]\d|12[0-7])|cr|xer|lr|ctr|fpscr|vscr|vrsave)$/

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

export function parseRequest(line: string): ExecRequest {
  let id: string | number | null = null
  const bad = (what: string): RequestError => new RequestError(what, id)

  function number(value: unknown, name: string, largest: bigint): bigint {
    let result: bigint | undefined
    if (typeof value === 'number' && Number.isSafeInteger(value)) result = BigInt(value)
    else if (typeof value === 'string' && /^(?:0x[0-9a-f]{1,32}|\d{1,39})$/i.test(value)) result = BigInt(value)
    if (result === undefined || result < 0n || result > largest)
      throw bad(`${name} is no number from 0 to 0x${largest.toString(16)}`)
    return result
  }
  const address = (value: unknown, name: string): number => Number(number(value, name, 0xffffffffn))
  function bytes(value: unknown, name: string): Uint8Array {
    if (typeof value !== 'string') throw bad(`${name} is no text of hex digits`)
    const text = value.startsWith('0x') ? value.slice(2) : value
    if (text.length > limits.execBytes.value * 2) throw bad(`${name} is longer than ${limits.execBytes.value} bytes`)
    if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) throw bad(`${name} is no text of pairs of hex digits`)
    return Uint8Array.fromHex(text)
  }
  function list(value: unknown, name: string): readonly unknown[] {
    if (value === undefined) return []
    if (!Array.isArray(value)) throw bad(`${name} is no list`)
    return value
  }
  function entry(value: unknown, name: string, own: readonly string[]): Json {
    if (!isObject(value)) throw bad(`an entry of ${name} is no object`)
    for (const key of Object.keys(value)) if (!own.includes(key)) throw bad(`unknown key ${key} in ${name}`)
    return value
  }
  function register(name: unknown): string {
    if (typeof name !== 'string' || !registerName.test(name)) throw bad(`no register is called ${String(name)}`)
    return name
  }

  let given: unknown
  try {
    given = JSON.parse(line)
  } catch (error) {
    throw bad(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (!isObject(given)) throw bad('a request is a JSON object')
  const request = given
  if (typeof request.id === 'string' || typeof request.id === 'number') id = request.id
  else if (request.id !== undefined && request.id !== null) throw bad('id is neither text nor number')
  for (const key of Object.keys(request)) if (!keys.has(key)) throw bad(`unknown key ${key}`)

  const base = address(request.base, 'base')
  const code = bytes(request.code, 'code')
  const registers = new Map<string, bigint>()
  if (request.regs !== undefined) {
    if (!isObject(request.regs)) throw bad('regs is no object')
    for (const [name, value] of Object.entries(request.regs)) {
      const largest = name.startsWith('v') && /\d/.test(name) ? 128n : /^(?:[rf]\d|lr|ctr)/.test(name) ? 64n : 32n
      registers.set(register(name), number(value, name, (1n << largest) - 1n))
    }
  }
  const memory = list(request.mem, 'mem').map(value => {
    const one = entry(value, 'mem', ['addr', 'bytes'])
    return { address: address(one.addr, 'mem.addr'), bytes: bytes(one.bytes, 'mem.bytes') }
  })
  const outMemory = list(request.outMem, 'outMem').map(value => {
    const one = entry(value, 'outMem', ['addr', 'len'])
    const length = Number(number(one.len, 'outMem.len', BigInt(limits.execBytes.value)))
    return { address: address(one.addr, 'outMem.addr'), length }
  })
  const engine = request.engine ?? 'interpreter'
  if (engine !== 'interpreter' && engine !== 'compiler') throw bad('engine is neither interpreter nor compiler')
  const fpscr = request.fpscr ?? 'exact'
  if (fpscr !== 'exact' && fpscr !== 'fast') throw bad('fpscr is neither exact nor fast')
  const sf = request.sf ?? 0
  if (sf !== 0 && sf !== 1) throw bad('sf is neither 0 nor 1')
  const start = request.entry === undefined ? base : address(request.entry, 'entry')
  if (start % 4 !== 0 || base % 4 !== 0) throw bad('base and entry are multiples of 4')
  const ranges = [{ address: base, bytes: code }, ...memory]
  const total = ranges.reduce((sum, one) => sum + one.bytes.length, 0)
  if (total > limits.execBytes.value) throw bad(`more than ${limits.execBytes.value} bytes of memory`)
  for (const range of ranges)
    if (range.address + range.bytes.length > 2 ** 32) throw bad('a range of memory runs past the end of the addresses')
  return {
    id,
    base,
    code,
    entry: start,
    registers,
    memory,
    max: Number(number(request.max ?? 100_000, 'max', BigInt(Number.MAX_SAFE_INTEGER))),
    engine,
    fpscr,
    wide: sf === 1,
    out: request.out === undefined ? undefined : list(request.out, 'out').map(register),
    outMemory,
  }
}
