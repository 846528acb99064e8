import type { Outside } from '../../core/cli/command.ts'
import type { Files } from '../../core/host/files.ts'
import { hostFiles } from '../../core/host/files.ts'

export interface RecordedOutside {
  readonly outside: Outside
  /** What went to standard output. */
  out(): string
  /** What went to standard error. */
  notes(): string
  /** Files written, by path. */
  readonly written: Map<string, Uint8Array | string>
}

export interface OutsideSpec {
  readonly environment?: Readonly<Record<string, string>>
  /** Lines of standard input. */
  readonly lines?: readonly string[]
  /** Files there are instead of the host's. */
  readonly files?: Readonly<Record<string, Uint8Array>>
  readonly terminal?: boolean
  /** Milliseconds that the clock reads, each time it is looked at. */
  now?(): number
}

/** An outside that keeps what is said, and has the given files, or the host's to be read. */
export function anOutside(spec: OutsideSpec = {}): RecordedOutside {
  let said = ''
  let noted = ''
  const written = new Map<string, Uint8Array | string>()
  const { files: given } = spec
  const files: Files = {
    ...hostFiles,
    ...(given === undefined
      ? {}
      : {
          read: path => given[path] ?? hostFiles.read(path),
          isFile: path => path in given || hostFiles.isFile(path),
        }),
    write: (path, content) => written.set(path, content),
    makeFolder() {},
  }
  let time = 0
  const clock = {
    now: () => {
      time += 1
      return spec.now?.() ?? time
    },
    unixNanoseconds: () => 1_700_000_000_000_000_000n,
  }
  return {
    outside: {
      files,
      clock,
      network: { hostName: 'bench', reachable: async () => false },
      host: {
        arguments: [],
        environment: spec.environment ?? {},
        terminal: spec.terminal ?? false,
        bold: false,
        columns: 80,
        out(text) {
          said += text
        },
        note(text) {
          noted += text
        },
        async *lines() {
          yield* spec.lines ?? []
        },
        turn: async () => {},
        onStop: () => () => {},
        onDefect: () => () => {},
        statusOf: () => 130,
        exit: status => {
          throw new Error(`exit ${status}`)
        },
      },
    },
    out: () => said,
    notes: () => noted,
    written,
  }
}
