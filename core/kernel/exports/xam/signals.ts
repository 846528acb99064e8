/** Events, mutexes and timers in Win32’s words, over the same objects as the native calls. */
import { bool, cstr, type Entry, handle, i32, ptr, u32, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { dosError, setLastError } from '../../dos-errors.ts'
import { eventKinds, mutantKinds, openedBy, timerKinds } from '../../handles.ts'
import { createOrOpen } from '../../naming.ts'
import { type CreateSpec, type KernelObject, type Operation, operation } from '../../object.ts'
import { status, win32 } from '../../status.ts'
import { fillMutant } from '../xboxkrnl/mutants.ts'

/** Priority boost of a thread woken by a call with a handle. */
const increment = 1

/** A new object, or the one of that name, which is said; 0 and the error for neither. */
function create(k: Kernel, name: string | undefined, spec: CreateSpec): number {
  const { code, handle: value } = createOrOpen(k, name ?? '', spec)
  setLastError(k, code === status.OBJECT_NAME_EXISTS ? win32.ALREADY_EXISTS : dosError(code))
  return value
}

/** What a handle means; undefined, and the error, where it is of another kind. */
function known(
  k: Kernel,
  value: number,
  kinds: Parameters<typeof k.handles.need>[1],
  why: Operation,
): KernelObject | undefined {
  const object = k.handles.need(value, kinds, why)
  if (typeof object !== 'number') return object
  setLastError(k, dosError(object))
  return undefined
}

const security = ptr('security')
const name = cstr('name')

export const xamSignals: readonly Entry[] = [
  xam(
    1094,
    'CreateEventA',
    [security, bool('manual'), bool('isSet'), name],
    handle,
    ['sync'],
    (k, _, manual, isSet, called) =>
      create(k, called, { kind: manual ? 'Event/Manual' : 'Event/Auto', state: isSet ? 1 : 0 }),
  ),
  xam(1056, 'SetEvent', [handle('event')], bool, ['sync', 'hot'], (k, value) => {
    const event = known(k, value, eventKinds, operation.signal)
    if (event !== undefined) k.dispatcher.set(event, increment)
    return event !== undefined
  }),
  xam(1067, 'ResetEvent', [handle('event')], bool, ['sync', 'hot'], (k, value) => {
    const event = known(k, value, eventKinds, operation.signal)
    if (event !== undefined) k.dispatcher.reset(event)
    return event !== undefined
  }),
  xam(1058, 'CreateMutexA', [security, bool('owned'), name], handle, ['sync'], (k, _, owned, called) => {
    const isNew = called === undefined || called === '' || k.handles.named(called) === undefined
    const value = create(k, called, { kind: 'Mutant', state: owned ? 0 : 1, fill: fillMutant(k, owned) })
    const mutant = owned && isNew ? k.handles.peek(value) : undefined
    if (mutant !== undefined) k.dispatcher.ownMutant(mutant, k.thread)
    return value
  }),
  xam(1059, 'OpenMutexA', [u32('access'), bool('inherit'), name], handle, ['sync'], (k, _access, _inherit, called) => {
    const object = called === undefined ? undefined : k.handles.named(called)
    const code = object === undefined ? status.OBJECT_NAME_NOT_FOUND : status.OBJECT_TYPE_MISMATCH
    if (object?.kind === 'Mutant') return k.handles.open(object, openedBy.name)
    setLastError(k, dosError(code))
    return 0
  }),
  xam(1060, 'ReleaseMutex', [handle('mutex')], bool, ['sync', 'hot'], (k, value) => {
    const mutant = known(k, value, mutantKinds, operation.signal)
    if (mutant === undefined) return false
    const before = k.dispatcher.releaseMutant(mutant, increment)
    if (before === undefined) setLastError(k, dosError(status.MUTANT_NOT_OWNED))
    return before !== undefined
  }),
  xam(1114, 'CreateWaitableTimerA', [security, bool('manual'), name], handle, ['sync'], (k, _, manual, called) =>
    create(k, called, { kind: manual ? 'Timer/Manual' : 'Timer/Auto' }),
  ),
  xam(
    1112,
    'SetWaitableTimer',
    [handle('timer'), ptr('due'), i32('period'), ptr('routine'), u32('argument'), bool('resume')],
    bool,
    ['sync'],
    (k, value, dueAt, period, routine, context) => {
      const timer = known(k, value, timerKinds, operation.signal)
      if (timer === undefined) return false
      if (period < 0) {
        setLastError(k, win32.INVALID_PARAMETER)
        return false
      }
      const apc = routine === 0 ? null : { thread: k.thread.id, routine, context, mode: 1 as const }
      k.timers.set(timer, { due: BigInt.asIntN(64, k.memory.load64(dueAt)), period, dpc: 0, apc })
      return true
    },
  ),
  xam(1113, 'CancelWaitableTimer', [handle('timer')], bool, ['sync'], (k, value) => {
    const timer = known(k, value, timerKinds, operation.other)
    if (timer !== undefined) k.timers.cancel(timer)
    return timer !== undefined
  }),
]
