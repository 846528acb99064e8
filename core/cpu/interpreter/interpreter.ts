/**
 * The interpreter of a processor: the table of its handlers, into which the modules are put whose handlers it needs
 * (handlers.ts), and the functions by which it is run and reached.
 */
import type { GuestMemory } from '../../memory/guest.ts'
import type { Routine } from '../algebra.ts'
import type { Mode } from '../wasm/program.ts'
import { createHandlers, type Decoded, type Handler, type Handlers } from './handlers.ts'
import { buildRuntime, type ImportName, type RuntimeFunction } from './runtime.ts'

type Exports = Readonly<Record<RuntimeFunction, WebAssembly.ExportValue>> & { readonly run: (left: number) => void }

export interface Interpreter {
  /** Runs so many instructions from the pc of the state block on. */
  readonly run: (left: number) => void
  readonly enter: WebAssembly.ExportValue
  readonly pcOf: WebAssembly.ExportValue
  readonly handlers: WebAssembly.Table
  /**
   * Where routines stand in the table of handlers, once an instruction was decoded that calls them: what is compiled was, in all
   * engines but one. A double is made of a NaN (`doubleOfNaN`) only where a single was loaded, by an instruction that calls it.
   */
  readonly routines: ReadonlyMap<Routine, number>
  /** The handler of an instruction, which stands in the table from then on; undefined where it has to be made. */
  handlerOf(instruction: Decoded, wide: boolean): Handler | undefined
  make(instructions: Iterable<Decoded>, wide: boolean): void
  /** Puts all routines into the table. */
  installRoutines(): void
}

/** Made once a process. */
const shared = new Map<string, Handlers>()
function handlersFor(status: Omit<Mode, 'wide'>): Handlers {
  const key = `${status.exact} ${status.fuses}`
  const have = shared.get(key) ?? createHandlers(status)
  shared.set(key, have)
  return have
}

let runtime: WebAssembly.Module | undefined

export function createInterpreter(
  memory: GuestMemory,
  status: Omit<Mode, 'wide'>,
  ports: Readonly<Record<ImportName, (...values: never[]) => unknown>>,
): Interpreter {
  runtime ??= buildRuntime()
  const made = handlersFor(status)
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: made.size })
  const around = { memory: memory.wasm, handlers: table }
  const exports = new WebAssembly.Instance(runtime, { x: { ...around, ...ports } }).exports as unknown as Exports
  const imports = { x: { ...around, ...exports, call: ports.call, timebase: ports.timebase } }
  const installed: boolean[] = []
  let placed = 0

  function install(number: number): void {
    const one = made.modules[number]
    if (one === undefined || installed[number] === true) return
    installed[number] = true
    for (const needed of one.needs) install(needed)
    for (const { at, bytes } of made.constants.slice(placed)) memory.bytes.set(bytes, at)
    placed = made.constants.length
    new WebAssembly.Instance(one.module, imports)
  }

  return {
    run: exports.run,
    enter: exports.enter,
    pcOf: exports.pcOf,
    handlers: table,
    routines: made.places,
    handlerOf(instruction, wide) {
      const handler = made.of(instruction, wide)
      if (handler !== undefined) install(handler.module)
      return handler
    },
    make: made.make,
    installRoutines: () => install(made.routines()),
  }
}
