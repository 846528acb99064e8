import { bool, type Entry, handle, i32, i64, krnl, nothing, ptr, status, u8, u32 } from '../../call.ts'
import { timerKinds } from '../../handles.ts'
import { createNamed } from '../../naming.ts'
import { operation } from '../../object.ts'
import { status as s } from '../../status.ts'
import { DISPATCHER_HEADER, KDPC, KTIMER, OBJECT_ATTRIBUTES } from '../../structs.ts'

const kindOf = (type: number): 'Timer/Manual' | 'Timer/Auto' => (type === 0 ? 'Timer/Manual' : 'Timer/Auto')

export const timers: readonly Entry[] = [
  krnl(
    0xd7,
    'NtCreateTimer',
    [ptr('handle'), ptr(OBJECT_ATTRIBUTES, 'attributes'), u32('type')],
    status,
    ['sync'],
    (k, handleAt, attributes, type) =>
      type > 1 ? s.INVALID_PARAMETER : createNamed(k, handleAt, attributes, { kind: kindOf(type) }),
  ),
  krnl(
    0xfa,
    'NtSetTimerEx',
    [
      handle('timer'),
      ptr('due'),
      ptr('routine'),
      u8('mode'),
      u32('context'),
      bool('resume'),
      i32('period'),
      ptr('previous'),
    ],
    status,
    ['sync'],
    (k, value, dueAt, routine, mode, context, resume, period, previousAt) => {
      if (period < 0) return s.INVALID_PARAMETER
      const timer = k.handles.need(value, timerKinds, operation.signal)
      if (typeof timer === 'number') return timer
      const previous = k.objects.stateOf(timer)
      k.timers.set(timer, {
        due: BigInt.asIntN(64, k.memory.load64(dueAt)),
        period,
        dpc: 0,
        apc: routine === 0 ? null : { thread: k.thread.id, routine, context, mode: mode === 0 ? 0 : 1 },
      })
      if (previousAt !== 0) k.memory.store8(previousAt, previous)
      return resume ? s.TIMER_RESUME_IGNORED : s.SUCCESS
    },
  ),
  krnl(0xcd, 'NtCancelTimer', [handle('timer'), ptr('state')], status, ['sync'], (k, value, stateAt) => {
    const timer = k.handles.need(value, timerKinds, operation.other)
    if (typeof timer === 'number') return timer
    k.timers.cancel(timer)
    if (stateAt !== 0) k.memory.store8(stateAt, k.objects.stateOf(timer))
    return s.SUCCESS
  }),
  krnl(0xed, 'NtQueryTimer', [handle('timer'), ptr('information')], status, ['sync', 'poll'], (k, value, at) => {
    const timer = k.handles.need(value, timerKinds, operation.other)
    if (typeof timer === 'number') return timer
    const due = k.memory.load64(timer.address + KTIMER.dueTime)
    k.memory.store64(at, BigInt.asUintN(64, due - k.time.interruptTime()))
    k.memory.store8(at + 8, k.objects.stateOf(timer))
    return s.SUCCESS
  }),
  krnl(
    0x75,
    'KeInitializeTimerEx',
    [ptr(KTIMER, 'timer'), u32('type'), u8('processType')],
    nothing,
    ['sync'],
    (k, at, type, processType) => {
      const before = k.objects.known(at)
      if (before?.timer?.armed === true) k.timers.cancel(before)
      k.objects.create({
        kind: kindOf(type),
        at,
        fill(body) {
          k.memory.store8(body + DISPATCHER_HEADER.processType, processType)
          k.memory.fill(body + DISPATCHER_HEADER.size, KTIMER.size - DISPATCHER_HEADER.size, 0)
        },
      })
    },
  ),
  krnl(0xa6, 'KeSetTimer', [ptr(KTIMER, 'timer'), i64('due'), ptr(KDPC, 'dpc')], bool, ['sync'], (k, at, due, dpc) => {
    const timer = k.objects.at(at, operation.signal)
    return timer !== undefined && k.timers.set(timer, { due, period: 0, dpc })
  }),
  krnl(
    0xa7,
    'KeSetTimerEx',
    [ptr(KTIMER, 'timer'), i64('due'), i32('period'), ptr(KDPC, 'dpc')],
    bool,
    ['sync'],
    (k, at, due, period, dpc) => {
      const timer = k.objects.at(at, operation.signal)
      return timer !== undefined && k.timers.set(timer, { due, period: Math.max(0, period), dpc })
    },
  ),
  krnl(0x54, 'KeCancelTimer', [ptr(KTIMER, 'timer')], bool, ['sync'], (k, at) => {
    const timer = k.objects.at(at, operation.other)
    return timer !== undefined && k.timers.cancel(timer)
  }),
]
