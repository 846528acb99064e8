/** Stacks as the report tells them. */
import type { Stack, ThreadView } from '../../core/index.ts'
import type { BlockContext } from './blocks.ts'

const farBytes = 0x4000

/**
 * The calls that led to where a thread is. A back chain begins with the live return address, since that is where a
 * kernel call goes back to. A thread stopped in its own code, past the prologue and before the next call, has saved that
 * same address in its frame: it stands at the top twice, and is shown once. Whether the function has made its frame is
 * read from its code, not from the addresses: two that are equal may be a function that called itself.
 */
export function callsOf(context: BlockContext, { wait, pc, stack }: ThreadView): Stack {
  const [live, saved] = stack.frames
  const twice = wait === undefined && live?.lr === saved?.lr && hasFrame(context, pc)
  return twice ? { ...stack, frames: stack.frames.slice(1) } : stack
}

/** Whether the function has made its frame before `pc`, taking its code as a straight line. */
function hasFrame({ code, views }: BlockContext, pc: number): boolean {
  const begin = code.functionAt(pc)?.begin
  if (begin === undefined || begin >= pc || pc - begin > farBytes) return false
  const bytes = views.readMemory(begin, pc - begin)
  if (bytes === undefined) return false
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 4 <= words.byteLength; at += 4) if (makesFrame(words.getUint32(at))) return true
  return false
}

/** `stwu r1, …(r1)`, or `stwux r1, r1, …` for a large frame; of 64 bits `stdu` and `stdux`. */
function makesFrame(word: number): boolean {
  if (((word >>> 16) & 0x3ff) !== 0x21) return false
  const primary = word >>> 26
  const extended = (word >>> 1) & 0x3ff
  return (
    primary === 37 || (primary === 62 && (word & 3) === 1) || (primary === 31 && (extended === 183 || extended === 181))
  )
}

export function stackLines({ names }: BlockContext, stack: Stack): string[] {
  if (stack.frames.length === 0) return ['none to be read']
  const rows = stack.frames.map(({ lr }) => `0x${lr.toString(16).toUpperCase().padStart(8, '0')}  ${names.code(lr)}`)
  const cut = cutText(stack)
  return cut === '' ? rows : [...rows, cut]
}

export function stackText({ names }: BlockContext, stack: Stack): string {
  if (stack.frames.length === 0) return 'a stack that cannot be read'
  const cut = cutText(stack)
  return stack.frames.map(({ lr }) => names.code(lr)).join(' ← ') + (cut === '' ? '' : ` (${cut})`)
}

export const stackData = ({ names }: BlockContext, { stop, frames }: Stack): unknown => ({
  stop,
  frames: frames.map(({ fp, lr }) => ({ fp, lr, name: names.code(lr) })),
})

function cutText({ stop }: Stack): string {
  if (stop === 'end' || stop === 'limit') return ''
  return `broken here: the next frame is ${stop === 'outside-stack' ? 'outside the stack' : stop.replace('-', ' ')}`
}
