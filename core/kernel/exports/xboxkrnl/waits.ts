import { limits } from '../../../base/limits.ts'
import { bool, continuation, type Entry, handle, krnl, ptr, status, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { eventKinds, mutantKinds, semaphoreKinds, waitableKinds } from '../../handles.ts'
import { type KernelObject, operation } from '../../object.ts'
import type { Outcome } from '../../outcome.ts'
import { status as s } from '../../status.ts'
import type { WaitRequest } from '../../wait.ts'
import { refusalToRelease } from './mutants.ts'

/** Why a thread waits, as the platform numbers it. */
const userRequest = 3
const increment = 1

/** The time-out at a pointer; undefined for a null pointer, which means for ever. */
export function timeoutAt(k: Kernel, at: number): bigint | undefined {
  return at === 0 ? undefined : BigInt.asIntN(64, k.memory.load64(at))
}

/** The object of a handle if it can be waited on, else a status. */
function waitable(k: Kernel, value: number): KernelObject | number {
  return k.handles.need(value, waitableKinds, operation.wait)
}

interface Several {
  readonly objects: KernelObject[]
  readonly handles: number[]
}

/** Collects what a list in memory names; a status when one of it names nothing. */
function collect(
  k: Kernel,
  count: number,
  listAt: number,
  find: (word: number) => KernelObject | number,
): Several | number {
  const objects: KernelObject[] = []
  const handles: number[] = []
  for (let i = 0; i < count; i += 1) {
    const word = k.memory.load32(listAt + i * 4)
    const object = find(word)
    if (typeof object === 'number') return object
    objects.push(object)
    handles.push(k.audit.handleOf(object))
  }
  return { objects, handles }
}

function waitForSeveral(
  k: Kernel,
  several: Several | number,
  type: number,
  rest: { readonly reason: number; readonly mode: number; readonly alertable: boolean; readonly timeoutAt: number },
  by?: string,
): Outcome<number> {
  if (typeof several === 'number') return several
  if (type > 1) return s.INVALID_PARAMETER
  if (type === 0 && new Set(several.objects).size !== several.objects.length) return s.INVALID_PARAMETER_MIX
  return k.dispatcher.wait({
    ...several,
    type: type === 0 ? 'all' : 'any',
    reason: rest.reason,
    mode: rest.mode,
    alertable: rest.alertable,
    timeout: timeoutAt(k, rest.timeoutAt),
    ...(by === undefined ? {} : raising(several.objects, by)),
  })
}

/** What a call by handle answers is raised by one by address, also when its wait ends later. */
const raising = (objects: readonly KernelObject[], by: string): Pick<WaitRequest, 'later'> =>
  objects.some(({ kind }) => kind === 'Mutant') ? { later: { continuation: 'mutant-waited', state: by } } : {}

const badCount = (count: number): boolean => count === 0 || count > limits.waitObjects.value

/** Signals an object as its kind is signalled by a call; a status. */
function signalAny(k: Kernel, object: KernelObject): number {
  switch (object.kind) {
    case 'Event/Manual':
    case 'Event/Auto':
      k.dispatcher.set(object, increment)
      return s.SUCCESS
    case 'Semaphore':
      return k.dispatcher.release(object, increment, 1) === undefined ? s.SEMAPHORE_LIMIT_EXCEEDED : s.SUCCESS
    case 'Mutant':
      return k.dispatcher.releaseMutant(object, increment) === undefined ? refusalToRelease(k, object) : s.SUCCESS
    default:
      return s.OBJECT_TYPE_MISMATCH
  }
}

const signalledKinds = [...eventKinds, ...semaphoreKinds, ...mutantKinds]

export const waits: readonly Entry[] = [
  krnl(
    0xfd,
    'NtWaitForSingleObjectEx',
    [handle('object'), u32('mode'), bool('alertable'), ptr('timeout')],
    status,
    ['sync', 'hot', 'poll', 'blocking'],
    (k, value, mode, alertable, timeout) => {
      const object = waitable(k, value)
      if (typeof object === 'number') return object
      return k.dispatcher.wait({
        type: 'any',
        objects: [object],
        handles: [value],
        reason: userRequest,
        mode,
        alertable,
        timeout: timeoutAt(k, timeout),
      })
    },
  ),
  krnl(
    0xfe,
    'NtWaitForMultipleObjectsEx',
    [u32('count'), ptr('handles'), u32('type'), u32('mode'), bool('alertable'), ptr('timeout')],
    status,
    ['sync', 'hot', 'poll', 'blocking'],
    (k, count, handlesAt, type, mode, alertable, timeout) =>
      badCount(count)
        ? s.INVALID_PARAMETER_1
        : waitForSeveral(
            k,
            collect(k, count, handlesAt, word => waitable(k, word)),
            type,
            { reason: userRequest, mode, alertable, timeoutAt: timeout },
          ),
  ),
  krnl(
    0xb0,
    'KeWaitForSingleObject',
    [ptr('object'), u32('reason'), u32('mode'), bool('alertable'), ptr('timeout')],
    status,
    ['sync', 'hot', 'poll', 'blocking'],
    (k, at, reason, mode, alertable, timeout) => {
      const object = k.objects.at(at, operation.wait)
      if (object === undefined) return s.INVALID_PARAMETER
      return k.dispatcher.wait({
        type: 'any',
        objects: [object],
        handles: [0],
        reason,
        mode,
        alertable,
        timeout: timeoutAt(k, timeout),
        ...raising([object], 'KeWaitForSingleObject'),
      })
    },
  ),
  krnl(
    0xaf,
    'KeWaitForMultipleObjects',
    [
      u32('count'),
      ptr('objects'),
      u32('type'),
      u32('reason'),
      u32('mode'),
      bool('alertable'),
      ptr('timeout'),
      ptr('blocks'),
    ],
    status,
    ['sync', 'hot', 'poll', 'blocking'],
    (k, count, objectsAt, type, reason, mode, alertable, timeout) =>
      badCount(count)
        ? s.INVALID_PARAMETER_1
        : waitForSeveral(
            k,
            collect(k, count, objectsAt, word => k.objects.at(word, operation.wait) ?? s.INVALID_PARAMETER),
            type,
            { reason, mode, alertable, timeoutAt: timeout },
            'KeWaitForMultipleObjects',
          ),
  ),
  continuation('mutant-waited', (k, by: string, value) =>
    value === s.MUTANT_LIMIT_EXCEEDED ? k.raise(value, by) : value,
  ),
  krnl(
    0xfb,
    'NtSignalAndWaitForSingleObjectEx',
    [handle('signal'), handle('wait'), u32('mode'), bool('alertable'), ptr('timeout')],
    status,
    ['sync', 'blocking'],
    (k, signal, wait, mode, alertable, timeout) => {
      const waited = waitable(k, wait)
      if (typeof waited === 'number') return waited
      const signalled = k.handles.need(signal, signalledKinds, operation.signal)
      if (typeof signalled === 'number') return signalled
      const code = signalAny(k, signalled)
      if (code !== s.SUCCESS) return code
      return k.dispatcher.wait({
        type: 'any',
        objects: [waited],
        handles: [wait],
        reason: userRequest,
        mode,
        alertable,
        timeout: timeoutAt(k, timeout),
      })
    },
  ),
]
