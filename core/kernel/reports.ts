/**
 * What only reports need, saved beside the machine's state and never in its digest: how many facts there were, where
 * things were made and signalled last, how often, which calls fell short, which files were not there, and what the kernel's
 * bounds refused. A machine restored with it gives the report it would have given.
 */
import type { Plain } from '../base/state.ts'
import type { FactSink } from '../facts/sink.ts'
import type { CallSite } from '../facts/views.ts'
import type { Absences } from './absences.ts'
import type { Apcs } from './apc.ts'
import type { Counts, Objects, Site, Thread, Wait } from './object.ts'
import type { Pool } from './pool.ts'
import type { Shortfalls } from './shortfalls.ts'

interface SavedReports {
  readonly sequence: number
  readonly objects: readonly (readonly [serial: number, created: CallSite | null, last: Site | null, counts: Counts])[]
  /** Where each was made, and where what it waits for was asked for: its wait first, then those that APCs interrupt. */
  readonly threads: readonly (readonly [id: number, creator: CallSite | null, begun: readonly (CallSite | null)[]])[]
  readonly shortfalls: Plain
  readonly absences: Plain
  readonly counters: Readonly<Record<string, number>>
  readonly refused: { readonly pool: number; readonly apcs: number }
}

export interface ReportParts {
  readonly sink: FactSink
  readonly objects: Objects
  readonly pool: Pool
  readonly apcs: Apcs
  readonly threads: ReadonlyMap<number, Thread>
  readonly shortfalls: Shortfalls
  readonly absences: Absences
}

const copyOf = <T extends object>(site: T | undefined): T | null => (site === undefined ? null : { ...site })

const waitsOf = ({ wait, held }: Thread): readonly (Wait | undefined)[] => [wait, ...held.map(one => one.wait)]

export function saveReports({ sink, objects, pool, apcs, threads, shortfalls, absences }: ReportParts): Plain {
  const saved: SavedReports = {
    sequence: sink.sequence,
    objects: [...objects.live.values()].map(object => [
      object.serial,
      copyOf(object.created),
      copyOf(object.lastSignal),
      { ...object.counts },
    ]),
    threads: [...threads.values()].map(thread => [
      thread.id,
      copyOf(thread.creator),
      waitsOf(thread).map(wait => copyOf(wait?.begun)),
    ]),
    shortfalls: shortfalls.save(),
    absences: absences.save(),
    counters: { ...objects.counters },
    refused: { pool: pool.refused, apcs: apcs.refused },
  }
  return saved as unknown as Plain
}

export function loadReports(state: Plain, parts: ReportParts): void {
  const { sink, objects, pool, apcs, threads, shortfalls, absences } = parts
  const saved = state as unknown as SavedReports
  sink.sequence = saved.sequence
  for (const [serial, created, last, counts] of saved.objects) {
    const object = objects.bySerial(serial)
    if (object === undefined) continue
    object.created = created ?? undefined
    object.lastSignal = last === null ? undefined : { ...last }
    Object.assign(object.counts, counts)
  }
  for (const [id, creator, begun] of saved.threads) {
    const thread = threads.get(id)
    if (thread === undefined) continue
    thread.creator = creator ?? undefined
    waitsOf(thread).forEach((wait, i) => {
      if (wait !== undefined) wait.begun = begun[i] ?? undefined
    })
  }
  shortfalls.load(saved.shortfalls)
  absences.load(saved.absences)
  Object.assign(objects.counters, saved.counters)
  pool.refused = saved.refused.pool
  apcs.refused = saved.refused.apcs
}
