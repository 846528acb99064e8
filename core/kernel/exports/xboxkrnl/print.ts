/** What titles say to their developers. */
import { cstr, type Entry, krnl, nothing, rest } from '../../call.ts'
import { formatText } from '../../format.ts'

export const print: readonly Entry[] = [
  krnl(3, 'DbgPrint', [cstr('format'), rest], nothing, ['debug'], (k, format, args) =>
    k.ports.print(formatText(format ?? '', args, k.memory, 'narrow')),
  ),
]
