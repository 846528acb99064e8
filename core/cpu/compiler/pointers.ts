/**
 * Which loads of a unit fetch what an address is made of. The next access waits for such a load, so its bytes are reversed
 * in the way that answers soonest; the others in the way that takes the fewest instructions.
 *
 * A register is awaited where an access that may follow has it in its address, or computes something awaited from it.
 */
import { perProgram } from '../wasm/plan.ts'
import type { Node, Place } from '../wasm/trace.ts'
import type { Instruction, Unit } from './find.ts'
import {
  type Bits,
  type Edge,
  exclude,
  has,
  include,
  noBits,
  type Registers,
  untilSteady,
  waysInto,
} from './registers.ts'

/** Whether an instruction, by block and place in it, loads what an access waits for. */
export type Pointers = (block: number, at: number) => boolean

function addRegisters(node: Node, to: Place[]): void {
  if (node.op !== 'read') for (const arg of node.args) addRegisters(arg, to)
  else if (node.place.file === 'gpr') to.push(node.place)
}

/** The general registers that a program's addresses are made of; where it has none, those its results are made of. */
const sourcesOf = perProgram(({ body }) => {
  const sources: Place[] = []
  for (const one of body.statements) {
    if (one.kind === 'value' && one.node.op === 'load') for (const ea of one.node.args) addRegisters(ea, sources)
    if (one.kind === 'store') addRegisters(one.ea, sources)
  }
  if (sources.length === 0)
    for (const { place, value } of body.writes) if (place.file === 'gpr') addRegisters(value, sources)
  return sources
})

/** Goes back over an instruction, from what is awaited behind it to what is before; answers whether it loads some of it. */
function stepBack(awaited: Bits, { meaning, known }: Instruction, registers: Registers): boolean {
  const { effects, program } = meaning
  let wanted = false
  for (const place of effects.writes) {
    if (place.file !== 'gpr') continue
    const index = registers.indexOf(place, known)
    if (index < 0 || !has(awaited, index)) continue
    wanted = true
    exclude(awaited, index)
  }
  if (wanted || effects.memory)
    for (const place of sourcesOf(program)) {
      const index = registers.indexOf(place, known)
      if (index >= 0) include(awaited, index)
    }
  return wanted && effects.memory
}

export function pointersOf(unit: Unit, registers: Registers, edges: readonly (readonly Edge[])[]): Pointers {
  const size = unit.blocks.length
  const before: Bits[] = unit.blocks.map(() => noBits(registers.words))
  const found = unit.blocks.map(({ instructions }) => new Array<boolean>(instructions.length).fill(false))
  const ways = waysInto(edges)
  // From the last block to the first, which is mostly the way that what is awaited goes.
  untilSteady(size, (turn, touch) => {
    const block = size - 1 - turn
    const awaited = noBits(registers.words)
    for (const { to, afterCall } of edges[block] ?? [])
      if (!afterCall)
        for (const [word, bits] of (before[to] ?? []).entries()) awaited[word] = (awaited[word] ?? 0) | bits
    const instructions = unit.blocks[block]?.instructions ?? []
    const own = found[block] ?? []
    for (let at = instructions.length - 1; at >= 0; at -= 1) {
      const one = instructions[at]
      own[at] = one !== undefined && stepBack(awaited, one, registers)
    }
    if (awaited.every((bits, word) => bits === before[block]?.[word])) return
    before[block] = awaited
    for (const from of ways[block] ?? []) touch(size - 1 - from)
  })
  return (block, at) => found[block]?.[at] === true
}
