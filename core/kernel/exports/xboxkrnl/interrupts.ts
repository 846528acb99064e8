import { bool, type Entry, krnl, nothing, ptr, u8, u32, withoutEffect } from '../../call.ts'
import { kernelState } from '../../outcome.ts'
import { KINTERRUPT } from '../../structs.ts'

/** Interrupts that are connected; one level of a hardware thread has one routine. */
const connections = kernelState<{ all: { at: number; irql: number; target: number }[] }>('interrupts', () => ({
  all: [],
}))

const neverRaised = 'no device raises an interrupt but those that the kernel serves itself'

export const interrupts: readonly Entry[] = [
  krnl(
    113,
    'KeInitializeInterrupt',
    [ptr(KINTERRUPT, 'interrupt'), ptr('routine'), u32('context'), u8('irql'), u8('mode'), u8('target')],
    nothing,
    ['threads'],
    (k, at, routine, context, irql, mode, target) => {
      k.memory.store32(at + KINTERRUPT.service, routine)
      k.memory.store32(at + KINTERRUPT.context, context)
      k.memory.store32(at + KINTERRUPT.spinLock, 0)
      k.memory.store8(at + KINTERRUPT.irql, irql)
      k.memory.store8(at + KINTERRUPT.mode, mode)
      k.memory.store8(at + KINTERRUPT.target, target)
    },
  ),
  krnl(
    85,
    'KeConnectInterrupt',
    [ptr(KINTERRUPT, 'interrupt')],
    bool,
    ['threads'],
    withoutEffect(neverRaised, (k, at) => {
      const { all } = k.state(connections)
      const irql = k.memory.load8(at + KINTERRUPT.irql)
      const target = k.memory.load8(at + KINTERRUPT.target)
      if (all.some(each => each.at === at || (each.irql === irql && each.target === target))) return false
      all.push({ at, irql, target })
      return true
    }),
  ),
  krnl(92, 'KeDisconnectInterrupt', [ptr(KINTERRUPT, 'interrupt')], bool, ['threads'], (k, at) => {
    const { all } = k.state(connections)
    const place = all.findIndex(each => each.at === at)
    if (place >= 0) all.splice(place, 1)
    return place >= 0
  }),
]
