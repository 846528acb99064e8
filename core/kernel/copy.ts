/**
 * Copies of files: both are held open while the bytes would be on their way, and then they are there. A copy that fails
 * leaves nothing behind.
 */
import { userMode } from './alerts.ts'
import type { Kernel } from './context.ts'
import { delay } from './delay.ts'
import { dosError } from './dos-errors.ts'
import { disposition, fileOf, nodeOf, openFile, option } from './file.ts'
import type { KernelObject } from './object.ts'
import type { Outcome } from './outcome.ts'
import { status } from './status.ts'
import { durationOf } from './transfer.ts'
import { dosNames, errorOf, refuse, shareAll } from './win32-files.ts'

const genericRead = 0x80000000
const genericWrite = 0x40000000
/** Bytes at a time. */
const portion = 0x10000

interface Copying {
  readonly [key: string]: number
  /** Serials of both files. */
  readonly from: number
  readonly to: number
}

/** Opens a file that no handle names: it is held until it is dropped. */
function hold(
  k: Kernel,
  request: Pick<Parameters<typeof openFile>[1], 'path' | 'access' | 'share' | 'disposition' | 'attributes'>,
) {
  const options = option.synchronous | option.notDirectory
  const { object, code } = openFile(k, { root: dosNames, options, ...request })
  if (object !== undefined) object.references += 1
  return { object, code }
}

/** Begins to copy; whether that was done, or its error. */
export function copyFile(k: Kernel, from: string, to: string, isNew: boolean): Outcome<boolean> {
  const source = hold(k, {
    path: from,
    access: genericRead,
    share: shareAll,
    disposition: disposition.open,
    attributes: 0,
  })
  if (source.object === undefined) return refuse(k, errorOf(source.code), false)
  const node = nodeOf(k, source.object)?.node
  const target = hold(k, {
    path: to,
    access: genericWrite,
    share: 0,
    disposition: isNew ? disposition.create : disposition.overwriteIf,
    attributes: node?.attributes ?? 0,
  })
  if (target.object === undefined) {
    k.objects.drop(source.object)
    return refuse(k, errorOf(target.code), false)
  }
  const state: Copying = { from: source.object.serial, to: target.object.serial }
  return delay(k, {
    mode: userMode,
    alertable: false,
    // Read, and written.
    timeout: -2n * durationOf(k, node?.size ?? 0),
    later: { continuation: 'file-copied', state },
  }) as Outcome<never>
}

/** The time for a copy has passed. */
export function copied(k: Kernel, { from, to }: Copying): boolean {
  const [source, target] = [k.objects.bySerial(from), k.objects.bySerial(to)]
  if (source === undefined || target === undefined) return refuse(k, dosError(status.INVALID_HANDLE), false)
  const code = copyBytes(k, source, target)
  if (code !== status.SUCCESS) fileOf(target).deletePending = true
  k.objects.drop(source)
  k.objects.drop(target)
  return code === status.SUCCESS || refuse(k, dosError(code), false)
}

/** The caller of a copy is gone: nothing of it stays. */
export function leftUncopied(k: Kernel, { from, to }: Copying): void {
  const target = k.objects.bySerial(to)
  if (target !== undefined) fileOf(target).deletePending = true
  for (const file of [k.objects.bySerial(from), target]) if (file !== undefined) k.objects.drop(file)
}

/** Copies bytes, and what is known of the file; a status. */
function copyBytes(k: Kernel, source: KernelObject, target: KernelObject): number {
  const [from, to] = [nodeOf(k, source), nodeOf(k, target)]
  if (from === undefined || to === undefined) return status.INVALID_HANDLE
  const { size } = from.node
  for (let at = 0; at < size; at += portion) {
    const part = new Uint8Array(Math.min(portion, size - at))
    const count = from.volume.read(from.node, at, part)
    if (count < part.length) {
      k.noteAbsence(`${from.volume.info.device}\\${from.volume.pathOf(from.node)}`, at + count)
      return status.DEVICE_DATA_ERROR
    }
    if (to.volume.write(to.node, at, part, k.time.systemTime()) === 'full') return status.DISK_FULL
  }
  to.volume.setAttributes(to.node, to.node.attributes, { written: from.node.times.written })
  return status.SUCCESS
}
