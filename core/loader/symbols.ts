import { hex, hex32 } from '../base/words.ts'
import type { Image, ImportKind } from './image.ts'
import { readLinkerMap } from './linker-map.ts'

/** Names an export; the kernel's rows own the names, the loader only knows numbers. */
export type ExportNaming = (library: string, ordinal: number, kind: ImportKind) => string | undefined

/** Names of guest addresses of one image. */
export interface SymbolTable {
  /** `sub_8280F810+0xA4`; undefined where nothing is known. */
  nameOf(address: number): string | undefined
  /** The name of a return address: it belongs to the function of the call before it. */
  nameOfReturn(address: number): string | undefined
  symbolAt(address: number): KnownSymbol | undefined
  /** The address of an exact name. */
  addressOf(name: string): number | undefined
  readonly size: number
  /** Why names were left out. */
  readonly notes: readonly string[]
}

export interface KnownSymbol {
  readonly name: string
  readonly begin: number
  readonly end: number
}

export interface SymbolSources {
  readonly naming?: ExportNaming
  /** Text of the linker's map of this very build. */
  readonly map?: string
}

/** Which source wins where two name one address. */
const rank = { unnamed: 0, label: 1, symbol: 2, map: 3, export: 4, import: 5 } as const

interface Candidate {
  readonly begin: number
  /** Equal to `begin` when the source gives no size. */
  readonly end: number
  readonly name: string
  readonly rank: number
}

export function symbolsOf(image: Image, sources: SymbolSources = {}): SymbolTable {
  const notes: string[] = []
  const best = new Map<number, Candidate>()
  const offer = (next: Candidate): void => {
    const have = best.get(next.begin)
    if (have === undefined) best.set(next.begin, next)
    else {
      const named = next.rank > have.rank ? next : have
      best.set(next.begin, { ...named, end: Math.max(have.end, next.end) })
    }
  }
  for (const { begin, end } of image.functions)
    offer({ begin, end, name: `sub_${hex32(begin).slice(2)}`, rank: rank.unnamed })
  for (const symbol of image.symbols)
    offer({
      begin: symbol.address,
      end: symbol.address + symbol.size,
      name: symbol.name,
      rank: symbol.function ? rank.symbol : rank.label,
    })
  for (const symbol of mapSymbols(image, sources.map, notes))
    offer({ begin: symbol.address, end: symbol.address, name: symbol.name, rank: rank.map })
  for (const item of image.exports)
    if (item.name !== undefined) offer({ begin: item.address, end: item.address, name: item.name, rank: rank.export })
  for (const symbol of importSymbols(image, sources.naming)) offer(symbol)

  const sorted = settle(image, [...best.values()])
  const begins = Float64Array.from(sorted, symbol => symbol.begin)
  const byName = new Map(sorted.map(symbol => [symbol.name, symbol.begin]))

  function symbolAt(address: number): KnownSymbol | undefined {
    let low = 0
    let high = begins.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((begins[middle] ?? 0) <= address) low = middle + 1
      else high = middle
    }
    const symbol = sorted[low - 1]
    return symbol !== undefined && address < symbol.end ? symbol : undefined
  }
  function nameOf(address: number, within: number): string | undefined {
    const symbol = symbolAt(within)
    if (symbol === undefined) return undefined
    return address === symbol.begin ? symbol.name : `${symbol.name}+${hex(address - symbol.begin)}`
  }
  return {
    nameOf: address => nameOf(address, address),
    nameOfReturn: address => nameOf(address, address - 4),
    symbolAt,
    addressOf: name => byName.get(name),
    size: sorted.length,
    notes,
  }
}

/** A map of another build would name everything wrong, which is worse than no names. */
function mapSymbols(image: Image, text: string | undefined, notes: string[]) {
  if (text === undefined) return []
  const map = readLinkerMap(text)
  if (map.symbols.length === 0) notes.push('the map has no symbols')
  if (image.timestamp !== 0 && map.timestamp !== 0 && map.timestamp !== image.timestamp) {
    notes.push(`the map is of another build (linked ${hex32(map.timestamp)}, the image ${hex32(image.timestamp)})`)
    return []
  }
  return map.symbols
}

function importSymbols(image: Image, naming: ExportNaming | undefined): Candidate[] {
  const own = new Set(image.symbols.map(symbol => symbol.address))
  return image.imports.flatMap(library =>
    library.imports.flatMap(({ ordinal, kind, slot, thunk }) => {
      const known = naming?.(library.name, ordinal, kind)
      // a guest of ours names its imports itself; where nobody does, the number is the name
      if (known === undefined && (own.has(thunk) || own.has(slot))) return []
      const name = known ?? `${library.name.replace(/\.\w+$/, '')}_${ordinal}`
      const list: Candidate[] = []
      if (thunk !== 0) list.push({ begin: thunk, end: thunk + 16, name, rank: rank.import })
      if (slot !== 0) list.push({ begin: slot, end: slot + 4, name: `__imp_${name}`, rank: rank.import })
      return list
    }),
  )
}

/** Sorted, without labels inside functions; what has no size reaches to the next symbol or the end of its section. */
function settle(image: Image, candidates: Candidate[]): KnownSymbol[] {
  candidates.sort((a, b) => a.begin - b.begin)
  const sections = [...image.sections].sort((a, b) => a.address - b.address)
  const result: KnownSymbol[] = []
  let section = 0
  let sizedEnd = 0
  for (const [i, { begin, end, name, rank: own }] of candidates.entries()) {
    if (begin < sizedEnd && (own === rank.label || own === rank.map)) continue
    while (section < sections.length && begin >= endOf(sections[section])) section += 1
    let stop = end
    if (stop === begin) {
      const inside = sections[section]
      if (inside === undefined || begin < inside.address) continue
      stop = Math.min(candidates[i + 1]?.begin ?? Infinity, endOf(inside))
    }
    sizedEnd = Math.max(sizedEnd, end)
    result.push({ name, begin, end: stop })
  }
  return result
}

function endOf(section: Image['sections'][number] | undefined): number {
  return section === undefined ? 0 : section.address + section.size
}
