/** Dates as the platform counts them: 100 ns units since 1601, in the Gregorian calendar, UTC. */

export interface TimeFields {
  readonly year: number
  /** 1 to 12 */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly milliseconds: number
  /** 0 is Sunday. */
  readonly weekday: number
}

const unitsPerMillisecond = 10_000n
const millisecondsPerDay = 86_400_000
const days400Years = 146_097

const leap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]

/** Days from 1601-01-01 to the first day of a year. */
function daysToYear(year: number): number {
  const passed = year - 1601
  return passed * 365 + Math.floor(passed / 4) - Math.floor(passed / 100) + Math.floor(passed / 400)
}

function daysToMonth(year: number, month: number): number {
  return (daysBefore[month - 1] ?? 0) + (month > 2 && leap(year) ? 1 : 0)
}

const daysInMonth = (year: number, month: number): number =>
  month === 12 ? 31 : daysToMonth(year, month + 1) - daysToMonth(year, month)

export function fieldsOf(time: bigint): TimeFields {
  const total = time / unitsPerMillisecond
  const days = Number(total / BigInt(millisecondsPerDay))
  const rest = Number(total % BigInt(millisecondsPerDay))
  let year = 1601 + Math.floor((days * 400) / days400Years)
  while (daysToYear(year) > days) year -= 1
  while (daysToYear(year + 1) <= days) year += 1
  let day = days - daysToYear(year)
  let month = 12
  while (daysToMonth(year, month) > day) month -= 1
  day -= daysToMonth(year, month)
  return {
    year,
    month,
    day: day + 1,
    hour: Math.floor(rest / 3_600_000),
    minute: Math.floor(rest / 60_000) % 60,
    second: Math.floor(rest / 1000) % 60,
    milliseconds: rest % 1000,
    weekday: (days + 1) % 7,
  }
}

/** Undefined for a date that does not exist; the weekday is not looked at. */
export function timeOf(fields: Omit<TimeFields, 'weekday'>): bigint | undefined {
  const { year, month, day, hour, minute, second, milliseconds } = fields
  if (year < 1601 || year > 30827 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month))
    return undefined
  if (hour > 23 || minute > 59 || second > 59 || milliseconds > 999) return undefined
  const days = daysToYear(year) + daysToMonth(year, month) + day - 1
  const inDay = ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds
  return (BigInt(days) * BigInt(millisecondsPerDay) + BigInt(inDay)) * unitsPerMillisecond
}
