import { type Entry, handle, i32, krnl, nothing, ptr, status, u32 } from '../../call.ts'
import { semaphoreKinds } from '../../handles.ts'
import { createNamed } from '../../naming.ts'
import { operation } from '../../object.ts'
import { status as s } from '../../status.ts'
import { KSEMAPHORE, OBJECT_ATTRIBUTES } from '../../structs.ts'

const increment = 1

export const semaphores: readonly Entry[] = [
  krnl(
    0xd5,
    'NtCreateSemaphore',
    [ptr('handle'), ptr(OBJECT_ATTRIBUTES, 'attributes'), i32('count'), i32('limit')],
    status,
    ['sync'],
    (k, handleAt, attributes, count, limit) =>
      count < 0 || limit <= 0 || count > limit
        ? s.INVALID_PARAMETER
        : createNamed(k, handleAt, attributes, {
            kind: 'Semaphore',
            state: count,
            limit,
            fill: at => k.memory.store32(at + KSEMAPHORE.limit, limit),
          }),
  ),
  krnl(
    0xf3,
    'NtReleaseSemaphore',
    [handle('semaphore'), i32('count'), ptr('previous')],
    status,
    ['sync', 'hot'],
    (k, value, count, previousAt) => {
      const semaphore = k.handles.need(value, semaphoreKinds, operation.signal)
      if (typeof semaphore === 'number') return semaphore
      if (count <= 0) return s.INVALID_PARAMETER
      const previous = k.dispatcher.release(semaphore, increment, count)
      if (previous === undefined) return s.SEMAPHORE_LIMIT_EXCEEDED
      if (previousAt !== 0) k.memory.store32(previousAt, previous)
      return s.SUCCESS
    },
  ),
  krnl(
    0xeb,
    'NtQuerySemaphore',
    [handle('semaphore'), ptr('information')],
    status,
    ['sync', 'poll'],
    (k, value, at) => {
      const semaphore = k.handles.need(value, semaphoreKinds, operation.other)
      if (typeof semaphore === 'number') return semaphore
      k.memory.store32(at, k.objects.stateOf(semaphore))
      k.memory.store32(at + 4, semaphore.limit ?? 0)
      return s.SUCCESS
    },
  ),
  krnl(
    0x74,
    'KeInitializeSemaphore',
    [ptr(KSEMAPHORE, 'semaphore'), i32('count'), i32('limit')],
    nothing,
    ['sync'],
    (k, at, count, limit) => {
      k.objects.create({
        kind: 'Semaphore',
        at,
        state: count,
        limit,
        fill: body => k.memory.store32(body + KSEMAPHORE.limit, limit),
      })
    },
  ),
  krnl(
    0x88,
    'KeReleaseSemaphore',
    [ptr(KSEMAPHORE, 'semaphore'), i32('increment'), i32('adjustment'), u32('wait')],
    i32,
    ['sync', 'hot'],
    (k, at, boost, adjustment) => {
      const semaphore = k.objects.at(at, operation.signal)
      if (semaphore === undefined) return 0
      const previous = k.dispatcher.release(semaphore, boost, adjustment)
      return previous === undefined ? k.raise(s.SEMAPHORE_LIMIT_EXCEEDED, 'KeReleaseSemaphore') : previous
    },
  ),
]
