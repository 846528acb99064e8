/**
 * The kernel's side of video: where the title's graphics callback is, and how a device's interrupt gets to it. The
 * machine calls `graphicsInterrupt` when its GPU asks for one.
 */
import type { Kernel } from './context.ts'
import { kernelState } from './outcome.ts'
import { pathNumber } from './sources.ts'

export const videoState = kernelState('video', () => ({
  /** The title's interrupt callback, 0 for none, and its second argument. */
  callback: 0,
  data: 0,
  /** Where the title wants the identifier of the system's command buffer. */
  identifierAddress: 0,
  /** The block that keeps the picture over a reboot. */
  persisted: 0,
  swapsQueued: 0,
  /** The last display mode that was set, and its override: kept, and nothing shows it. */
  mode: 0,
  override: { words: [] as readonly number[], refresh: 0 },
}))

/** Says that the command stream wrote a word for guest code to see. */
export function fenceWritten(k: Kernel, address: number, value: number, packet: number): void {
  const { audit } = k
  audit.as('command-stream', 'device', () =>
    audit.emit['fence.written'](audit.scene, audit.nobody, 0, address, value, packet),
  )
}

/** Says that the command stream came to a swap. */
export function framePresented(k: Kernel, n: number, frontBuffer: number, width: number, height: number): void {
  const { audit } = k
  audit.as('command-stream', 'device', () =>
    audit.emit['frame.presented'](audit.scene, audit.nobody, 0, n, frontBuffer, width, height),
  )
}

const graphicsSource = { verticalBlank: 0, commandProcessor: 1 } as const
const interruptActor = 2

/**
 * Runs the title's callback on a hardware thread's interrupt context; false when there is none to run. `n` numbers the
 * interrupts of one source.
 */
export function graphicsInterrupt(k: Kernel, source: number, hardwareThread: number, n: number): boolean {
  const { callback, data } = k.state(videoState)
  if (callback === 0) return false
  const { work } = k.scheduler.hardware[hardwareThread] ?? { work: [] }
  // A vertical blank that has not been taken yet is one with the next, as on a wire.
  if (
    source === graphicsSource.verticalBlank &&
    work.some(item => item.routine === callback && item.args[0] === source && item.dpc === 0)
  )
    return false
  k.interrupt(hardwareThread, {
    routine: callback,
    args: [source, data],
    actor: interruptActor,
    path: pathNumber('interrupt'),
    dpc: 0,
    n,
  })
  return true
}
