import { bool, type Entry, krnl, nothing, ptr, u8, u32 } from '../../call.ts'
import { headerType, KDPC } from '../../structs.ts'

const kinterrupt = { service: 0, context: 4, spinLock: 8, irql: 0x11, mode: 0x12, target: 0x13 } as const

export const dpcs: readonly Entry[] = [
  krnl(
    111,
    'KeInitializeDpc',
    [ptr(KDPC, 'dpc'), ptr('routine'), u32('context')],
    nothing,
    ['threads'],
    (k, at, routine, context) => {
      k.memory.fill(at, KDPC.size, 0)
      k.memory.store16(at + KDPC.type, headerType.dpc)
      k.memory.store32(at + KDPC.routine, routine)
      k.memory.store32(at + KDPC.context, context)
    },
  ),
  krnl(
    123,
    'KeInsertQueueDpc',
    [ptr(KDPC, 'dpc'), u32('first'), u32('second')],
    bool,
    ['threads'],
    (k, at, first, second) => k.queueDpc(at, first, second),
  ),
  krnl(142, 'KeRemoveQueueDpc', [ptr(KDPC, 'dpc')], bool, ['threads'], (k, at) => k.removeDpc(at)),
  krnl(147, 'KeRetireDpcList', [], nothing, ['threads', 'stub'], () => {}),
  krnl(
    113,
    'KeInitializeInterrupt',
    [ptr('interrupt'), ptr('routine'), u32('context'), u8('irql'), u8('mode'), u8('target')],
    nothing,
    ['threads'],
    (k, at, routine, context, irql, mode, target) => {
      k.memory.store32(at + kinterrupt.service, routine)
      k.memory.store32(at + kinterrupt.context, context)
      k.memory.store32(at + kinterrupt.spinLock, 0)
      k.memory.store8(at + kinterrupt.irql, irql)
      k.memory.store8(at + kinterrupt.mode, mode)
      k.memory.store8(at + kinterrupt.target, target)
    },
  ),
  krnl(85, 'KeConnectInterrupt', [ptr('interrupt')], bool, ['threads', 'stub'], () => true),
]
