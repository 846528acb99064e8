/**
 * Loaded libraries hear of threads: the entry of each is called on a thread that begins, before its first instruction, and
 * on one that ends, as Win32's DllMain is and as public emulators of this console do. A thread that lived before a library
 * was loaded is not told of it again.
 */
import type { Kernel } from './context.ts'
import { entryReason } from './modules.ts'
import type { Later, Outcome } from './outcome.ts'

/** Libraries that are still to be told, and what comes then. */
type Telling = {
  readonly left: readonly number[]
  readonly why: number
  readonly after: { readonly continuation: Later['continuation']; readonly state: Later['state'] }
}

/** Whether there is anybody to tell. */
export const hasLibraries = (k: Kernel): boolean =>
  k.modules.list.some(module => module !== k.modules.title && module.entry !== 0)

/** Calls the entries of the libraries, one after the other, on the calling thread, and then goes on. */
export function tellLibraries(k: Kernel, why: number, after: Later): Outcome<unknown> {
  const left = k.modules.list.filter(module => module !== k.modules.title).map(({ handle }) => handle)
  return tellNext(k, { left, why, after })
}

export function tellNext(k: Kernel, { left, why, after }: Telling): Outcome<unknown> {
  const next = left.findIndex(handle => (k.modules.byHandle(handle)?.entry ?? 0) !== 0)
  const handle = left[next]
  const entry = handle === undefined ? 0 : (k.modules.byHandle(handle)?.entry ?? 0)
  if (handle === undefined || entry === 0) return k.proceed(after, 0)
  return k.callGuest({
    entry,
    args: [handle, why, 0],
    // Nothing of a thread that begins may differ from how it was made.
    interrupts: why === entryReason.threadAttach,
    later: {
      continuation: 'libraries-told',
      state: { left: left.slice(next + 1), why, after: { ...after } },
    },
  })
}
