/** What the host's engine is told of this program before it runs. */
import { setFlagsFromString } from 'node:v8'

/**
 * Bytecode of functions that the engine may compile into one that calls them. A kernel call goes through some twenty small
 * ones, of a few files; with the engine's own bound of 920 the last of them stay calls, a quarter of the time of all.
 */
const inlinedBytes = 4_000

/**
 * Has an effect on what is compiled from then on.
 *
 * Compiled guest code counts the room it takes on the host's stack (cpu/compiler/unit.ts), and no slice lasts: what the
 * engine would ask at every function and every turn of a loop, some 4 % of the time, is asked already.
 */
export function prepareEngine(): void {
  setFlagsFromString('--no-wasm-stack-checks')
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${inlinedBytes}`)
}
