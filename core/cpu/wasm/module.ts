import { hostMap } from '../../memory/map.ts'
import type { Routine, Table } from '../algebra.ts'
import type { Type } from '../arithmetic.ts'
import { createWriter, type Piece, type Signature, type Writer } from './bytes.ts'
import { createEmitter } from './emit.ts'
import { completeFunction, type Elements, encodeModule } from './encode.ts'
import { instructions } from './instructions.ts'
import type { Site } from './site.ts'
import { traceRoutine } from './trace.ts'

/** Where constants of emitted code lie in linear memory. */
export interface Constants {
  at(table: Table): number
  /** Where a vector lies; undefined where there is no room for it. */
  vector(bytes: readonly number[]): number | undefined
}

/** Masks that reverse the bytes of the elements of a vector, of 4, 8 and 16 bytes; they lie before the other tables. */
export const swapMasks = { 4: hostMap.tables, 8: hostMap.tables + 16, 16: hostMap.tables + 32 } as const
export const masks = {
  at: hostMap.tables,
  bytes: Uint8Array.from({ length: 48 }, (_, i) => {
    const size = [4, 8, 16][i >> 4] ?? 16
    return (i & 15) ^ (size - 1)
  }),
}

/** Each is given a place in a part of linear memory when it is first asked for, and put there. */
export function createConstants(from: number, to: number, put: (at: number, bytes: Uint8Array) => void): Constants {
  const placed = new Map<Table, number>()
  const vectors = new Map<string, number>()
  let next = from

  function place(bytes: Uint8Array): number | undefined {
    const at = next
    if (at + bytes.length > to) return undefined
    next = Math.ceil((at + bytes.length) / 16) * 16
    put(at, bytes)
    return at
  }

  return {
    vector(bytes) {
      const key = bytes.join()
      const at = vectors.get(key) ?? place(Uint8Array.from(bytes))
      if (at !== undefined) vectors.set(key, at)
      return at
    },
    at(table) {
      const at = placed.get(table) ?? place(table.bytes)
      if (at === undefined) throw new Error('the tables of emitted code fill their area')
      placed.set(table, at)
      return at
    },
  }
}

export const noConstants: Constants = {
  vector: () => undefined,
  at({ name }) {
    throw new Error(`there is no place for the table ${name}`)
  },
}

/** How emitted code loads a vector from where constants lie; false where it is not there. */
export function loadVector(writer: Writer, constants: Constants, bytes: readonly number[]): boolean {
  const at = constants.vector(bytes)
  if (at === undefined) return false
  const w = instructions(writer)
  w.i32(0)
  w.simdMemory(0, at)
  return true
}

/** A module while its functions are written: code goes to the writer, `add` makes what stands behind a mark a function. */
export interface ModuleBuilder {
  readonly writer: Writer
  typeOf(signature: Signature): number
  imported(name: string): number
  /** The number of the next function to be added. */
  next(): number
  add(signature: Signature, locals: readonly Type[], mark: number): number
  /** The number of a function that is written later, by `define`: the code behind a mark, and before it what `begin` writes. */
  reserve(signature: Signature): number
  define(index: number, locals: readonly Type[], mark: number, begin: () => void): void
  /** The function of a routine, written the first time it is asked for. */
  routine(routine: Routine): number
  /** Calls a routine, wherever it is. */
  callRoutine(routine: Routine): void
  routines(): (readonly [Routine, number])[]
  finish(
    exports: readonly { name: string; index: number }[],
    elements: readonly Elements[],
    tables: readonly string[],
  ): Uint8Array<ArrayBuffer>
}

const isSame = (a: readonly Type[], b: readonly Type[]): boolean =>
  a.length === b.length && a.every((type, i) => type === b[i])

/** Routines that other modules have put into a table. */
export interface RoutinesElsewhere {
  /** Which of the module's tables that is. */
  readonly table: number
  placeOf(routine: Routine): number | undefined
}

export function createModule(
  imports: Readonly<Record<string, Signature>>,
  constants: Constants,
  writer: Writer = createWriter(),
  elsewhere?: RoutinesElsewhere,
): ModuleBuilder {
  const w = instructions(writer)
  const types: Signature[] = []
  const functions: { type: number; body: Piece }[] = []
  const names = Object.keys(imports)
  const routines = new Map<Routine, number>()

  /** Routines compute; they reach no register and no memory of the guest. */
  function pureSite(routine: Routine, locals: Type[]): Site {
    const refuse = (): never => {
      throw new Error(`routine ${routine.name} reaches for the state of the machine`)
    }
    return {
      writer,
      local(type) {
        locals.push(type)
        return routine.takes.length + locals.length - 1
      },
      callRoutine: routine => builder.callRoutine(routine),
      table: constants.at,
      vector: bytes => loadVector(writer, constants, bytes),
      known: refuse,
      read: refuse,
      write: refuse,
      flush: refuse,
      reload: refuse,
      readAt: refuse,
      writeAt: refuse,
      swapMask: refuse,
      runtime: refuse,
      mark: refuse,
      leave: refuse,
      branch: refuse,
      next: refuse,
      callKernel: refuse,
    }
  }

  const builder: ModuleBuilder = {
    writer,
    typeOf({ takes, gives }) {
      const same = types.findIndex(one => isSame(one.takes, takes) && isSame(one.gives, gives))
      if (same >= 0) return same
      types.push({ takes, gives })
      return types.length - 1
    },
    imported: name => names.indexOf(name),
    next: () => names.length + functions.length,
    add(signature, locals, mark) {
      completeFunction(writer, mark, locals)
      functions.push({ type: builder.typeOf(signature), body: writer.cut(mark) })
      return names.length + functions.length - 1
    },
    reserve(signature) {
      functions.push({ type: builder.typeOf(signature), body: { bytes: new Uint8Array(0), rare: [] } })
      return names.length + functions.length - 1
    },
    define(index, locals, mark, begin) {
      const own = functions[index - names.length]
      if (own === undefined) throw new Error(`function ${index} is not reserved`)
      completeFunction(writer, mark, locals, begin)
      own.body = writer.keep(mark)
    },
    routine(routine) {
      const have = routines.get(routine)
      if (have !== undefined) return have
      const program = traceRoutine(routine)
      const locals: Type[] = []
      const mark = writer.length
      createEmitter(pureSite(routine, locals)).values(program, program.results)
      const index = builder.add(routine, locals, mark)
      routines.set(routine, index)
      return index
    },
    callRoutine(routine) {
      const place = elsewhere?.placeOf(routine)
      if (elsewhere === undefined || place === undefined) {
        w.call(builder.routine(routine))
        return
      }
      w.i32(place)
      w.callIndirect(builder.typeOf(routine), elsewhere.table)
    },
    routines: () => [...routines],
    finish: (exports, elements, tables) =>
      encodeModule({
        tables,
        imports: Object.entries(imports).map(([name, signature]) => ({ name, type: builder.typeOf(signature) })),
        types,
        functions,
        exports,
        elements,
      }),
  }
  return builder
}
