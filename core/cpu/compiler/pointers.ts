/**
 * Which loads of a unit fetch what an address is made of. The next access waits for such a load, so its bytes are reversed
 * in the way that answers soonest; the others in the way that takes the fewest instructions.
 *
 * A register is awaited where an access that may follow has it in its address, or computes something awaited from it.
 */
import { analyseProgram } from '../analyse.ts'
import { perProgram } from '../wasm/plan.ts'
import type { Node, Place } from '../wasm/program.ts'
import type { Unit } from './find.ts'
import { type Flow, untilSteadyBack } from './flow.ts'
import { type Instruction, slotsOf } from './meaning.ts'
import { type Bits, exclude, has, include, type Registers } from './registers.ts'
import { takeNumbers } from './scratch.ts'

/** Whether an instruction loads what an access waits for. */
export type Pointers = (instruction: Instruction) => boolean

function addRegisters(node: Node, to: Place[]): void {
  if (node.op !== 'read') for (const arg of node.args) addRegisters(arg, to)
  else if (node.place.file === 'gpr') to.push(node.place)
}

/**
 * The general registers that a program writes, and those that its addresses are made of; where it has none, those its
 * results are made of.
 */
const flowOf = perProgram(program => {
  const { writes, memory } = analyseProgram(program)
  const { body } = program
  const sources: Place[] = []
  for (const one of body.statements) {
    if (one.kind === 'value' && one.node.op === 'load') for (const ea of one.node.args) addRegisters(ea, sources)
    if (one.kind === 'store') addRegisters(one.ea, sources)
  }
  if (sources.length === 0)
    for (const { place, value } of body.writes) if (place.file === 'gpr') addRegisters(value, sources)
  return { writes: slotsOf(writes.filter(({ file }) => file === 'gpr')), sources: slotsOf(sources), memory }
})

/** Goes back over a word, from what is awaited behind it to what is before; answers whether it loads some of it. */
function stepBack(awaited: Bits, instruction: Instruction, registers: Registers): boolean {
  const { writes, sources, memory } = flowOf(instruction.meaning.program)
  let wanted = false
  for (let i = 0; i < writes.length; i += 1) {
    const index = registers.indexIn(instruction, writes[i] ?? 0)
    if (index < 0 || !has(awaited, index)) continue
    wanted = true
    exclude(awaited, index)
  }
  if (wanted || memory)
    for (let i = 0; i < sources.length; i += 1) include(awaited, registers.indexIn(instruction, sources[i] ?? 0))
  return wanted && memory
}

export function pointersOf(unit: Unit, registers: Registers, flow: Flow): Pointers {
  const { size, starts, to, afterCall } = flow
  const { words } = registers
  const before = takeNumbers(words * size)
  const found = takeNumbers(unit.places)
  const awaited = takeNumbers(words)
  untilSteadyBack(flow, block => {
    awaited.fill(0)
    for (let way = starts[block] ?? 0; way < (starts[block + 1] ?? 0); way += 1) {
      if (afterCall[way] === 1) continue
      for (let word = 0; word < words; word += 1)
        awaited[word] = (awaited[word] ?? 0) | (before[(to[way] ?? 0) * words + word] ?? 0)
    }
    const list = unit.blocks[block]?.instructions ?? []
    for (let at = list.length - 1; at >= 0; at -= 1) {
      const one = list[at]
      if (one !== undefined) found[one.at] = stepBack(awaited, one, registers) ? 1 : 0
    }
    let changed = false
    for (let word = 0; word < words; word += 1) {
      const own = block * words + word
      if (before[own] === awaited[word]) continue
      before[own] = awaited[word] ?? 0
      changed = true
    }
    return changed
  })
  return ({ at }) => found[at] === 1
}
