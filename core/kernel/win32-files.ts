/** What file calls in Win32’s words share: what a handle or a path leads to, and the error where it leads nowhere. */
import type { Node, Volume } from '../vfs/vfs.ts'
import type { Kernel } from './context.ts'
import { dosError, setLastError } from './dos-errors.ts'
import { absence, locateFrom } from './file.ts'
import { fileKinds } from './handles.ts'
import { type KernelObject, operation } from './object.ts'
import { status, win32 } from './status.ts'

export const invalid = 0xffffffff
export const dosNames = 0xfffffffd
/** Of what others may do with a file meanwhile: all of it. */
export const shareAll = 7

export const wordSize = 2 ** 32
export const high = (value: number): number => Math.floor(value / wordSize)

/** Leaves the error of a call, and answers what the call does then. */
export function refuse<T>(k: Kernel, error: number, answer: T): T {
  setLastError(k, error)
  return answer
}

/** Win32 says of a file that one there already exists; of anything else, that it does. */
export const errorOf = (code: number): number =>
  code === status.OBJECT_NAME_COLLISION ? win32.FILE_EXISTS : dosError(code)

/** The file of a handle; undefined, and the error, where it is none. */
export function fileOfHandle(k: Kernel, value: number): KernelObject | undefined {
  const object = k.handles.need(value, fileKinds, operation.other)
  return typeof object === 'number' ? refuse(k, dosError(object), undefined) : object
}

/** What lies at a path; undefined, and the error, where nothing does. */
export function lookUp(k: Kernel, name: string): { readonly volume: Volume; readonly node: Node } | undefined {
  const found = locateFrom(k, dosNames, name)
  if (typeof found === 'number') return refuse(k, dosError(found), undefined)
  if (found.kind === 'node') return found
  return refuse(k, dosError(absence(k, found, name)), undefined)
}
