import { createHash } from 'node:crypto'
import { feedState, type Plain } from '../base/state.ts'

/** SHA-256 of the canonical bytes of a state, in lower-case hex. */
export function digestOf(state: Plain): string {
  const hash = createHash('sha256')
  feedState(state, bytes => hash.update(bytes))
  return hash.digest('hex')
}
