import { type Entry, nothing, ptr, u32, xam } from '../../call.ts'

/** Of a tray: a disc is in it. */
const trayClosed = 4

export const loader: readonly Entry[] = [
  xam(420, 'XamLoaderLaunchTitle', [ptr('path'), u32('flags')], nothing, ['modules'], (k, path) =>
    k.terminateTitle({
      kind: 'finished',
      text: path === 0 ? 'the title went back to the dashboard' : `the title launched ${k.memory.text(path)}`,
      exitCode: 0,
    }),
  ),
  xam(425, 'XamLoaderTerminateTitle', [], nothing, ['modules'], k =>
    k.terminateTitle({ kind: 'finished', text: 'the title terminated itself', exitCode: 0 }),
  ),
  // Every title runs from a disc here.
  xam(426, 'XamLoaderGetDvdTrayState', [], u32, ['misc', 'poll'], () => trayClosed),
]
