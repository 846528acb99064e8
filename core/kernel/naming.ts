/** Object attributes: the name a title gives an object, and what creating one under a name means. */
import type { ObjectKind } from '../facts/objects.ts'
import { readAnsi } from './call.ts'
import type { Kernel } from './context.ts'
import { openedBy } from './handles.ts'
import type { CreateSpec } from './object.ts'
import { status } from './status.ts'
import { OBJECT_ATTRIBUTES } from './structs.ts'

/** The object name in an OBJECT_ATTRIBUTES; empty for a null pointer or no name. */
export function nameIn(k: Kernel, attributes: number): string {
  if (attributes === 0) return ''
  const at = k.memory.load32(attributes + OBJECT_ATTRIBUTES.objectName)
  return at === 0 ? '' : readAnsi(k.memory, at)
}

/** No object that has a name takes more of the pool, its header included. */
const largestBody = 0x80

/** Creates an object with a handle, or opens the one that has the name already; 0 for no handle. */
export function createOrOpen(
  k: Kernel,
  name: string,
  spec: CreateSpec,
): { readonly code: number; readonly handle: number } {
  const before = name === '' ? undefined : k.handles.named(name)
  if (before !== undefined) {
    if (!sameFamily(before.kind, spec.kind)) return { code: status.OBJECT_TYPE_MISMATCH, handle: 0 }
    return { code: status.OBJECT_NAME_EXISTS, handle: k.handles.open(before, openedBy.name) }
  }
  if (!k.pool.fits(largestBody)) return { code: status.INSUFFICIENT_RESOURCES, handle: 0 }
  const object = k.objects.create({ ...spec, name })
  if (name !== '') k.handles.name(object, name)
  return { code: status.SUCCESS, handle: k.handles.open(object, openedBy.creation) }
}

/** The same with the name in an OBJECT_ATTRIBUTES: a status, and the handle at `handleAt`. */
export function createNamed(k: Kernel, handleAt: number, attributes: number, spec: CreateSpec): number {
  const { code, handle } = createOrOpen(k, nameIn(k, attributes), spec)
  if (handle !== 0) k.memory.store32(handleAt, handle)
  return code
}

const sameFamily = (a: ObjectKind, b: ObjectKind): boolean => a.split('/')[0] === b.split('/')[0]
