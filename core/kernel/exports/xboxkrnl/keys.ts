/** Who the console is, as its key vault would say: a retail console that no factory gave a number. */
import { type Entry, krnl, ptr, status, u32 } from '../../call.ts'
import { status as s } from '../../status.ts'
import { narrowBytes } from '../../text.ts'

const idSize = 5
const idDigits = 12
const retail = 2

export const keys: readonly Entry[] = [
  krnl(582, 'XeKeysGetConsoleID', [ptr('id'), ptr('text')], status, ['crypto', 'poll'], (k, idAt, textAt) => {
    if (idAt !== 0) k.memory.fill(idAt, idSize, 0)
    if (textAt !== 0) k.memory.write(textAt, narrowBytes(`${'0'.repeat(idDigits)}\0`))
    return s.SUCCESS
  }),
  krnl(583, 'XeKeysGetConsoleType', [ptr('type')], u32, ['crypto', 'poll'], (k, at) => {
    k.memory.store32(at, retail)
    return 0
  }),
]
