import { ansiString, type Entry, handle, krnl, nothing, ptr, status, u32, withoutEffect } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { openedBy } from '../../handles.ts'
import { nameIn } from '../../naming.ts'
import { type KernelObject, operation } from '../../object.ts'
import { status as s } from '../../status.ts'
import { OBJECT_ATTRIBUTES, OBJECT_HEADER } from '../../structs.ts'

const closeSource = 1
const temporary = 'no object outlives its last handle, so each is temporary already'

/** Whether an object is of the type a title passes; 0 is any type. */
function isOfType(k: Kernel, object: KernelObject, type: number): boolean {
  if (type === 0) return true
  if (!object.owned) return false
  return k.memory.load32(object.address - OBJECT_HEADER.size + OBJECT_HEADER.objectType) === type
}

/** Gives out the body's address with a reference. */
function referenceTo(k: Kernel, object: KernelObject, type: number, outAt: number): number {
  if (!isOfType(k, object, type)) return s.OBJECT_TYPE_MISMATCH
  k.objects.reference(object)
  k.memory.store32(outAt, object.address)
  return s.SUCCESS
}

/** The kernel's object with this body; a ghost is told of when there is none. */
function bodyAt(k: Kernel, at: number): KernelObject | undefined {
  const object = k.objects.known(at)
  if (object === undefined) k.objects.ghost(at, operation.other, 'neverCreated', undefined)
  return object
}

function lookUpThread(k: Kernel, tid: number, outAt: number): number {
  k.memory.store32(outAt, 0)
  const thread = k.threads.byTid(tid)
  if (thread === undefined) return s.INVALID_PARAMETER
  return referenceTo(k, thread.object, 0, outAt)
}

export const objects: readonly Entry[] = [
  krnl(0xcf, 'NtClose', [handle('handle')], status, ['sync'], (k, value) => k.handles.close(value)),
  krnl(
    0xda,
    'NtDuplicateObject',
    [handle('source'), ptr('target'), u32('options')],
    status,
    ['sync'],
    (k, source, targetAt, options) => {
      const object = k.handles.need(source, undefined, operation.other)
      if (typeof object === 'number') return object
      const value = k.handles.open(object, openedBy.duplication, source)
      if (targetAt !== 0) k.memory.store32(targetAt, value)
      if (options & closeSource) k.handles.close(source)
      return s.SUCCESS
    },
  ),
  krnl(
    0x110,
    'ObReferenceObjectByHandle',
    [handle('handle'), ptr('type'), ptr('object')],
    status,
    ['sync'],
    (k, value, type, outAt) => {
      k.memory.store32(outAt, 0)
      const object = k.handles.need(value, undefined, operation.other)
      if (typeof object === 'number') return object
      if (!isOfType(k, object, type)) k.objects.ghost(value, operation.other, 'wrongType', object)
      return referenceTo(k, object, type, outAt)
    },
  ),
  krnl(0x10f, 'ObReferenceObject', [ptr('object')], nothing, ['sync'], (k, at) => {
    const object = bodyAt(k, at)
    if (object !== undefined) k.objects.reference(object)
  }),
  krnl(0x105, 'ObDereferenceObject', [ptr('object')], nothing, ['sync'], (k, at) => {
    const object = bodyAt(k, at)
    if (object !== undefined) k.objects.release(object)
  }),
  krnl(0x10e, 'ObOpenObjectByPointer', [ptr('object'), ptr('handle')], status, ['sync'], (k, at, handleAt) => {
    const object = bodyAt(k, at)
    if (object === undefined) return s.INVALID_PARAMETER
    k.memory.store32(handleAt, k.handles.open(object, openedBy.pointer))
    return s.SUCCESS
  }),
  krnl(
    0x10d,
    'ObOpenObjectByName',
    [ptr(OBJECT_ATTRIBUTES, 'attributes'), ptr('type'), u32('parse'), ptr('handle')],
    status,
    ['sync'],
    (k, attributes, type, _parse, handleAt) => {
      k.memory.store32(handleAt, 0)
      const object = k.handles.named(nameIn(k, attributes))
      if (object === undefined) return s.OBJECT_NAME_NOT_FOUND
      if (!isOfType(k, object, type)) return s.OBJECT_TYPE_MISMATCH
      k.memory.store32(handleAt, k.handles.open(object, openedBy.name))
      return s.SUCCESS
    },
  ),
  krnl(
    0x111,
    'ObReferenceObjectByName',
    [ansiString('name'), u32('attributes'), ptr('type'), u32('parse'), ptr('object')],
    status,
    ['sync'],
    (k, name, _attributes, type, _parse, outAt) => {
      k.memory.store32(outAt, 0)
      const object = k.handles.named(name ?? '')
      return object === undefined ? s.OBJECT_NAME_NOT_FOUND : referenceTo(k, object, type, outAt)
    },
  ),
  krnl(0x10b, 'ObLookupThreadByThreadId', [u32('tid'), ptr('object')], status, ['threads'], lookUpThread),
  krnl(0x10a, 'ObLookupAnyThreadByThreadId', [u32('tid'), ptr('object')], status, ['threads'], lookUpThread),
  krnl(
    0x107,
    'ObGetWaitableObject',
    [ptr('object')],
    ptr(),
    ['sync', 'poll'],
    (k, at) => k.objects.known(at)?.header ?? at,
  ),
  krnl(0x109, 'ObIsTitleObject', [ptr('object')], u32, ['sync', 'poll'], (k, at) =>
    k.objects.known(at) === undefined ? 0 : 1,
  ),
  krnl(
    0xdd,
    'NtMakeTemporaryObject',
    [handle('handle')],
    status,
    ['sync'],
    withoutEffect(temporary, (k, value) => {
      const object = k.handles.need(value, undefined, operation.other)
      return typeof object === 'number' ? object : s.SUCCESS
    }),
  ),
  krnl(
    0x10c,
    'ObMakeTemporaryObject',
    [ptr('object')],
    nothing,
    ['sync'],
    withoutEffect(temporary, () => {}),
  ),
]
