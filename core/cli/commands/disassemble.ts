import { basename } from 'node:path'
import { exitStatus, fail } from '../../base/failure.ts'
import { hex32 } from '../../base/words.ts'
import { disassembler } from '../../cpu/isa.ts'
import type { Image } from '../../loader/image.ts'
import { parseImage } from '../../loader/load.ts'
import { type SymbolTable, symbolsOf } from '../../loader/symbols.ts'
import { access } from '../../memory/map.ts'
import { quoted } from '../../options/values.ts'
import { defineCommand } from '../command.ts'
import { exportNaming } from './exports.ts'
import { mapOf } from './inspect.ts'

/** One instruction of a listing. */
export interface Line {
  readonly address: number
  readonly word: number
  readonly text: string
  /** Name of the address, where one begins here. */
  readonly label?: string
}

/** Names for addresses: `exact` where something begins, `near` for operands such as `sub_82010000+0x8`. */
export interface Names {
  exact(address: number): string | undefined
  near(address: number): string | undefined
}

/** The instructions from `start` up to `end`. `load` gives the word at an address, or undefined where nothing is. */
export function* disassembleRange(
  load: (address: number) => number | undefined,
  start: number,
  end: number,
  names?: Names,
): Generator<Line> {
  for (let address = start - (start % 4); address < end; address += 4) {
    const word = load(address)
    if (word === undefined) continue
    const plain = disassembler.text(word, address)
    const target = names && /\b0x([0-9A-F]{8})$/.exec(plain)
    const name = target && names.near(Number(`0x${target[1]}`))
    const label = names?.exact(address)
    yield {
      address,
      word,
      text: name === undefined || name === null ? plain : `${plain} <${name}>`,
      ...(label === undefined ? {} : { label }),
    }
  }
}

/** A line as the terminal shows it, with its label above it. */
export function formatLine({ address, word, text, label }: Line): string {
  const head = label === undefined ? '' : `${label}:\n`
  return `${head}${hex32(address).slice(2)}  ${hex32(word).slice(2)}  ${text}`
}

export const disassemble = defineCommand({
  name: 'disassemble',
  about: 'list the code of an executable',
  arguments: [
    { name: '<file>', about: 'a XEX2 or a big-endian PowerPC ELF' },
    { name: '[where]', about: 'an address or the name of a function; all code unless given' },
  ],
  options: {
    count: {
      kind: 'number',
      range: [1, 0x1000000],
      about: 'so many instructions; the function unless given',
      since: '0.1',
    },
    map: {
      kind: 'path',
      argument: 'FILE',
      about: "linker's map with names; the one beside the file unless given",
      since: '0.1',
    },
  },
  run(outside, [path = '', where], { count, map }) {
    const image = parseImage(outside.files.read(path), basename(path))
    const text = mapOf(outside, path, map)
    const symbols = symbolsOf(image, { naming: exportNaming(), ...(text === undefined ? {} : { map: text }) })
    const names: Names = {
      exact: at => (symbols.symbolAt(at)?.begin === at ? symbols.nameOf(at) : undefined),
      near: at => symbols.nameOf(at),
    }
    for (const [start, end] of where === undefined ? codeOf(image) : [rangeOf(image, symbols, where, count)]) {
      const lines = [...disassembleRange(at => wordOf(image, at), start, end, names)]
      if (lines.length > 0) outside.host.out(`${lines.map(formatLine).join('\n')}\n`)
    }
    return exitStatus.finished
  },
})

/** Where code is: the sections that say so, and where none does, the segments, headers and constants included. */
function codeOf({ sections, segments }: Image): (readonly [number, number])[] {
  const isCode = ({ access: flags, size }: { access: number; size: number }): boolean =>
    (flags & access.execute) !== 0 && size > 0
  const parts = sections.some(isCode) ? sections : segments
  return parts.filter(isCode).map(({ address, size }) => [address, address + size])
}

function wordOf(image: Image, at: number): number | undefined {
  const segment = image.segments.find(({ address, bytes }) => at >= address && at + 4 <= address + bytes.length)
  if (segment === undefined) return undefined
  const { bytes, address } = segment
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at - address)
}

const somewhere = 64

function rangeOf(
  image: Image,
  symbols: SymbolTable,
  where: string,
  count: number | undefined,
): readonly [number, number] {
  const start = symbols.addressOf(where) ?? (/^0x[0-9a-f]{1,8}$/i.test(where) ? Number(where) : undefined)
  if (start === undefined)
    throw fail('OPTION_INVALID', 'where', `${quoted(where)} is neither an address such as 0x82010000 nor a known name`)
  if (wordOf(image, start - (start % 4)) === undefined)
    throw fail('OPTION_INVALID', 'where', `there is nothing of the file at ${hex32(start)}`)
  const symbol = symbols.symbolAt(start)
  const end = symbol === undefined || symbol.end <= start ? start + somewhere * 4 : symbol.end
  return [start, count === undefined ? end : start + count * 4]
}
