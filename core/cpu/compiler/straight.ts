/**
 * Straight code, compiled: the instructions from an address to the first branch become one function, from the same rows
 * as the interpreter's handlers, with operands known and registers in locals. A conditional branch back to the start
 * becomes a loop. This is the seam of the compiler, kept honest by tests that run both ways; the tier itself will
 * translate whole functions.
 *
 * A region is entered only where the budget covers it, and counts exactly: an instruction that faults or branches away
 * leaves with pc, count and registers as the interpreter would have them. What it cannot translate (a kernel call, an
 * unknown word) ends the region, and is refused when it stands at the start.
 */
import type { GuestMemory } from '../../memory/guest.ts'
import { access, fold, hostMap, pageShift, pageSize } from '../../memory/map.ts'
import type { Known } from '../algebra.ts'
import { analyseProgram } from '../analyse.ts'
import type { Type } from '../arithmetic.ts'
import { registerOffset } from '../interpreter/records.ts'
import { decode, knownOf } from '../isa.ts'
import { files, specials, transient } from '../state.ts'
import { code, memory as op, type Signature } from '../wasm/bytes.ts'
import { createEmitter, instructions, type RuntimeName, type Site } from '../wasm/emit.ts'
import { type Constants, createModule, swapMasks } from '../wasm/module.ts'
import { type Place, type Program, traceRow, variantNumber, variantsOf } from '../wasm/trace.ts'

interface Step {
  readonly pc: number
  readonly known: Known
  readonly program: Program
}

interface Register {
  readonly local: number
  readonly offset: number
  readonly bytes: number
}

export interface Region {
  readonly instructions: number
  /** Runs at most `left` instructions; how it ended is in the state block. */
  run(left: number): void
}

const { stateBlock } = hostMap
const arithmetic = { eq: 0x46, ltS: 0x48, sub: 0x6b, shl: 0x74 } as const
const left = 0
const longest = 256

const signatures: Readonly<Record<RuntimeName, Signature>> = {
  loadSlow: { takes: ['i32', 'i32'], gives: ['i32'] },
  storeSlow: { takes: ['i32', 'i32', 'i64'], gives: ['i32'] },
  check: { takes: ['i32', 'i32', 'i32'], gives: ['i32'] },
  forget: { takes: ['i32', 'i32'], gives: [] },
  timebase: { takes: [], gives: ['i64'] },
}

/** What a region is compiled for. */
export interface RegionRequest {
  readonly start: number
  readonly wide: boolean
  /** The most instructions it may have. */
  readonly max: number
  /** Addresses it may not run across. */
  readonly stops: ReadonlySet<number>
}

/** The instructions of a region; none where the first cannot be translated. */
function collect(memory: GuestMemory, { start, wide, max, stops }: RegionRequest): Step[] {
  const view = new DataView(memory.bytes.buffer)
  const steps: Step[] = []
  for (let pc = start; steps.length < Math.min(max, longest); pc += 4) {
    if ((memory.accessAt(pc) & access.execute) === 0 || (pc & -pageSize) !== (start & -pageSize)) break
    if (pc !== start && stops.has(pc)) break
    const word = view.getUint32(fold(pc))
    const row = decode(word)
    const variants = row && variantsOf(row)[variantNumber(row, word)]
    if (row === undefined || variants === undefined) break
    const program = traceRow(row, variants, wide)
    const effects = analyseProgram(program)
    if (effects.calls) break
    steps.push({ pc, known: knownOf(word, pc), program })
    if (effects.branches || effects.ends) break
  }
  return steps
}

