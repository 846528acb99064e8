/** Facts and objects in the words of the report. */
import {
  createFactReader,
  type Fact,
  hex,
  hex32,
  type MachineViews,
  objectKindOf,
  ownFields,
  plainText,
} from '../../core/index.ts'
import type { TrailView } from './trails.ts'

/** Ends of a wait, by number. */
const waitEnds = ['satisfied', 'timed out', 'alerted', 'user APC', 'abandoned', 'thread terminated', 'refused'] as const

export interface Words {
  object(trail: TrailView): string
  fact(record: Uint8Array): string
  /** The same as plain data. */
  data(record: Uint8Array): Readonly<Record<string, unknown>>
  /** Who made the object, from where. */
  origin(record: Uint8Array): string
  frames(kept: Int32Array): string[]
  source(source: number): string
}

export function createWords(machine: MachineViews): Words {
  const reader = createFactReader()
  const code = (address: number): string => {
    const name = plainText(machine.nameOf(address))
    return name === hex32(address) ? name : `${hex32(address)} ${name}`
  }
  const read = (record: Uint8Array): Fact => {
    const fact = reader.read(record)
    if (fact === undefined) throw new TypeError('a trail holds a record of no known fact')
    return fact
  }
  const who = (fact: Fact): string => (fact.tid === 0 ? `the ${fact.actor}` : `thread ${fact.tid}`)
  const where = (fact: Fact): string =>
    `${machine.sourceName(fact.source)}${fact.lr === 0 ? '' : ` at ${plainText(machine.nameOf(fact.lr))}`}`
  const nameOf = (serial: number): string =>
    machine.object(serial)?.name || machine.threads().find(thread => thread.serial === serial)?.name || ''

  const duration = (ticks: number): string => {
    const seconds = ticks / machine.timebaseHz
    return seconds >= 1 ? `${seconds.toFixed(3)} s` : `${(seconds * 1000).toFixed(3)} ms`
  }
  const what = (fact: Fact): string => {
    if (fact.kind === 'wait.begun') {
      const many = fact.list.length > 1 ? `${fact.type === 0 ? 'all' : 'any'} of ${fact.list.length} objects, ` : ''
      const long = fact.timeout < 0 ? 'for ever' : fact.timeout === 0 ? 'a poll' : `for ${fact.timeout / 10_000} ms`
      return `${many}${long}${fact.alertable === 0 ? '' : ', alertable'}${fact.parked === 0 ? ', not parked' : ''}`
    }
    if (fact.kind === 'wait.ended') {
      const many =
        fact.list.length > 2 && fact.index >= 0 ? ` by object ${fact.index + 1} of ${fact.list.length / 2}` : ''
      return `${waitEnds[fact.end] ?? 'over'}${many} with ${hex32(fact.status)}, after ${duration(fact.waited)}`
    }
    const fields = ownFields(fact)
    if ('text' in fact && fact.text !== '') fields.push(`"${plainText(fact.text)}"`)
    return fields.join(' ')
  }

  return {
    object(trail) {
      const view = machine.object(trail.key)
      const name = nameOf(trail.key)
      const kind = trail.kind === 0 ? (view?.kind ?? 'Object') : objectKindOf(trail.kind)
      const value = trail.handle || view?.firstHandle
      const place = value ? ` ${hex(value)}` : trail.address !== 0 ? ` at ${hex32(trail.address)}` : ''
      return `${kind}${place} #${trail.key}${name === '' ? '' : ` "${plainText(name)}"`}`
    },
    fact(record) {
      const fact = read(record)
      const cause = fact.cause === 0 ? '' : `, caused by ${fact.cause}`
      return `${fact.sequence} @${fact.cycle} ${fact.kind} ${who(fact)} ${where(fact)}: ${what(fact)}${cause}`
    },
    data(record) {
      const { ...copy } = read(record)
      return copy
    },
    origin(record) {
      const fact = read(record)
      const how = fact.kind === 'object.adopted' ? 'its creation was not seen; first met by' : 'created by'
      return `${how} ${who(fact)}, ${where(fact)}, tick ${fact.cycle}, fact ${fact.sequence}`
    },
    frames(kept) {
      const lines: string[] = []
      for (let i = 0; i + 1 < kept.length; i += 2)
        lines.push(`${i / 2}  fp ${hex32(kept[i] ?? 0)}  ${code((kept[i + 1] ?? 0) >>> 0)}`)
      return lines
    },
    source: source => machine.sourceName(source),
  }
}
