import { bool, continuation, type Entry, krnl, nothing, ptr, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { type Outcome, quietly } from '../../outcome.ts'
import { dispatchLevel } from '../../scheduler.ts'
import { headerType, KDPC, KPCR } from '../../structs.ts'

/** What the caller of KeRetireDpcList finds again when it goes on. */
type Before = { readonly irql: number; readonly active: number }

/** Calls what is deferred on this hardware thread, one after the other, on the caller's stack. */
function retire(k: Kernel, { irql, active }: Before): Outcome<unknown> {
  const { kpcr } = k.scheduler.running
  const next = k.takeDpc()
  k.memory.store32(kpcr + KPCR.dpcRoutineActive, next === undefined ? active : k.frame.word(1))
  k.scheduler.setIrql(next === undefined ? irql : Math.max(irql, dispatchLevel))
  if (next === undefined) return undefined
  return k.callGuest({
    entry: next.routine,
    args: next.args,
    later: { continuation: 'dpc-retired', state: { irql, active } },
  })
}

export function initialiseDpc(k: Kernel, at: number, routine: number, context: number): void {
  k.memory.fill(at, KDPC.size, 0)
  k.memory.store16(at + KDPC.type, headerType.dpc)
  k.memory.store32(at + KDPC.routine, routine)
  k.memory.store32(at + KDPC.context, context)
}

export const dpcs: readonly Entry[] = [
  krnl(111, 'KeInitializeDpc', [ptr(KDPC, 'dpc'), ptr('routine'), u32('context')], nothing, ['threads'], initialiseDpc),
  krnl(
    123,
    'KeInsertQueueDpc',
    [ptr(KDPC, 'dpc'), u32('first'), u32('second')],
    bool,
    ['threads'],
    (k, at, first, second) => k.queueDpc(at, first, second),
  ),
  krnl(142, 'KeRemoveQueueDpc', [ptr(KDPC, 'dpc')], bool, ['threads'], (k, at) => k.removeDpc(at)),
  krnl(147, 'KeRetireDpcList', [], nothing, ['threads'], k => {
    const { kpcr } = k.scheduler.running
    return quietly(retire(k, { irql: k.scheduler.irql(), active: k.memory.load32(kpcr + KPCR.dpcRoutineActive) }))
  }),
  continuation('dpc-retired', (k, before: Before) => retire(k, before)),
]
