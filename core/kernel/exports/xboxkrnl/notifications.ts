import { bool, continuation, type Entry, krnl, nothing, ptr } from '../../call.ts'
import type { KernelStop } from '../../context.ts'
import { register, sayEnd, sayLeft, tell, unregister } from '../../notifications.ts'
import { REGISTRATION } from '../../structs.ts'

export const notifications: readonly Entry[] = [
  krnl(
    20,
    'ExRegisterThreadNotification',
    [ptr(REGISTRATION, 'registration'), bool('create')],
    nothing,
    ['threads'],
    (k, at, create) => (create ? register : unregister)(k, 'thread', at),
  ),
  krnl(
    21,
    'ExRegisterTitleTerminateNotification',
    [ptr(REGISTRATION, 'registration'), bool('create')],
    nothing,
    ['threads'],
    (k, at, create) => (create ? register : unregister)(k, 'title', at),
  ),
  krnl(26, 'ExTerminateTitleProcess', [], nothing, ['threads'], k =>
    k.terminateTitle({ kind: 'finished', text: 'the title’s process was terminated', exitCode: 0 }),
  ),
  continuation('notified', (k, round: Parameters<typeof tell>[1]) => tell(k, round)),
  continuation('thread-begins', (k, { id, answer }: { id: number; answer: number }) => {
    const thread = k.threads.all.get(id)
    if (thread !== undefined) k.threads.begin(thread)
    return answer
  }),
  continuation('thread-left', (k, code: number) => sayLeft(k, code)),
  continuation('thread-ends', (k, code: number) => sayEnd(k, code)),
  continuation('title-ends', (k, stop: { kind: 'finished' | 'fault'; text: string; exitCode: number }) =>
    k.endTitle(stop satisfies KernelStop),
  ),
]
