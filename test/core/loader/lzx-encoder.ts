/**
 * A small LZX encoder for the tests, written from the format's description: one block a frame (two where plain bytes of
 * odd count are wanted), of the kind asked for, with greedy matches. Its codes are nearly balanced rather than optimal,
 * which every decoder must read as well.
 */
export type BlockKind = 'verbatim' | 'aligned' | 'plain'

const frameSize = 0x8000
const slotCounts = new Map([
  [15, 30],
  [16, 32],
  [17, 34],
  [21, 50],
])
const codes = { verbatim: 1, aligned: 2, plain: 3 } as const

interface BitWriter {
  put(value: number, count: number): void
  align(): void
  /** Fills the word up; a whole word of zeros when there is nothing to fill. */
  beginBytes(): void
  bytes(values: ArrayLike<number>): void
  readonly length: number
  all(): Uint8Array
}

function createBitWriter(): BitWriter {
  const out: number[] = []
  let word = 0
  let filled = 0
  const put = (value: number, count: number): void => {
    for (let bit = count - 1; bit >= 0; bit -= 1) {
      word = (word << 1) | (Math.floor(value / 2 ** bit) & 1)
      filled += 1
      if (filled === 16) {
        out.push(word & 255, (word >> 8) & 255)
        word = 0
        filled = 0
      }
    }
  }
  return {
    put,
    align() {
      if (filled > 0) put(0, 16 - filled)
    },
    beginBytes() {
      put(0, 16 - filled)
    },
    bytes(values) {
      for (let i = 0; i < values.length; i += 1) out.push(values[i] ?? 0)
    },
    get length() {
      return out.length
    },
    all: () => Uint8Array.from(out),
  }
}

/** Lengths of a complete code over the used symbols: as balanced as their number allows. */
function balancedLengths(size: number, used: Set<number>): number[] {
  const symbols = [...used]
  for (let extra = 0; symbols.length < 2; extra += 1) if (!used.has(extra)) symbols.push(extra)
  symbols.sort((a, b) => a - b)
  const longest = Math.ceil(Math.log2(symbols.length))
  const short = 2 ** longest - symbols.length
  const lengths = new Array<number>(size).fill(0)
  for (const [i, symbol] of symbols.entries()) lengths[symbol] = i < short ? longest - 1 : longest
  return lengths
}

/** Canonical codes: shorter first, then by symbol. */
function codesOf(lengths: readonly number[]): Map<number, { code: number; length: number }> {
  const table = new Map<number, { code: number; length: number }>()
  let code = 0
  for (let length = 1; length <= 16; length += 1) {
    for (const [symbol, own] of lengths.entries()) {
      if (own !== length) continue
      table.set(symbol, { code, length })
      code += 1
    }
    code *= 2
  }
  return table
}

function putSymbol(out: BitWriter, table: ReturnType<typeof codesOf>, symbol: number): void {
  const entry = table.get(symbol)
  if (entry === undefined) throw new Error(`symbol ${symbol} has no code`)
  out.put(entry.code, entry.length)
}

function putLengths(out: BitWriter, before: readonly number[], after: readonly number[]): void {
  const steps: { symbol: number; extra?: [number, number]; repeated?: number }[] = []
  for (let at = 0; at < after.length; ) {
    let zeros = 0
    while (at + zeros < after.length && after[at + zeros] === 0 && zeros < 51) zeros += 1
    const difference = (i: number): number => ((before[i] ?? 0) - (after[i] ?? 0) + 17) % 17
    let same = 1
    while (same < 5 && at + same < after.length && after[at + same] === after[at]) same += 1
    if (zeros >= 20) {
      steps.push({ symbol: 18, extra: [zeros - 20, 5] })
      at += zeros
    } else if (zeros >= 4) {
      const run = Math.min(zeros, 19)
      steps.push({ symbol: 17, extra: [run - 4, 4] })
      at += run
    } else if (same >= 4) {
      // a run repeats one length: the difference is taken against the first only
      steps.push({ symbol: 19, extra: [same - 4, 1], repeated: difference(at) })
      at += same
    } else {
      steps.push({ symbol: difference(at) })
      at += 1
    }
  }
  const used = new Set(
    steps.flatMap(({ symbol, repeated }) => (repeated === undefined ? [symbol] : [symbol, repeated])),
  )
  const lengths = balancedLengths(20, used)
  const table = codesOf(lengths)
  for (const length of lengths) out.put(length, 4)
  for (const { symbol, extra, repeated } of steps) {
    putSymbol(out, table, symbol)
    if (extra !== undefined) out.put(...extra)
    if (repeated !== undefined) putSymbol(out, table, repeated)
  }
}

type Token = { literal: number } | { slot: number; extra: number; bits: number; length: number }

