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

export interface Words {
  object(trail: TrailView): string
  fact(record: Uint8Array): string
  /** The same as plain data. */
  data(record: Uint8Array): Readonly<Record<string, unknown>>
  /** Who did it, from where. */
  site(record: Uint8Array): string
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
    `${machine.sourceName(fact.source)}${fact.lr === 0 ? '' : ` from ${code(fact.lr)}`}`

  return {
    object(trail) {
      const view = machine.object(trail.key)
      const kind = trail.kind === 0 ? (view?.kind ?? 'Object') : objectKindOf(trail.kind)
      const value = trail.handle || view?.firstHandle
      const place = value ? ` ${hex(value)}` : trail.address !== 0 ? ` at ${hex32(trail.address)}` : ''
      return `${kind}${place} #${trail.key}${view?.name ? ` "${plainText(view.name)}"` : ''}`
    },
    fact(record) {
      const fact = read(record)
      const fields = ownFields(fact)
      if ('list' in fact && fact.list.length > 0) fields.push(`on=${fact.list.join(',')}`)
      if ('text' in fact && fact.text !== '') fields.push(`"${plainText(fact.text)}"`)
      if (fact.cause !== 0) fields.push(`cause=${fact.cause}`)
      return `${fact.sequence} @${fact.cycle} ${fact.kind} ${who(fact)} ${where(fact)}: ${fields.join(' ')}`
    },
    data(record) {
      const { ...copy } = read(record)
      return copy
    },
    site(record) {
      const fact = read(record)
      return `${who(fact)}, ${where(fact)}, at tick ${fact.cycle}, fact ${fact.sequence}`
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
