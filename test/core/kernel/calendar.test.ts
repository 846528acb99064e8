import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fieldsOf, timeOf } from '../../../core/kernel/calendar.ts'
import { dosError } from '../../../core/kernel/dos-errors.ts'

test('a date is what the host calendar says it is', () => {
  const epoch = Date.UTC(1601, 0, 1)
  fc.assert(
    fc.property(fc.date({ min: new Date(epoch), max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true }), date => {
      const time = BigInt(date.getTime() - epoch) * 10_000n
      const fields = fieldsOf(time)
      expect(fields).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
        milliseconds: date.getUTCMilliseconds(),
        weekday: date.getUTCDay(),
      })
      expect(timeOf(fields)).toBe(time)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  { year: 2005, month: 2, day: 29 },
  { year: 1900, month: 2, day: 29 },
  { year: 2005, month: 13, day: 1 },
  { year: 2005, month: 4, day: 31 },
  { year: 1600, month: 1, day: 1 },
  { year: 2005, month: 0, day: 1 },
  { year: 2005, month: 1, day: 1, hour: 24 },
])('%j is no date', date => {
  expect(timeOf({ hour: 0, minute: 0, second: 0, milliseconds: 0, ...date })).toBeUndefined()
})

test.each([
  [0, 0],
  [0x103, 0x3e5],
  [0xc0000034, 2],
  [0xd0000034, 2],
  [0xc000009a, 0x5aa],
  [0x80070005, 5],
  [0xc0010057, 0x57],
  [0xe06d7363, 0xe06d7363],
  [0xc0009999, 317],
  [0x102, 317],
])('status %i is error %i of the Win32 layer', (status, error) => {
  expect(dosError(status)).toBe(error)
})
