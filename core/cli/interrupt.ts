/** What may end a run from outside: a signal, or a defect that nobody caught. */
import type { Host, StopSignal } from '../host/process.ts'

export interface Interrupt {
  /** The signal that asked to stop; undefined while there was none. */
  readonly signal: StopSignal | undefined
  /** What nobody caught; undefined while there was nothing. */
  readonly defect: { readonly error: unknown } | undefined
  /** Settles at the first of them. */
  readonly came: Promise<void>
  /** Gives signals back to whoever had them. */
  release(): void
}

/** The first signal asks; the second, while the run is being ended, ends the process at once. */
export function watchForInterrupts(host: Host): Interrupt {
  let signal: StopSignal | undefined
  let defect: { readonly error: unknown } | undefined
  const { promise: came, resolve } = Promise.withResolvers<void>()
  const releaseStop = host.onStop(received => {
    if (signal !== undefined) host.exit(host.statusOf(received))
    signal = received
    resolve()
  })
  const releaseDefect = host.onDefect(error => {
    defect ??= { error }
    resolve()
  })
  return {
    get signal() {
      return signal
    },
    get defect() {
      return defect
    },
    came,
    release() {
      releaseStop()
      releaseDefect()
    },
  }
}