export function compileStraight(
  memory: GuestMemory,
  request: RegionRequest,
  constants: Constants,
  runtime: Readonly<Record<RuntimeName, WebAssembly.ExportValue>>,
): Region | undefined {
  const { start } = request
  const steps = collect(memory, request)
  const first = steps[0]
  if (first === undefined) return undefined

  const builder = createModule(signatures, constants)
  const { writer } = builder
  const w = instructions(writer)
  const locals: Type[] = []
  const registers = new Map<string, Register>()
  const written = new Set<string>()
  let index = 0
  let step = first

  const local = (type: Type): number => {
    locals.push(type)
    return locals.length
  }

  /** The local of a register. Register 0 as a base is none: it reads as zero. */
  function registerOf(place: Place) {
    const offset =
      place.file === 'special'
        ? specials[place.name].at
        : 'operand' in place
          ? registerOffset(place.operand, step.known(place.operand))
          : files[place.file].at + place.number * files[place.file].step
    const key = `${offset}`
    let register = registers.get(key)
    if (register === undefined) {
      const bytes = place.file === 'special' ? specials[place.name].bytes : files[place.file].step
      register = { local: local(place.type), offset, bytes }
      registers.set(key, register)
    }
    return { key, ...register }
  }

  function storeState(offset: number, value: () => void): void {
    w.i32(stateBlock)
    value()
    w.memory(op.i32Store, offset)
  }
  function remaining(done: number): void {
    w.get(left)
    w.i32(done)
    w.op(arithmetic.sub)
  }
  /** Leaves the region with `done` of this round's instructions retired. */
  function leaveAt(pc: () => void, done: number): void {
    storeState(specials.pc.at, pc)
    storeState(transient.left, () => remaining(done))
    w.br(exit)
  }

  const site: Site = {
    writer,
    local,
    known(number, type) {
      const value = number.of(step.known)
      if (type === 'i64') {
        writer.u8(code.i64Const)
        writer.s64(BigInt(value))
      } else w.i32(Number(value))
    },
    read(place) {
      w.get(registerOf(place).local)
    },
    write(place, value) {
      const { key, local: to } = registerOf(place)
      written.add(key)
      value()
      w.set(to)
    },
    flush: () => forEachRegister(spill),
    reload: () => forEachRegister(fill),
    readAt(number) {
      number()
      w.i32(3)
      w.op(arithmetic.shl)
      w.memory(op.i64Load, stateBlock + files.gpr.at)
    },
    writeAt(number, value) {
      number()
      w.i32(3)
      w.op(arithmetic.shl)
      value()
      w.memory(op.i64Store, stateBlock + files.gpr.at)
    },
    callKernel() {
      throw new Error('a kernel call inside a region')
    },
    swapMask(size) {
      w.i32(0)
      w.simdMemory(0, swapMasks[size])
    },
    runtime: builder.imported,
    routine: builder.routine,
    table: constants.at,
    mark() {
      storeState(specials.pc.at, () => w.i32(step.pc))
      storeState(transient.left, () => remaining(index))
    },
    leave: () => w.br(exit),
    branch(target) {
      const to = local('i32')
      target()
      w.tee(to)
      w.i32(start)
      w.op(arithmetic.eq)
      w.if()
      remaining(steps.length)
      w.set(left)
      w.br(top)
      w.end()
      leaveAt(() => w.get(to), index + 1)
    },
    next: () => {},
  }

  function fill({ local: to, offset, bytes }: Register): void {
    w.i32(stateBlock)
    if (bytes === 16) w.simdMemory(0, offset)
    else w.memory(bytes === 1 ? op.i32Load8U : bytes === 4 ? op.i32Load : op.i64Load, offset)
    w.set(to)
  }
  function spill({ local: from, offset, bytes }: Register): void {
    w.i32(stateBlock)
    w.get(from)
    if (bytes === 16) w.simdMemory(11, offset)
    else w.memory(bytes === 1 ? op.i32Store8 : bytes === 4 ? op.i32Store : op.i64Store, offset)
  }
  function forEachRegister(write: (register: Register) => void): void {
    for (const register of registers.values()) write(register)
  }

  const exit = writer.depth + 1
  const top = exit + 1
  function emitBody(): void {
    index = 0
    w.block()
    w.loop()
    w.get(left)
    w.i32(steps.length)
    w.op(arithmetic.ltS)
    w.if()
    leaveAt(() => w.i32(start), 0)
    w.end()
    for (const one of steps) {
      step = one
      createEmitter(site, one.program).run()
      index += 1
    }
    leaveAt(() => w.i32((start + steps.length * 4) | 0), steps.length)
    w.end()
    w.end()
  }

  // Where registers are reached by number, all that the region uses must be known before it is written.
  if (steps.some(one => one.program.immediate)) {
    const trial = writer.length
    emitBody()
    writer.cut(trial)
  }
  const mark = writer.length
  emitBody()
  const body = writer.cut(mark)
  forEachRegister(fill)
  writer.bytes(body)
  for (const [key, register] of registers) if (written.has(key)) spill(register)
  const run = builder.add({ takes: ['i32'], gives: [] }, locals, mark)
  const module = new WebAssembly.Module(builder.finish([{ name: 'run', index: run }], []))
  const instance = new WebAssembly.Instance(module, { x: { memory: memory.wasm, ...runtime } })
  const flags = memory.bytes.subarray(hostMap.pageFlags)
  const page = fold(start) >>> pageShift
  flags[page] = (flags[page] ?? 0) | access.code
  return { instructions: steps.length, run: instance.exports.run as Region['run'] }
}
