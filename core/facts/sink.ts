import { type FactMask, maskOf } from './catalogue.ts'

/**
 * The one door facts leave by. The kernel holds a `FactSink` and knows nothing of who listens; the plugin bus is one,
 * the silent sink another. `mask` has a bit a fact (catalogue.ts) and is tested before anything is built.
 */
export interface FactSink {
  /** Facts somebody wants. */
  readonly mask: FactMask
  /** Facts somebody wants with their back chain; a subset of `mask`. */
  readonly framesMask: FactMask
  /** Facts that happened so far, subscribed or not. The emitters count it up. */
  sequence: number
  /** Takes one finished record: `length` bytes at the start of `record`, valid during the call only. */
  accept(record: Uint8Array, length: number): void
}

/** A class, so that the engine knows its numbers for small ones, whatever other literals have fields of these names. */
class SilentSink implements FactSink {
  readonly mask = maskOf([])
  readonly framesMask = maskOf([])
  sequence = 0
  accept(): void {}
}

/** A sink that nobody listens to. */
export const createSilentSink = (): FactSink => new SilentSink()
