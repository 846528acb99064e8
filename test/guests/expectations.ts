/**
 * What each guest program must do, read from the comment its source opens with: the story first, then lines of the form
 *
 *     expect: exit=4 stop=deadlock                        how the run ends (`stop` where the exit leaves a choice)
 *     prints: ok: 12 of 12                                a line it prints, in order
 *     stuck: thread=worker on=Event/Auto handle=0x1004 verdict=never-signalled
 *     ghost: handle=0x1004 class=closed
 *     missing: IoCompleteRequest                          an export it calls that has no body
 *     fault: symbol=read_entry offset=0x14 address=0x8
 *
 * Handle values are those of the default `--handle-base`. An object without a handle is named by the symbol it lies at, or
 * by the C++ class it is a member of. The comments are the only place that says any of this.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** One wait that cannot end: a row for each object that a stuck thread waits on. */
export interface StuckWait {
  readonly thread: string
  readonly on: string
  readonly verdict: string
  readonly handle?: number
  readonly name?: string
  readonly symbol?: string
  readonly class?: string
  readonly member?: number
}

export interface GhostCall {
  readonly handle: number
  readonly class: 'never' | 'closed' | 'wrong-type'
}

export interface GuestFault {
  readonly symbol: string
  readonly offset: number
  readonly address?: number
}

export interface Guest {
  readonly name: string
  readonly story: string
  readonly source: string
  readonly elf: string
  readonly xex: string
  /** Frames it is compiled with. */
  readonly frames: 'xbox' | 'sysv'
  readonly exit: number
  readonly stop: 'finished' | 'deadlock' | 'stuck' | 'fault'
  readonly prints: readonly string[]
  readonly stuck: readonly StuckWait[]
  readonly ghosts: readonly GhostCall[]
  readonly missing: readonly string[]
  readonly fault: GuestFault | undefined
}

const here = import.meta.dirname

/** The title that `npm start` runs. */
export const demo = (): Guest => readGuest(join(here, '../../core/cli/demo/demo.c'))

/** Every guest program, by name. */
export function guests(): readonly Guest[] {
  const sources = readdirSync(here).filter(name => /\.[sc]$/.test(name))
  return sources.sort().map(name => readGuest(join(here, name)))
}

/** The guest of that name. */
export function guest(name: string): Guest {
  const found = guests().find(one => one.name === name)
  if (found === undefined) throw new Error(`there is no guest program ${name}`)
  return found
}

const stops = { 0: ['finished'], 4: ['deadlock', 'stuck'], 5: ['fault'] } as const

/** Reads a guest's comment; throws where it says what nobody understands. */
export function readGuest(source: string): Guest {
  const lines = openingComment(readFileSync(source, 'utf8'))
  const rows = (key: string): string[] =>
    lines.filter(line => line.startsWith(`${key}: `)).map(line => line.slice(key.length + 2))
  const [expect, ...more] = rows('expect')
  if (expect === undefined || more.length > 0) throw new Error(`${source}: one line "expect: …" is needed`)
  const [fault] = rows('fault').map(row => faultOf(fieldsOf(source, row, ['symbol', 'offset', 'address'])))
  const stem = source.replace(/\.[sc]$/, '')
  return {
    name: basename(stem),
    story: lines
      .slice(0, lines.indexOf(`expect: ${expect}`))
      .join(' ')
      .trim(),
    source,
    elf: `${stem}.elf`,
    xex: `${stem}.xex`,
    frames: source.endsWith('.c') ? 'sysv' : 'xbox',
    ...endingOf(fieldsOf(source, expect, ['exit', 'stop'])),
    prints: rows('prints'),
    stuck: rows('stuck').map(row => stuckOf(fieldsOf(source, row, stuckFields))),
    missing: rows('missing'),
    ghosts: rows('ghost').map(row => ghostOf(fieldsOf(source, row, ['handle', 'class']))),
    fault,
  }
}

interface Fields {
  text(key: string): string
  optional(key: string): string | undefined
  number(key: string): number
  wrong(key: string): Error
}

function fieldsOf(source: string, row: string, known: readonly string[]): Fields {
  const values = new Map<string, string>()
  for (const word of row.split(' ')) {
    const [, key, value] = /^([a-z]+)=(\S+)$/.exec(word) ?? []
    if (key === undefined || value === undefined || !known.includes(key))
      throw new Error(`${source}: what is "${word}"?`)
    values.set(key, value)
  }
  const wrong = (key: string): Error => new Error(`${source}: no good ${key} in "${row}"`)
  const text = (key: string): string => {
    const value = values.get(key)
    if (value === undefined) throw wrong(key)
    return value
  }
  const number = (key: string): number => {
    if (!/^(0x[0-9A-F]+|\d+)$/.test(text(key))) throw wrong(key)
    return Number(text(key))
  }
  return { text, optional: key => values.get(key), number, wrong }
}

function endingOf(fields: Fields): Pick<Guest, 'exit' | 'stop'> {
  const exit = fields.number('exit')
  const possible: readonly Guest['stop'][] =
    Object.entries(stops).find(([status]) => Number(status) === exit)?.[1] ?? []
  const stop = possible.find(one => one === (fields.optional('stop') ?? possible[0]))
  if (stop === undefined) throw fields.wrong('stop')
  return { exit, stop }
}

const stuckFields = ['thread', 'on', 'verdict', 'handle', 'name', 'symbol', 'class', 'member']

function stuckOf(fields: Fields): StuckWait {
  const texts = ['name', 'symbol', 'class'].flatMap(key =>
    fields.optional(key) === undefined ? [] : [[key, fields.text(key)]],
  )
  const numbers = ['handle', 'member'].flatMap(key =>
    fields.optional(key) === undefined ? [] : [[key, fields.number(key)]],
  )
  return {
    thread: fields.text('thread'),
    on: fields.text('on'),
    verdict: fields.text('verdict'),
    ...Object.fromEntries([...texts, ...numbers]),
  }
}

function ghostOf(fields: Fields): GhostCall {
  const type = fields.text('class')
  if (type !== 'never' && type !== 'closed' && type !== 'wrong-type') throw fields.wrong('class')
  return { handle: fields.number('handle'), class: type }
}

function faultOf(fields: Fields): GuestFault {
  return {
    symbol: fields.text('symbol'),
    offset: fields.number('offset'),
    ...(fields.optional('address') === undefined ? {} : { address: fields.number('address') }),
  }
}

/** The lines of the comment a source opens with, without the marks of a comment. */
function openingComment(text: string): string[] {
  const assembly = /^(?:#.*\n)+/.exec(text)?.[0]
  const c = /^\/\*[\s\S]*?\*\//.exec(text)?.[0]
  return (assembly?.replaceAll(/^# ?/gm, '') ?? c?.replace(/^\/\* ?/, '').replace(/ *\*\/$/, '') ?? '')
    .split('\n')
    .map(line => line.trim())
}
