/** Transfers of files taken back before they are complete. */
import { type Entry, handle, krnl, ptr, status as statusResult } from '../../call.ts'
import { writeStatus } from '../../file.ts'
import { fileKinds } from '../../handles.ts'
import { operation } from '../../object.ts'
import { status } from '../../status.ts'
import { IO_STATUS_BLOCK } from '../../structs.ts'
import { cancelTransfers } from '../../transfer.ts'

export const cancels: readonly Entry[] = [
  krnl(
    696,
    'NtCancelIoFile',
    [handle('file'), ptr(IO_STATUS_BLOCK, 'status')],
    statusResult,
    ['files'],
    (k, value, statusAt) => {
      const object = k.handles.need(value, fileKinds, operation.other)
      if (typeof object === 'number') return object
      const { id } = k.thread
      cancelTransfers(k, object, move => move.thread === id)
      writeStatus(k, statusAt, status.SUCCESS, 0)
      return status.SUCCESS
    },
  ),
  krnl(
    697,
    'NtCancelIoFileEx',
    [handle('file'), ptr(IO_STATUS_BLOCK, 'request'), ptr(IO_STATUS_BLOCK, 'status')],
    statusResult,
    ['files'],
    (k, value, request, statusAt) => {
      const object = k.handles.need(value, fileKinds, operation.other)
      if (typeof object === 'number') return object
      const count = cancelTransfers(k, object, move => request === 0 || move.statusAt === request)
      const code = count === 0 ? status.NOT_FOUND : status.SUCCESS
      writeStatus(k, statusAt, code, 0)
      return code
    },
  ),
]
