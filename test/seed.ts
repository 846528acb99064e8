/**
 * One seed for whatever is random in the tests: the same in every run, so that a failure is the change's own, or
 * `SEED=…` for another; `SEED=random` takes one that nobody has seen, and every report says it.
 */
import fc from 'fast-check'

const asked = process.env.SEED ?? '20261124'
export const seed = asked === 'random' ? Date.now() & 0x7fffffff : Number(asked)
if (!Number.isInteger(seed)) throw new Error(`SEED=${asked}: is not a whole number, nor random`)

fc.configureGlobal({ seed })
