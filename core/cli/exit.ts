/** How the program ends: a failure in words, and its exit status. */
import { exitStatus, Failure, failures } from '../base/failure.ts'
import type { Host } from '../host/process.ts'

/** What a person is told of a failure: the place, the reason, the mend; never a stack trace. */
export function failureText(error: unknown): string {
  if (error instanceof Failure) return `xenoscope: ${oneLine(error.message)}\n  ${error.remedy}\n`
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return `xenoscope: ${oneLine(what)}${placeOf(error)}\n  ${failures.DEFECT.remedy}\n`
}

export const statusOf = (error: unknown): number => (error instanceof Failure ? error.status : exitStatus.defect)

export function tell(host: Host, error: unknown): number {
  host.note(failureText(error))
  return statusOf(error)
}

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}]+/gu, ' ').slice(0, 400)

/** The file and line of ours a defect comes from: enough for a report, and no machine's paths. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const match = /\/((?:core|plugins)\/[\w./-]+\.[jt]s:\d+)/.exec(stack)
  return match === null ? '' : ` (${match[1]})`
}
