/** The last of what a title printed for its developers: often it names the reason of its own end. */
import { limits } from '../base/limits.ts'

export interface Said {
  add(text: string): void
  /** The last lines, oldest first; empty ones are left out. */
  readonly lines: readonly string[]
  /** Lines before those. */
  readonly before: number
}

export function createSaid(): Said {
  const lines: string[] = []
  let before = 0
  return {
    add(text) {
      for (const raw of text.split('\n')) {
        const line = raw.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '').trim()
        if (line === '') continue
        if (lines.length >= limits.saidLines.value) {
          lines.shift()
          before += 1
        }
        lines.push(line)
      }
    },
    lines,
    get before() {
      return before
    },
  }
}
