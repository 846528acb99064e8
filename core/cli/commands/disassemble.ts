import { hex32 } from '../../base/words.ts'
import { disassembler } from '../../cpu/isa.ts'

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
