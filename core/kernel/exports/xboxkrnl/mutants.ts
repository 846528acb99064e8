import { bool, type Entry, handle, i32, krnl, nothing, ptr, status, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { mutantKinds } from '../../handles.ts'
import { emptyList } from '../../list.ts'
import { createNamed } from '../../naming.ts'
import { type KernelObject, operation } from '../../object.ts'
import { status as s } from '../../status.ts'
import { KMUTANT, OBJECT_ATTRIBUTES } from '../../structs.ts'

const increment = 1

/** The fields of a new mutant besides its header; owned by the caller, or free. */
export function fillMutant(k: Kernel, owned: boolean): (at: number) => void {
  return at => {
    emptyList(k.memory, at + KMUTANT.listFlink)
    k.memory.store32(at + KMUTANT.ownerThread, owned ? k.thread.object.address : 0)
    k.memory.store8(at + KMUTANT.abandoned, 0)
  }
}

/** Why a thread cannot release a mutant that is not its own: it is somebody's, or was left by who had it last. */
export const refusalToRelease = (k: Kernel, mutant: KernelObject): number =>
  k.memory.load8(mutant.address + KMUTANT.abandoned) === 0 ? s.MUTANT_NOT_OWNED : s.ABANDONED_WAIT_0

export const mutants: readonly Entry[] = [
  krnl(
    0xd4,
    'NtCreateMutant',
    [ptr('handle'), ptr(OBJECT_ATTRIBUTES, 'attributes'), bool('owned')],
    status,
    ['sync'],
    (k, handleAt, attributes, owned) => {
      const code = createNamed(k, handleAt, attributes, {
        kind: 'Mutant',
        state: owned ? 0 : 1,
        fill: fillMutant(k, owned),
      })
      const made = code === s.SUCCESS ? k.handles.peek(k.memory.load32(handleAt)) : undefined
      if (owned && made !== undefined) k.dispatcher.ownMutant(made, k.thread)
      return code
    },
  ),
  krnl(
    0xf2,
    'NtReleaseMutant',
    [handle('mutant'), ptr('previous')],
    status,
    ['sync', 'hot'],
    (k, value, previousAt) => {
      const mutant = k.handles.need(value, mutantKinds, operation.signal)
      if (typeof mutant === 'number') return mutant
      const previous = k.dispatcher.releaseMutant(mutant, increment)
      if (previous === undefined) return refusalToRelease(k, mutant)
      if (previousAt !== 0) k.memory.store32(previousAt, previous)
      return s.SUCCESS
    },
  ),
  krnl(0xea, 'NtQueryMutant', [handle('mutant'), ptr('information')], status, ['sync', 'poll'], (k, value, at) => {
    const mutant = k.handles.need(value, mutantKinds, operation.other)
    if (typeof mutant === 'number') return mutant
    k.memory.store32(at, k.objects.stateOf(mutant))
    k.memory.store8(at + 4, mutant.owner === k.thread ? 1 : 0)
    k.memory.store8(at + 5, k.memory.load8(mutant.address + KMUTANT.abandoned))
    return s.SUCCESS
  }),
  krnl(0x72, 'KeInitializeMutant', [ptr(KMUTANT, 'mutant'), bool('owned')], nothing, ['sync'], (k, at, owned) => {
    const mutant = k.objects.create({ kind: 'Mutant', at, state: owned ? 0 : 1, fill: fillMutant(k, owned) })
    k.dispatcher.ownMutant(mutant, owned ? k.thread : undefined)
  }),
  krnl(
    0x87,
    'KeReleaseMutant',
    [ptr(KMUTANT, 'mutant'), i32('increment'), bool('abandoned'), u32('wait')],
    i32,
    ['sync', 'hot'],
    (k, at, boost, abandoned) => {
      const mutant = k.objects.at(at, operation.signal)
      if (mutant === undefined) return 0
      if (abandoned) return k.dispatcher.abandonMutant(mutant, boost)
      const previous = k.dispatcher.releaseMutant(mutant, boost)
      return previous === undefined ? k.raise(refusalToRelease(k, mutant), 'KeReleaseMutant') : previous
    },
  ),
]
