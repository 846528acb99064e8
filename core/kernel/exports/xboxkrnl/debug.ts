import { hex32 } from '../../../base/words.ts'
import { cstr, type Entry, krnl, nothing, ptr, u32 } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import type { Outcome } from '../../outcome.ts'
import { EXCEPTION_RECORD } from '../../structs.ts'

/** The exception by which a title gives a thread a name. */
const setThreadName = 0x406d1388
const cxxException = 0xe06d7363
const callingThread = 0xffffffff

function nameThread(k: Kernel, record: number): void {
  const nameAt = k.memory.load32(record + EXCEPTION_RECORD.information + 4)
  const tid = k.memory.load32(record + EXCEPTION_RECORD.information + 8)
  const thread = tid === callingThread ? k.thread : k.threads.byTid(tid)
  if (thread !== undefined && nameAt !== 0) k.threads.setName(thread, k.memory.text(nameAt, 64))
}

const fault = (k: Kernel, text: string): Outcome<never> =>
  k.endTitle({ kind: 'fault', text: `${text}, called from ${hex32(k.frame.lr)}`, exitCode: 0 })

export const debug: readonly Entry[] = [
  krnl(310, 'RtlRaiseException', [ptr(EXCEPTION_RECORD, 'record')], nothing, ['debug'], (k, record) => {
    const code = k.memory.load32(record + EXCEPTION_RECORD.code)
    if (code === setThreadName) return nameThread(k, record)
    return fault(k, code === cxxException ? 'a C++ exception was thrown' : `exception ${hex32(code)} was raised`)
  }),
  krnl(311, 'RtlRaiseStatus', [u32('status')], nothing, ['debug'], (k, code) =>
    fault(k, `exception ${hex32(code)} was raised`),
  ),
  krnl(1, 'DbgBreakPoint', [], nothing, ['debug'], k => fault(k, 'a break point was reached')),
  krnl(82, 'KeBugCheck', [u32('code')], nothing, ['debug'], (k, code) => fault(k, `bug check ${hex32(code)}`)),
  krnl(
    83,
    'KeBugCheckEx',
    [u32('code'), u32('first'), u32('second'), u32('third'), u32('fourth')],
    nothing,
    ['debug'],
    (k, code, ...more) => fault(k, `bug check ${hex32(code)} (${more.map(hex32).join(', ')})`),
  ),
  krnl(
    280,
    'RtlAssert',
    [cstr('assertion'), cstr('file'), u32('line'), cstr('message')],
    nothing,
    ['debug'],
    (k, assertion, file, line, message) =>
      fault(k, `assertion failed: ${assertion ?? ''} (${file ?? ''}:${line}) ${message ?? ''}`.trimEnd()),
  ),
  krnl(40, 'HalReturnToFirmware', [u32('routine')], nothing, ['modules'], (k, routine) =>
    k.endTitle({ kind: 'finished', text: `the title returned to the firmware (${routine})`, exitCode: 0 }),
  ),
]
