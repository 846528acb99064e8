import type { HrTime } from '@opentelemetry/api'

const nano = 1_000_000_000

/**
 * Guest ticks as the SDK's time, seconds and nanoseconds since 1970: exact integers, never a number of milliseconds,
 * which the SDK would take for a reading of the host's clock. The quotient is the floor, exact up to 2^53 ticks.
 */
export function createGuestTime(base: bigint, timebaseHz: number): (ticks: number) => HrTime {
  const baseSeconds = Number(base / BigInt(nano))
  const baseNanos = Number(base % BigInt(nano))
  const divisor = greatestCommonDivisor(nano, timebaseHz)
  const up = nano / divisor
  const down = timebaseHz / divisor
  // The remainder is below one second of ticks; where its product may pass 2^53 the exact way is the slow one.
  const small = timebaseHz * up <= Number.MAX_SAFE_INTEGER
  const nanosOf = small
    ? (ticks: number): number => Math.floor((ticks * up) / down)
    : (ticks: number): number => Number((BigInt(ticks) * BigInt(up)) / BigInt(down))
  return ticks => {
    const seconds = Math.floor(ticks / timebaseHz)
    const nanos = baseNanos + nanosOf(ticks - seconds * timebaseHz)
    return nanos >= nano ? [baseSeconds + seconds + 1, nanos - nano] : [baseSeconds + seconds, nanos]
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
