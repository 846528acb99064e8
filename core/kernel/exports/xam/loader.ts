import { type Entry, nothing, ptr, u32, xam } from '../../call.ts'

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
]
