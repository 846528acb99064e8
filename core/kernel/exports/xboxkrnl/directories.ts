/**
 * Directories of the object name space, and links in it. A name of an object is kept whole; a directory is the part of a
 * name before its last backslash, so what lies in one is found by comparing names. Links to volumes are the file system's
 * own (files.ts): making one here is the same, with a handle.
 */
import { ansiString, bool, type Entry, handle, krnl, ptr, status, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { openedBy } from '../../handles.ts'
import { createNamed, nameIn } from '../../naming.ts'
import { type KernelObject, operation } from '../../object.ts'
import { typeVariables } from '../../object-shapes.ts'
import { status as s } from '../../status.ts'
import { ANSI_STRING, OBJECT_ATTRIBUTES, OBJECT_TYPE } from '../../structs.ts'
import { lastPart, narrowBytes } from '../../text.ts'

/** An entry of a listing: the name as an ANSI_STRING, then the tag of the type. */
const entry = { size: 0xc, type: 8 } as const

/** The objects whose names lie right below a directory's, in the order of their letters. */
function within(k: Kernel, directory: KernelObject): KernelObject[] {
  const path = `${directory.name.replace(/\\$/, '')}\\`.toLowerCase()
  const isBelow = ({ name }: KernelObject): boolean =>
    name.length > path.length && name.toLowerCase().startsWith(path) && !name.slice(path.length).includes('\\')
  const order = (a: KernelObject, b: KernelObject): number => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)
  return [...k.objects.live.values()].filter(isBelow).sort(order)
}

function tagOf(k: Kernel, object: KernelObject): number {
  const type = k.variable(typeVariables[object.kind] ?? '')
  return type === 0 ? 0 : k.memory.load32(type + OBJECT_TYPE.poolTag)
}

export const directories: readonly Entry[] = [
  krnl(
    208,
    'NtCreateDirectoryObject',
    [ptr('handle'), ptr(OBJECT_ATTRIBUTES, 'attributes')],
    status,
    ['files'],
    (k, handleAt, attributes) => createNamed(k, handleAt, attributes, { kind: 'Directory' }),
  ),
  krnl(
    222,
    'NtOpenDirectoryObject',
    [ptr('handle'), ptr(OBJECT_ATTRIBUTES, 'attributes')],
    status,
    ['files'],
    (k, handleAt, attributes) => {
      const object = k.handles.named(nameIn(k, attributes))
      if (object === undefined) return s.OBJECT_NAME_NOT_FOUND
      if (object.kind !== 'Directory') return s.OBJECT_TYPE_MISMATCH
      k.memory.store32(handleAt, k.handles.open(object, openedBy.name))
      return s.SUCCESS
    },
  ),
  krnl(
    229,
    'NtQueryDirectoryObject',
    [handle('directory'), ptr('buffer'), u32('size'), bool('restart'), ptr('context'), ptr('returned')],
    status,
    ['files'],
    (k, value, buffer, size, restart, contextAt, returnedAt) => {
      const directory = k.handles.need(value, ['Directory'], operation.other)
      if (typeof directory === 'number') return directory
      const place = restart ? 0 : k.memory.load32(contextAt)
      const object = within(k, directory)[place]
      if (object === undefined) return s.NO_MORE_ENTRIES
      const name = lastPart(object.name)
      const needed = entry.size + name.length + 1
      if (returnedAt !== 0) k.memory.store32(returnedAt, needed)
      if (size < needed) return s.BUFFER_TOO_SMALL
      k.memory.store16(buffer + ANSI_STRING.length, name.length)
      k.memory.store16(buffer + ANSI_STRING.maximumLength, name.length + 1)
      k.memory.store32(buffer + ANSI_STRING.buffer, buffer + entry.size)
      k.memory.store32(buffer + entry.type, tagOf(k, object))
      k.memory.write(buffer + entry.size, narrowBytes(`${name}\0`))
      k.memory.store32(contextAt, place + 1)
      return s.SUCCESS
    },
  ),
  krnl(
    214,
    'NtCreateSymbolicLinkObject',
    [ptr('handle'), ptr(OBJECT_ATTRIBUTES, 'attributes'), ansiString('target')],
    status,
    ['files'],
    (k, handleAt, attributes, target) => {
      const name = nameIn(k, attributes)
      if (name === '' || target === undefined) return s.INVALID_PARAMETER
      if (k.ports.files?.link(name, target) !== true) return s.OBJECT_NAME_COLLISION
      const object = k.objects.create({ kind: 'SymbolicLink', name })
      object.data = { link: name }
      k.memory.store32(handleAt, k.handles.open(object, openedBy.creation))
      return s.SUCCESS
    },
  ),
]
