/** The animation at the console's start: a title that waits for it, or ends it, finds that it is over. */
import { type Entry, krnl, nothing, withoutEffect } from '../../call.ts'

const over = 'the animation of the start is over before a title runs'

export const animation: readonly Entry[] = [
  krnl(
    610,
    'AniBlockOnAnimation',
    [],
    nothing,
    ['threads'],
    withoutEffect(over, () => {}),
  ),
  krnl(
    611,
    'AniTerminateAnimation',
    [],
    nothing,
    ['threads'],
    withoutEffect(over, () => {}),
  ),
]
