/**
 * Routines that are run on other hardware threads while the caller waits for them: an inter-processor call runs on all
 * six at once and answers what the routine answers on the caller's own; a deferred routine runs on the one that is named.
 * The caller waits as one does who may not be parked: it tries again in its turns until none of the routines is left.
 */
import { actors } from '../../../facts/objects.ts'
import { continuation, type Entry, krnl, nothing, ptr, u8, u32, withoutEffect } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { eventKinds } from '../../handles.ts'
import { operation } from '../../object.ts'
import { kernelState, type Outcome } from '../../outcome.ts'
import { pathNumber } from '../../sources.ts'
import { status as s } from '../../status.ts'
import { KDPC, KEVENT } from '../../structs.ts'
import { initialiseDpc } from './dpc.ts'

/** What threads wait to have run elsewhere: on which hardware threads, and the deferred call that was made for it. */
const rounds = kernelState<{ open: { thread: number; targets: number[]; dpc: number }[] }>('processor-rounds', () => ({
  open: [],
}))

/** Whether none of the routines is queued or running any more. */
const isOver = (k: Kernel, targets: readonly number[]): boolean =>
  targets.every(index => {
    const hardware = k.scheduler.hardware[index]
    return hardware === undefined || (hardware.work.length === 0 && hardware.context.state === 'stopped')
  })

/** Begins a round, then waits for its end; undefined while it is not over. */
function round(k: Kernel, begin: () => { targets: number[]; dpc: number }): { dpc: number } | undefined {
  const state = k.state(rounds)
  const found = state.open.find(each => each.thread === k.thread.id)
  if (found === undefined) {
    state.open.push({ thread: k.thread.id, ...begin() })
    return undefined
  }
  if (!isOver(k, found.targets)) return undefined
  state.open = state.open.filter(each => each !== found)
  return found
}

function callDeferred(
  k: Kernel,
  routine: number,
  context: number,
  index: number,
  first: number,
  second: number,
): Outcome<number> {
  if (k.scheduler.hardware[index] === undefined) return s.INVALID_PARAMETER
  const over = round(k, () => {
    const dpc = k.pool.allocate(KDPC.size)
    initialiseDpc(k, dpc, routine, context)
    k.memory.store8(dpc + KDPC.target, index + 1)
    k.queueDpc(dpc, first, second)
    return { targets: [index], dpc }
  })
  if (over === undefined) return k.tryAgain()
  k.pool.free(over.dpc, KDPC.size)
  return s.SUCCESS
}

function callEverywhere(k: Kernel, routine: number, argument: number): Outcome<number> {
  const own = k.scheduler.running.index
  const over = round(k, () => {
    const targets = k.scheduler.hardware.map(({ index }) => index).filter(index => index !== own)
    for (const index of targets)
      k.interrupt(index, {
        routine,
        args: [argument],
        actor: actors.indexOf('interrupt'),
        path: pathNumber('interrupt'),
        dpc: 0,
      })
    return { targets, dpc: 0 }
  })
  if (over === undefined) return k.tryAgain()
  return k.callGuest({ entry: routine, args: [argument], later: { continuation: 'ipi-done', state: null } })
}

const ownRegisters = 'each thread and each interrupt has floating-point registers of its own, always enabled'

export const processors: readonly Entry[] = [
  krnl(124, 'KeIpiGenericCall', [ptr('routine'), u32('argument')], u32, ['threads', 'blocking'], callEverywhere),
  continuation('ipi-done', (_k, _state: null, value) => value),
  krnl(
    886,
    'KeCallAndWaitForDpcRoutine',
    [ptr('routine'), u32('context'), u32('processor'), u32('first'), u32('second')],
    u32,
    ['threads', 'blocking'],
    callDeferred,
  ),
  krnl(
    149,
    'KeSaveFloatingPointState',
    [],
    u32,
    ['threads'],
    withoutEffect(ownRegisters, () => 0),
  ),
  krnl(
    144,
    'KeRestoreFloatingPointState',
    [u32('saved')],
    nothing,
    ['threads'],
    withoutEffect(ownRegisters, () => {}),
  ),
  krnl(
    38,
    'HalRegisterPowerDownNotification',
    [ptr('notification'), u8('register')],
    nothing,
    ['threads'],
    withoutEffect('nobody switches the console off while a title runs', () => {}),
  ),
  // Sets the event and gives the thread that waits first the processor soon.
  krnl(158, 'KeSetEventBoostPriority', [ptr(KEVENT, 'event'), ptr('thread')], nothing, ['sync'], (k, at, threadAt) => {
    const event = k.objects.at(at, operation.signal)
    if (event === undefined || !eventKinds.includes(event.kind)) return
    const [first] = event.waiters
    if (threadAt !== 0 && first !== undefined) k.memory.store32(threadAt, first.thread.object.address)
    k.dispatcher.set(event, 1)
  }),
]
