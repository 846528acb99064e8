/** What may end a run from outside: a signal, or a defect that nobody caught. */
import type { Host, StopSignal } from '../host/process.ts'

export interface Interrupt {
  /** The first signal that asked to stop; undefined while there was none. */
  readonly signal: StopSignal | undefined
  /** What nobody caught; undefined while there was nothing. */
  readonly defect: { readonly error: unknown } | undefined
  /** Settles at the first of them. */
  readonly came: Promise<void>
  /** Settles at the next signal from now on; the one after that ends the process at once. */
  again(): Promise<StopSignal>
  /** Gives signals back to whoever had them. */
  release(): void
}

export function watchForInterrupts(host: Host): Interrupt {
  let signal: StopSignal | undefined
  let defect: { readonly error: unknown } | undefined
  const first = Promise.withResolvers<void>()
  let next: ((received: StopSignal) => void) | undefined
  const releaseStop = host.onStop(received => {
    const waiting = next
    if (signal !== undefined && waiting === undefined) host.exit(host.statusOf(received))
    signal ??= received
    next = undefined
    waiting?.(received)
    first.resolve()
  })
  const releaseDefect = host.onDefect(error => {
    defect ??= { error }
    first.resolve()
  })
  return {
    get signal() {
      return signal
    },
    get defect() {
      return defect
    },
    came: first.promise,
    again: () =>
      new Promise(resolve => {
        next = resolve
      }),
    release() {
      releaseStop()
      releaseDefect()
    },
  }
}
