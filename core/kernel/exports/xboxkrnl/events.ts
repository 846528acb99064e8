import { type Entry, handle, i32, krnl, nothing, ptr, status, u32 } from '../../call.ts'
import { eventKinds } from '../../handles.ts'
import { createNamed } from '../../naming.ts'
import { operation } from '../../object.ts'
import { status as s } from '../../status.ts'
import { KEVENT, OBJECT_ATTRIBUTES } from '../../structs.ts'

/** Priority boost of a thread woken by a call with a handle. */
const increment = 1

const kindOf = (type: number): 'Event/Manual' | 'Event/Auto' => (type === 0 ? 'Event/Manual' : 'Event/Auto')

export const events: readonly Entry[] = [
  krnl(
    0xd1,
    'NtCreateEvent',
    [ptr('handle'), ptr(OBJECT_ATTRIBUTES, 'attributes'), u32('type'), u32('initial')],
    status,
    ['sync'],
    (k, handleAt, attributes, type, initial) =>
      type > 1
        ? s.INVALID_PARAMETER
        : createNamed(k, handleAt, attributes, { kind: kindOf(type), state: initial === 0 ? 0 : 1 }),
  ),
  krnl(0xf6, 'NtSetEvent', [handle('event'), ptr('previous')], status, ['sync', 'hot'], (k, value, previousAt) => {
    const event = k.handles.need(value, eventKinds, operation.signal)
    if (typeof event === 'number') return event
    const previous = k.dispatcher.set(event, increment)
    if (previousAt !== 0) k.memory.store32(previousAt, previous)
    return s.SUCCESS
  }),
  krnl(0xce, 'NtClearEvent', [handle('event')], status, ['sync', 'hot'], (k, value) => {
    const event = k.handles.need(value, eventKinds, operation.signal)
    if (typeof event === 'number') return event
    k.dispatcher.reset(event)
    return s.SUCCESS
  }),
  krnl(0xe2, 'NtPulseEvent', [handle('event'), ptr('previous')], status, ['sync'], (k, value, previousAt) => {
    const event = k.handles.need(value, eventKinds, operation.signal)
    if (typeof event === 'number') return event
    const previous = k.dispatcher.pulse(event, increment)
    if (previousAt !== 0) k.memory.store32(previousAt, previous)
    return s.SUCCESS
  }),
  krnl(0xe6, 'NtQueryEvent', [handle('event'), ptr('information')], status, ['sync', 'poll'], (k, value, at) => {
    const event = k.handles.need(value, eventKinds, operation.other)
    if (typeof event === 'number') return event
    k.memory.store32(at, event.kind === 'Event/Manual' ? 0 : 1)
    k.memory.store32(at + 4, k.objects.stateOf(event))
    return s.SUCCESS
  }),
  krnl(
    0x70,
    'KeInitializeEvent',
    [ptr(KEVENT, 'event'), u32('type'), u32('initial')],
    nothing,
    ['sync'],
    (k, at, type, initial) => {
      k.objects.create({ kind: kindOf(type), at, state: initial === 0 ? 0 : 1 })
    },
  ),
  krnl(
    0x9d,
    'KeSetEvent',
    [ptr(KEVENT, 'event'), i32('increment'), u32('wait')],
    i32,
    ['sync', 'hot'],
    (k, at, boost) => {
      const event = k.objects.at(at, operation.signal)
      return event === undefined ? 0 : k.dispatcher.set(event, boost)
    },
  ),
  krnl(0x8f, 'KeResetEvent', [ptr(KEVENT, 'event')], i32, ['sync', 'hot'], (k, at) => {
    const event = k.objects.at(at, operation.signal)
    return event === undefined ? 0 : k.dispatcher.reset(event)
  }),
  krnl(0x7f, 'KePulseEvent', [ptr(KEVENT, 'event'), i32('increment'), u32('wait')], i32, ['sync'], (k, at, boost) => {
    const event = k.objects.at(at, operation.signal)
    return event === undefined ? 0 : k.dispatcher.pulse(event, boost)
  }),
]
