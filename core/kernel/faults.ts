/**
 * What the kernel cannot do on the title's behalf, because memory is not there or a table is full: it is the title's fault,
 * and told as such. A thread that caused it may have a handler for it; work of the kernel's own has nobody to be told.
 */
import { Failure } from '../base/failure.ts'
import { hex32 } from '../base/words.ts'
import { GuestAccessError } from '../memory/guest.ts'
import type { Audit } from './audit.ts'
import type { Kernel, KernelStop } from './context.ts'
import { deliverAccess } from './exception.ts'
import { jumped } from './outcome.ts'

export interface Faults {
  /** Ends the title. */
  fault(text: string): typeof jumped
  /** Deals with what was thrown while a call of the title was served; what is no fault of the title's goes on. */
  ofCall(error: unknown): typeof jumped
  /** Deals with what was thrown while the kernel did work of its own. */
  ofKernel(error: unknown): void
  /** Does work for the calling thread. */
  guarded(work: () => void): void
}

export interface FaultPorts {
  readonly audit: Audit
  readonly kernel: () => Kernel
  nameOf(source: number): string
  end(reason: KernelStop): typeof jumped
}

const isTitles = (error: unknown): error is GuestAccessError | Failure =>
  error instanceof GuestAccessError || (error instanceof Failure && error.code === 'GUEST_FAULT')

export function createFaults({ audit, kernel, nameOf, end }: FaultPorts): Faults {
  const { scene } = audit
  const fault = (text: string): typeof jumped => end({ kind: 'fault', text, exitCode: 0 })

  function ofCall(error: unknown): typeof jumped {
    if (!isTitles(error)) throw error
    audit.blamed = 0
    const text = `${nameOf(scene.source)} called from ${hex32(scene.lr)}: ${error.message}`
    if (error instanceof GuestAccessError && deliverAccess(kernel(), error, text)) return jumped
    return fault(text)
  }

  return {
    fault,
    ofCall,
    ofKernel(error) {
      if (!isTitles(error)) throw error
      fault(`${nameOf(audit.blamed === 0 ? scene.source : audit.blamed)}: ${error.message}`)
    },
    guarded(work) {
      try {
        work()
      } catch (error) {
        ofCall(error)
      }
    },
  }
}
