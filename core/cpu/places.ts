import type { Operand } from './forms.ts'
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
