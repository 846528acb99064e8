/**
 * Files that a title asked for and that are not there, or whose bytes are not, by path: what its media lacks shows here,
 * whatever the title makes of it. Some are no loss (a saved game on the first run), so nothing is concluded.
 */
import { limits } from '../base/limits.ts'
import type { Plain } from '../base/state.ts'
import type { CallSite } from '../facts/views.ts'
import type { Audit } from './audit.ts'

export interface Absence {
  readonly path: string
  readonly unreadableAt?: number
  tries: number
  readonly first: CallSite
}

export interface Absences {
  /** `unreadableAt`: of a file that is there, the first byte that could not be read. */
  note(path: string, unreadableAt?: number): void
  /** By the first try. */
  readonly all: readonly Absence[]
  /** Tries that no room was left to keep. */
  readonly overflow: number
  save(): Plain
  load(state: Plain): void
}

export function createAbsences(audit: Audit): Absences {
  const byPath = new Map<string, Absence>()
  let overflow = 0

  return {
    note(path, unreadableAt) {
      const key = path.toLowerCase()
      const known = byPath.get(key)
      if (known !== undefined) known.tries += 1
      else if (byPath.size >= limits.absentFiles.value) overflow += 1
      else {
        const damage = unreadableAt === undefined ? {} : { unreadableAt }
        byPath.set(key, { path, ...damage, tries: 1, first: audit.site(audit.sink.sequence) })
      }
    },
    get all() {
      return [...byPath.values()]
    },
    get overflow() {
      return overflow
    },
    save: () => ({ overflow, files: [...byPath.values()].map(file => ({ ...file })) as unknown as Plain }),
    load(state) {
      const saved = state as unknown as { overflow: number; files: readonly Absence[] }
      overflow = saved.overflow
      byPath.clear()
      for (const file of saved.files) byPath.set(file.path.toLowerCase(), { ...file })
    },
  }
}
