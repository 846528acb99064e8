/**
 * `--dump-wasm FUNCTION`: what the compiler makes of a function. Left the guest's code in the structured form, each
 * instruction once, where it was written; right the WebAssembly that it became.
 */
import { fail } from '../../base/failure.ts'
import { hex32 } from '../../base/words.ts'
import { type ListedBlock, noteOf, type UnitListing } from '../../cpu/compiler/listing.ts'
import type { Machine } from '../../machine/machine.ts'
import { grouped } from '../text.ts'

const leftWidth = 46

/** The text form of a module, as WABT writes it. */
async function textOf(bytes: Uint8Array): Promise<string> {
  const library = await import('wabt').catch(() => undefined)
  if (library === undefined) throw fail('WABT_MISSING', '--dump-wasm', 'needs the text form of WebAssembly')
  const wabt = await library.default()
  const module = wabt.readWasm(bytes, { readDebugNames: false, tail_call: true, relaxed_simd: true, threads: true })
  try {
    return module.toText({ foldExprs: false, inlineExport: false })
  } finally {
    module.destroy()
  }
}

/** The lines of the function exported as `u0`, without the brackets around it. */
function functionLines(text: string): string[] {
  const number = /\(export "u0" \(func (\d+)\)\)/.exec(text)?.[1]
  const lines = text.split('\n')
  const start = lines.findIndex(line => line.startsWith(`  (func (;${number};) `))
  const length = lines.slice(start + 1).findIndex(line => /^ {2}\(/.test(line))
  const body = lines.slice(start, start + 1 + length).map((line, i) => line.slice(i === 0 ? 2 : 4))
  body.push((body.pop() ?? '').replace(/\)$/, ''))
  return body
}

function sideBySide(lines: readonly string[], notes: UnitListing['notes']): string[] {
  const rows: { left: string; right: string[] }[] = [{ left: '', right: [] }]
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? ''
    const constant = /^\s*i64\.const (-?\d+)$/.exec(line)?.[1]
    const note = constant === undefined ? undefined : noteOf(BigInt(constant))
    if (note === undefined) {
      rows.at(-1)?.right.push(line)
      continue
    }
    i += 1
    const { text, depth } = notes[note] ?? { text: '', depth: 0 }
    rows.push({ left: `${'  '.repeat(depth)}${text}`, right: [] })
  }
  return rows.flatMap(({ left, right }) =>
    (right.length === 0 ? [''] : right).map((line, i) =>
      `${(i === 0 ? left : '').padEnd(leftWidth)} │ ${line}`.trimEnd(),
    ),
  )
}

function blockLines({ start, ending, skips, instructions }: ListedBlock, index: number): string[] {
  const { kind, target, falls } = ending
  const to = [target === undefined ? '' : hex32(target), falls ? 'what follows' : ''].filter(text => text !== '')
  const ways = to.length > 0 ? ` to ${to.join(' or ')}` : ''
  const over = skips ? '; its last instruction comes to nothing where the branch before it is taken' : ''
  return [
    `B${index}, ${hex32(start)}: ${kind}${ways}${over}`,
    ...instructions.map(({ pc, word, text }) => `  ${hex32(pc)}  ${hex32(word).slice(2)}  ${text}`),
  ]
}

/** The address that a name or a number means; refused where there is none, before the title has run in vain. */
export function addressIn(machine: Pick<Machine, 'addressOf'>, what: string): number {
  const address =
    machine.addressOf(what) ?? (/^(0x)?[0-9a-f]{1,8}$/i.test(what) ? Number.parseInt(what, 16) : undefined)
  if (address === undefined) throw fail('LISTING', '--dump-wasm', `there is nothing called ${what}`)
  return address
}

export async function listingText(machine: Pick<Machine, 'listing' | 'views'>, address: number): Promise<string> {
  const listing = machine.listing(address)
  if (listing === undefined)
    throw fail('LISTING', '--dump-wasm', `${hex32(address)} is no code that the compiler can begin with`)
  const instructions = listing.blocks.reduce((sum, block) => sum + block.instructions.length, 0)
  return [
    `${machine.views.nameOf(address)} (${hex32(address)}): ${grouped(instructions)} instructions in ` +
      `${grouped(listing.blocks.length)} blocks; alone in a module, ${grouped(listing.size)} bytes`,
    '',
    'Guest code',
    ...listing.blocks.flatMap(blockLines).map(line => `  ${line}`),
    '',
    `${'Structured form'.padEnd(leftWidth)} │ WebAssembly`,
    ...sideBySide(functionLines(await textOf(listing.marked)), listing.notes),
    '',
  ].join('\n')
}
