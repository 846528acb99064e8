import { limits } from '../base/limits.ts'
import { hex32 } from '../base/words.ts'
import type { NamedAddress } from './image.ts'

/** The public and static symbols of a linker's `.map` file, as the development kit's linker writes it. */
export interface LinkerMap {
  /** When the image it belongs to was linked; 0 when the file does not say. */
  readonly timestamp: number
  readonly symbols: readonly NamedAddress[]
}

const timestampLine = /^ Timestamp is ([0-9a-f]{8})\b/
/** ` 0003:00000470       main                       82060470 f   Dolphin.obj` */
const symbolLine = /^ ([0-9a-f]{4}):[0-9a-f]{8} +(\S+) +([0-9a-f]{8}) ( ?f)?/

export function readLinkerMap(text: string): LinkerMap {
  let timestamp = 0
  const symbols: NamedAddress[] = []
  for (const line of text.split('\n')) {
    if (line.length > limits.symbolNameBytes.value) continue
    const symbol = symbolLine.exec(line)
    if (symbol !== null) {
      const [, section = '', name = '', address = '', code] = symbol
      // section 0 holds absolute values, which are no addresses
      if (section === '0000') continue
      symbols.push({ address: parseInt(address, 16), size: 0, name: plainName(name), function: code !== undefined })
      continue
    }
    const stamp = timestampLine.exec(line)
    if (stamp !== null) timestamp = parseInt(stamp[1] ?? '0', 16)
  }
  return { timestamp, symbols: symbols.sort((a, b) => a.address - b.address) }
}

/** The text of a map that `readLinkerMap` reads back. */
export function writeLinkerMap(
  name: string,
  timestamp: number,
  base: number,
  symbols: readonly NamedAddress[],
): string {
  const lines = [` ${name}`, '', ` Timestamp is ${bare(timestamp)}`, '', ` Preferred load address is ${bare(base)}`, '']
  lines.push('  Address         Publics by Value              Rva+Base       Lib:Object', '')
  for (const symbol of symbols)
    lines.push(
      ` 0001:${bare(symbol.address - base)}       ${symbol.name.padEnd(26)} ${bare(symbol.address)} ${symbol.function ? 'f  ' : '   '} ${name}`,
    )
  return `${lines.join('\n')}\n`
}

function bare(value: number): string {
  return hex32(value).slice(2).toLowerCase()
}

const qualified = /^\?(\?[01])?([A-Za-z_]\w*)((?:@[A-Za-z_]\w*)*)@@/

/** `ATG::Timer::GetAppTime` of `?GetAppTime@Timer@ATG@@QAANXZ`; what is harder to read than that stays as it is. */
export function plainName(mangled: string): string {
  const match = qualified.exec(mangled)
  if (match === null) return mangled
  const [, special, first = '', rest = ''] = match
  const scopes = rest.split('@').filter(Boolean).reverse()
  const name = special === undefined ? first : `${first}::${special === '?1' ? '~' : ''}${first}`
  return [...scopes, name].join('::')
}
