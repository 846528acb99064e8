/**
 * What interrupts an alertable wait besides a signal: an alert, and a user APC. A thread is alerted in a mode, kernel or
 * user; a wait in a mode is interrupted by an alert in it, then by an APC where the mode is user, then by an alert in
 * kernel mode (WDK, KeAlertThread; the same order in public emulators of this console). A kernel APC interrupts any wait,
 * but ends none: its thread goes on waiting when it has returned (WDK, Waits and APCs).
 */
import type { GuestMemory } from '../memory/guest.ts'
import type { Thread } from './object.ts'
import { status } from './status.ts'
import { KTHREAD } from './structs.ts'

export const kernelMode = 0
export const userMode = 1

const bitOf = (mode: number): number => (mode === kernelMode ? 1 : 2)

export const isAlerted = (thread: Thread, mode: number): boolean => (thread.alerted & bitOf(mode)) !== 0

export function setAlerted(memory: GuestMemory, thread: Thread, mode: number, alerted: boolean): void {
  thread.alerted = alerted ? thread.alerted | bitOf(mode) : thread.alerted & ~bitOf(mode)
  memory.store8(thread.object.address + KTHREAD.alerted + (mode === kernelMode ? 0 : 1), alerted ? 1 : 0)
}

/** What an alertable wait in a mode would end with now; the alert is not spent. */
export function interruption(thread: Thread, mode: number): number | undefined {
  if (isAlerted(thread, mode)) return status.ALERTED
  if (mode === userMode && thread.userApcs.length > 0) return status.USER_APC
  return isAlerted(thread, kernelMode) ? status.ALERTED : undefined
}

/** Whether a thread takes no kernel APC with a normal routine, nor is suspended: in a critical region, and in such an APC. */
export const holdsOff = (memory: GuestMemory, { object }: Thread): boolean =>
  (memory.load32(object.address + KTHREAD.kernelApcDisable) | 0) < 0 ||
  memory.load8(object.address + KTHREAD.kernelApcInProgress) !== 0

/** Whether a suspension takes hold of a thread that is, or will be, at an IRQL. */
export const takesHold = (memory: GuestMemory, thread: Thread, irql: number): boolean =>
  irql === 0 && !holdsOff(memory, thread)

/** Whether a thread may take its first kernel APC at IRQL 0. */
export function kernelApcDue(memory: GuestMemory, thread: Thread): boolean {
  const [first] = thread.kernelApcs
  return first !== undefined && (first.routine === 0 || !holdsOff(memory, thread))
}

/** Spends the alert that has ended a wait in a mode. */
export const spendAlert = (memory: GuestMemory, thread: Thread, mode: number): void =>
  setAlerted(memory, thread, isAlerted(thread, mode) ? mode : kernelMode, false)

/** Whether an alert in a mode ends the wait a thread is in. */
export const wakes = (thread: Thread, mode: number): boolean =>
  thread.wait?.alertable === true && mode <= thread.wait.mode && !thread.wait.detached
