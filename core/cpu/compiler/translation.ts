/** What a translator is told, is asked for, and answers: plain data, which may go to another thread and come from there. */
import type { Mode } from '../wasm/program.ts'

export interface TranslatorSetup {
  /** The whole of guest memory. As a memory, it would have the host of another thread collect its garbage. */
  readonly memory: ArrayBufferLike
  /** Where the constants lie that its modules need: `tablesSize` bytes, of nobody else. */
  readonly tables: number
  /** Where routines stand among the handlers, by name. */
  readonly routines: ReadonlyMap<string, number>
  /** Where functions begin, as far as the image tells. */
  readonly functions: ReadonlySet<number>
  /** Translates what has not run too, and what is translated already. */
  readonly eager: boolean
  /** Times a record runs before it is hot. */
  readonly threshold: number
  readonly unitsInModule?: number
  readonly counts: boolean
}

export interface TranslationRequest {
  readonly mode: Mode
  /** Where units are to begin. */
  readonly entries: readonly number[]
  /** Instructions to be translated, about; and of a unit at most, where fewer than usual. */
  readonly room: number
  readonly longest?: number
  readonly stops: ReadonlySet<number>
  /**
   * Instructions in which what is rare has happened often: they are translated with all they mean, and a unit that begins with one
   * takes nothing for granted.
   */
  readonly whole: ReadonlySet<number>
  /** Learned since the last request, besides: targets of calls, and targets of jumps behind the jump. */
  readonly callTargets: readonly number[]
  readonly jumps: readonly (readonly [from: number, to: number])[]
  /** Everything learned before is void, and nothing stands in the table of units any more. */
  readonly forget: boolean
}

export interface TranslatedUnit {
  readonly entry: number
  /** Its place in the table of units, where the module puts it. */
  readonly slot: number
  readonly instructions: number
  /** Starts of its blocks and the addresses behind them. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly milliseconds: number
}

export interface Translation {
  /** The module; empty where there are no units, or where somebody has made a module of them already. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How many they were. */
  readonly size: number
  readonly units: readonly TranslatedUnit[]
  /** Of the units: instructions in all, and the numbers of the folded pages they were made of, each once. */
  readonly instructions: number
  readonly pages: readonly number[]
  /** Places the table of units must have. */
  readonly slots: number
  /** Entries at which no unit can begin. */
  readonly refused: readonly number[]
  /** Entries there was no room for. */
  readonly waiting: readonly number[]
  /** Jumps whose targets are units of their own from now on. */
  readonly scattered: readonly number[]
  readonly milliseconds: number
}

/** A translation done elsewhere, its module ready to be instantiated; none where nothing could be translated. */
export interface Delivery {
  readonly translation: Translation
  readonly module: WebAssembly.Module | undefined
}

/** A translator beside the running thread, for one processor. */
export interface TranslationPort {
  /** Once, before the first request. */
  begin(setup: TranslatorSetup): void
  /** Not before the last request is answered. */
  ask(request: TranslationRequest): void
  /** The answer to the last request, once, if it is there; does not wait. Throws what the translator threw. */
  answer(): Delivery | undefined
}
