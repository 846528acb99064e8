/** The host's clock: for progress, slices and the trace base. Nothing of it reaches the machine. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number
  /** Nanoseconds since 1970. */
  unixNanoseconds(): bigint
}

export const systemClock: Clock = {
  now: () => performance.now(),
  unixNanoseconds: () => BigInt(Date.now()) * 1_000_000n,
}
