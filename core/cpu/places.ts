import { placeIn } from './fields.ts'
import { fieldOf, type Operand } from './forms.ts'
import { files, transient } from './state.ts'

/** The offset in the state block of the register that an operand means. */
export function registerOffset(operand: Operand, number: number): number {
  switch (operand.kind) {
    case 'base':
      return number === 0 ? transient.zero : files.gpr.at + number * files.gpr.step
    case 'crb':
      return files.crf.at + (number >> 2)
    case 'gpr':
    case 'fpr':
    case 'vr':
    case 'crf':
      return files[operand.kind].at + number * files[operand.kind].step
    default:
      throw new Error(`operand ${operand.name} is no register`)
  }
}

/** A register by its number in a word: how far that lies to the right, and its bits there; or how else it is read. */
interface Numbered {
  readonly right: number
  readonly mask: number
  readonly read: ((word: number) => number) | undefined
  readonly zeroth: number
  readonly at: number
  readonly step: number
}

/** All offsets come from here, so that the host knows what it calls. */
function offsetBy({ right, mask, read, zeroth, at, step }: Numbered): (word: number) => number {
  return word => {
    const number = read === undefined ? (word >>> right) & mask : read(word)
    return number === 0 ? zeroth : at + number * step
  }
}

/** `registerOffset` of an operand in an instruction, made once: registers are asked for all the time. */
export function offsetOf(operand: Operand): (word: number) => number {
  const zeroth = registerOffset(operand, 0)
  const of = placeIn(fieldOf(operand.name))
  if (of === undefined || operand.kind === 'crb') {
    const read = (word: number): number => registerOffset(operand, operand.read(word))
    return offsetBy({ right: 0, mask: 0, read, zeroth, at: 0, step: 1 })
  }
  const first = registerOffset(operand, 1)
  const step = registerOffset(operand, 2) - first
  return offsetBy({ ...of, read: undefined, zeroth, at: first - step, step })
}

/** The offset of a register that no operand names. */
export const offsetAt = (at: number): ((word: number) => number) =>
  offsetBy({ right: 0, mask: 0, read: undefined, zeroth: at, at, step: 0 })
