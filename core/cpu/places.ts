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

/**
 * Where the register of an operand is: by its number in a word, which lies so far to the right and has so many bits there,
 * or which `read` tells, as the offset itself. Made once, and plain numbers as far as they go: registers are asked for all the
 * time.
 */
export interface Where {
  readonly right: number
  readonly mask: number
  /** The offset in the state block for number 0; and for the others, from `at` on, a step for each. */
  readonly zeroth: number
  readonly at: number
  readonly step: number
  readonly read: ((word: number) => number) | undefined
}

export function offsetIn({ right, mask, zeroth, at, step, read }: Where, word: number): number {
  const number = read === undefined ? (word >>> right) & mask : read(word)
  return number === 0 ? zeroth : at + number * step
}

/** Where `registerOffset` finds an operand in an instruction. */
export function whereOf(operand: Operand): Where {
  const zeroth = registerOffset(operand, 0)
  const of = placeIn(fieldOf(operand.name))
  if (of === undefined || operand.kind === 'crb') {
    const read = (word: number): number => registerOffset(operand, operand.read(word))
    return { right: 0, mask: 0, zeroth, at: 0, step: 1, read }
  }
  const first = registerOffset(operand, 1)
  const step = registerOffset(operand, 2) - first
  return { ...of, zeroth, at: first - step, step, read: undefined }
}

/** Where a register is that no operand names. */
export const whereAt = (at: number): Where => ({ right: 0, mask: 0, zeroth: at, at, step: 0, read: undefined })
