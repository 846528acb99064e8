import { hex32 } from '../../../base/words.ts'
import { bool, cstr, type Entry, krnl, nothing, ptr, u32, withoutEffect } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import type { Outcome } from '../../outcome.ts'

/** Bytes of a message of the system management controller. */
const managementReply = 16

const fault = (k: Kernel, text: string): Outcome<never> =>
  k.endTitle({ kind: 'fault', text: `${text}, called from ${hex32(k.frame.lr)}`, exitCode: 0 })

export const debug: readonly Entry[] = [
  krnl(1, 'DbgBreakPoint', [], nothing, ['debug'], k => fault(k, 'a break point was reached')),
  // Nobody sits at a debugger to answer, so the answer has no characters.
  krnl(4, 'DbgPrompt', [cstr('prompt'), ptr('answer'), u32('room')], u32, ['debug'], (k, prompt = '') => {
    k.ports.print(prompt)
    return 0
  }),
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
  krnl(615, 'HalIsExecutingPowerDownDpc', [], bool, ['misc', 'poll'], () => false),
  krnl(
    41,
    'HalSendSMCMessage',
    [ptr('message'), ptr('reply')],
    nothing,
    ['misc'],
    withoutEffect('no system management controller is there to answer: a reply is all zero', (k, _message, replyAt) => {
      if (replyAt !== 0) k.memory.fill(replyAt, managementReply, 0)
    }),
  ),
]
