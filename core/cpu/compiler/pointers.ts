/**
 * Which loads of a unit fetch what an address is made of. The next access waits for such a load, so its bytes are reversed in the
 * way that answers soonest; the others in the way that takes the fewest instructions.
 *
 * A register is awaited where an access that may follow has it in its address, or computes something awaited from it.
 */
import type { Node } from '../wasm/trace.ts'
import type { Instruction, Unit } from './find.ts'
import { type Bits, type Edge, exclude, has, include, noBits, type Registers } from './registers.ts'

/** Whether an instruction, by block and place in it, loads what an access waits for. */
export type Pointers = (block: number, at: number) => boolean

/** Effective addresses of a program's loads and stores. */
function addressesOf({ meaning }: Instruction): Node[] {
  const found: Node[] = []
  for (const one of meaning.program.body.statements) {
    if (one.kind === 'value' && one.node.op === 'load') found.push(...one.node.args)
    if (one.kind === 'store') found.push(one.ea)
  }
  return found
}

function visitRegisters(node: Node, visit: (node: Node & { op: 'read' }) => void): void {
  if (node.op === 'read') visit(node)
  else for (const arg of node.args) visitRegisters(arg, visit)
}

/** Goes back over an instruction: from what is awaited behind it to what is before it. Answers whether it loads some of that. */
function stepBack(awaited: Bits, instruction: Instruction, registers: Registers): boolean {
  const { meaning, known } = instruction
  const { effects, program } = meaning
  let wanted = false
  for (const place of effects.writes) {
    if (place.file !== 'gpr') continue
    const index = registers.indexOf(place, known)
    if (index < 0 || !has(awaited, index)) continue
    wanted = true
    exclude(awaited, index)
  }
  const add = (node: Node & { op: 'read' }): void => {
    const index = node.place.file === 'gpr' ? registers.indexOf(node.place, known) : -1
    if (index >= 0) include(awaited, index)
  }
  if (effects.memory) {
    for (const ea of addressesOf(instruction)) visitRegisters(ea, add)
    return wanted
  }
  if (wanted) for (const { place, value } of program.body.writes) if (place.file === 'gpr') visitRegisters(value, add)
  return false
}

export function pointersOf(unit: Unit, registers: Registers, edges: readonly (readonly Edge[])[]): Pointers {
  const before: Bits[] = unit.blocks.map(() => noBits(registers.words))
  const behind = (block: number): Bits => {
    const all = noBits(registers.words)
    for (const { to, afterCall } of edges[block] ?? [])
      if (!afterCall) for (const [word, bits] of (before[to] ?? all).entries()) all[word] = (all[word] ?? 0) | bits
    return all
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let block = unit.blocks.length - 1; block >= 0; block -= 1) {
      const awaited = behind(block)
      for (const one of (unit.blocks[block]?.instructions ?? []).toReversed()) stepBack(awaited, one, registers)
      if (awaited.every((bits, word) => bits === before[block]?.[word])) continue
      before[block] = awaited
      changed = true
    }
  }
  const pointers = unit.blocks.map(({ instructions }, block) => {
    const awaited = behind(block)
    const found = new Uint8Array(instructions.length)
    for (let at = instructions.length - 1; at >= 0; at -= 1) {
      const one = instructions[at]
      if (one !== undefined && stepBack(awaited, one, registers)) found[at] = 1
    }
    return found
  })
  return (block, at) => pointers[block]?.[at] === 1
}
