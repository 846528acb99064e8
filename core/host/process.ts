/** This process: its arguments, environment, streams, signals and end. */
import { writeSync } from 'node:fs'
import { constants } from 'node:os'
import process from 'node:process'
import { createInterface } from 'node:readline'

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Host {
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Standard error is a terminal that a line can be redrawn on. */
  readonly terminal: boolean
  /** Standard output is a terminal that shows bold letters. */
  readonly bold: boolean
  /** Columns of the terminal. */
  readonly columns: number
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: what is said besides. */
  note(text: string): void
  /** Lines of standard input. */
  lines(): AsyncIterable<string>
  /** Lets timers, sockets and signals have their turn. */
  turn(): Promise<void>
  /** Calls back on a signal that asks to stop; answers how to take that back. */
  onStop(listener: (signal: StopSignal) => void): () => void
  /** Calls back on what nobody caught, the latest listener alone; answers how to take that back. */
  onDefect(listener: (error: unknown) => void): () => void
  /** The exit status of a process ended by the signal. */
  statusOf(signal: StopSignal): number
  exit(status: number): never
}

/** Writes all of it before it returns, so that an exit right after loses nothing; a reader that left is no defect. */
function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
      else if (code === 'EPIPE' || code === 'EIO') return
      else throw error
    }
  }
}

const defectListeners: ((error: unknown) => void)[] = []
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => defectListeners.at(-1)?.(error))

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

export const host: Host = {
  arguments: process.argv.slice(2),
  environment: process.env,
  get terminal() {
    return process.stderr.isTTY === true && process.env.TERM !== 'dumb'
  },
  get bold() {
    return process.stdout.isTTY === true && process.env.TERM !== 'dumb' && (process.env.NO_COLOR ?? '') === ''
  },
  get columns() {
    return process.stderr.columns ?? 80
  },
  out: text => writeAll(1, text),
  note: text => writeAll(2, text),
  lines: () => createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
  turn: () => new Promise(resolve => setImmediate(resolve)),
  onStop(listener) {
    for (const signal of stopSignals) process.on(signal, listener)
    return () => {
      for (const signal of stopSignals) process.off(signal, listener)
    }
  },
  onDefect(listener) {
    defectListeners.push(listener)
    return () => {
      defectListeners.splice(defectListeners.lastIndexOf(listener), 1)
    }
  },
  statusOf: signal => 128 + constants.signals[signal],
  exit: status => process.exit(status),
}