/** Encodes `data`; answers the stream cut into one chunk a frame. */
export function encodeLzx(data: Uint8Array, windowBits: number, kinds: readonly BlockKind[]): Uint8Array[] {
  const slots = slotCounts.get(windowBits) ?? 30
  const mainSize = 256 + slots * 8
  const out = createBitWriter()
  const recent = [1, 1, 1]
  const lastSeen = new Map<number, number>()
  let mainLengths = new Array<number>(mainSize).fill(0)
  let lengthLengths = new Array<number>(249).fill(0)
  const cuts: number[] = [0]
  out.put(0, 1)

  function tokenize(start: number, end: number): Token[] {
    const tokens: Token[] = []
    for (let at = start; at < end; ) {
      const key = at + 2 < end ? (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) : -1
      const seen = lastSeen.get(key)
      if (key >= 0) lastSeen.set(key, at)
      const offset = seen === undefined ? 0 : at - seen
      let length = 0
      if (offset > 0 && offset <= 2 ** windowBits - 3)
        while (length < 257 && at + length < end && data[at + length] === data[at + length - offset]) length += 1
      if (length < 2) {
        tokens.push({ literal: data[at] ?? 0 })
        at += 1
        continue
      }
      tokens.push(matchToken(offset, length))
      at += length
    }
    return tokens
  }

  function matchToken(offset: number, length: number): Token {
    const again = recent.indexOf(offset)
    if (again >= 0) {
      recent[again] = recent[0] ?? 1
      recent[0] = offset
      return { slot: again, extra: 0, bits: 0, length }
    }
    recent.unshift(offset)
    recent.pop()
    let base = 3
    for (let slot = 3; ; slot += 1) {
      const bits = slot < 4 ? 0 : Math.min((slot >> 1) - 1, 17)
      if (offset + 2 < base + 2 ** bits) return { slot, extra: offset + 2 - base, bits, length }
      base += 2 ** bits
    }
  }

  function putBlock(start: number, end: number, kind: BlockKind): void {
    out.put(codes[kind], 3)
    out.put(end - start, 24)
    if (kind === 'plain') {
      out.beginBytes()
      for (const offset of recent) out.bytes([offset & 255, (offset >> 8) & 255, (offset >> 16) & 255, 0])
      out.bytes(data.subarray(start, end))
      if ((end - start) % 2) out.bytes([0])
      return
    }
    const tokens = tokenize(start, end)
    const alignedUsed = new Set<number>()
    const mainUsed = new Set<number>()
    const lengthUsed = new Set<number>()
    for (const token of tokens) {
      mainUsed.add(mainSymbol(token))
      if ('literal' in token) continue
      if (token.length >= 9) lengthUsed.add(token.length - 9)
      if (token.bits >= 3) alignedUsed.add(token.extra % 8)
    }
    const alignedLengths = balancedLengths(8, alignedUsed)
    const aligned = codesOf(alignedLengths)
    if (kind === 'aligned') for (const length of alignedLengths) out.put(length, 3)
    const nextMain = balancedLengths(mainSize, mainUsed)
    putLengths(out, mainLengths.slice(0, 256), nextMain.slice(0, 256))
    putLengths(out, mainLengths.slice(256), nextMain.slice(256))
    mainLengths = nextMain
    const nextLength = lengthUsed.size === 0 ? new Array<number>(249).fill(0) : balancedLengths(249, lengthUsed)
    putLengths(out, lengthLengths, nextLength)
    lengthLengths = nextLength
    const main = codesOf(mainLengths)
    const length = codesOf(lengthLengths)
    for (const token of tokens) {
      putSymbol(out, main, mainSymbol(token))
      if ('literal' in token) continue
      if (token.length >= 9) putSymbol(out, length, token.length - 9)
      if (kind === 'aligned' && token.bits >= 3) {
        out.put(Math.floor(token.extra / 8), token.bits - 3)
        putSymbol(out, aligned, token.extra % 8)
      } else out.put(token.extra, token.bits)
    }
  }

  for (let start = 0, frame = 0; start < data.length; start += frameSize, frame += 1) {
    const end = Math.min(start + frameSize, data.length)
    const kind = kinds[frame % kinds.length] ?? 'verbatim'
    if (kind === 'plain' && end - start > 11) {
      putBlock(start, start + 11, kind)
      putBlock(start + 11, end, 'verbatim')
    } else putBlock(start, end, kind)
    out.align()
    cuts.push(out.length)
  }
  const all = out.all()
  return cuts.slice(1).map((cut, i) => all.subarray(cuts[i], cut))
}

function mainSymbol(token: Token): number {
  return 'literal' in token ? token.literal : 256 + token.slot * 8 + Math.min(token.length - 2, 7)
}
