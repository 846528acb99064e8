import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { type OptionRows, runOptions } from '../../../core/options/rows.ts'
import { flagOf, parseOption, quoted, rangeOf, readOptions } from '../../../core/options/values.ts'

const read = (given: Record<string, string[]>, environment: Record<string, string> = {}) =>
  readOptions(runOptions, given, environment)

function refusal(given: Record<string, string[]>, environment: Record<string, string> = {}): string {
  try {
    read(given, environment)
  } catch (error) {
    if (error instanceof Failure && error.code === 'OPTION_INVALID') return error.message
    throw error
  }
  throw new Error('was taken')
}

describe('numbers', () => {
  test('k, M and G are decimal, and a fraction is welcome where it comes out whole', () => {
    const instructions = (text: string) => read({ instructions: [text] }).instructions
    expect([instructions('500M'), instructions('1.5k'), instructions('2G'), instructions('7')]).toEqual([
      500_000_000, 1_500, 2_000_000_000, 7,
    ])
    expect(refusal({ instructions: ['1.2345k'] })).toContain('"1.2345k" is not a whole number')
  })

  test('a count is one or more, and no more than a double counts', () => {
    expect(refusal({ instructions: ['0'] })).toBe('--instructions: "0" is outside the range: 1 or more')
    for (const text of ['-5', '1e9', '', ' 1', '1 M', '10GG', '9007199254740993', 'NaN', '0x10'])
      expect(refusal({ instructions: [text] })).toMatch(/^--instructions: "/)
  })

  test('a value out of range is refused with the flag, the value and the range', () => {
    expect(refusal({ frames: ['65'] })).toBe('--frames: "65" is outside the range: 0 to 64')
    expect(refusal({ handleBase: ['0x1002'] })).toBe(
      '--handle-base: "0x1002" is outside the range: 0x1000 to 0xF8000000, in steps of 4',
    )
    expect(refusal({ timebase: ['50k'] })).toBe('--timebase: "50k" is outside the range: 1M to 1G')
  })

  test('a time has a unit, seconds where none is given', () => {
    const stuckAfter = (text: string) => read({ stuckAfter: [text] }).stuckAfter
    expect(['30s', '500ms', '2m', '1.5', '0', '1h'].map(stuckAfter)).toEqual([
      30_000, 500, 120_000, 1_500, 0, 3_600_000,
    ])
    expect(refusal({ stuckAfter: ['25h'] })).toBe('--stuck-after: "25h" is outside the range: 0 to 86400s')
  })
})

describe('--until', () => {
  test('takes lists of conditions, and may be repeated', () => {
    expect(read({ until: ['swaps:600,fault', 'signalled:0x1004:3'] }).until.flat()).toEqual([
      { kind: 'swaps', count: 600 },
      { kind: 'fault' },
      { kind: 'signalled', handle: 0x1004, count: 3 },
    ])
    expect(read({ until: ['cycle:2M,signalled:4100'] }).until.flat()).toEqual([
      { kind: 'cycle', count: 2_000_000 },
      { kind: 'signalled', handle: 0x1004, count: 1 },
    ])
  })

  test.each([
    'swaps',
    'swaps:0',
    'swaps:-1',
    'swaps:1.5',
    'frames:3',
    'fault:1',
    'signalled:0:1',
    'signalled:0x100000000',
    'signalled:0x1004:3:4',
    'swaps:1,',
    '',
    'constructor:1',
    'facts:99999999999999999',
  ])('refuses %j with the forms there are', text => {
    expect(refusal({ until: [text] })).toBe(
      `--until: "${text}" is not a list of conditions of the forms swaps:N, cycle:N, facts:N, signalled:HANDLE[:N], fault, stuck, with N from 1 (k, M and G are decimal)`,
    )
  })
})

describe('--trace-handles', () => {
  test('alone, or with 1 in the environment, is all; values are numbers of either base', () => {
    expect(read({ traceHandles: [''] }).traceHandles).toBe('all')
    expect(read({}, { XENOSCOPE_TRACE_HANDLES: '1' }).traceHandles).toBe('all')
    expect(read({}, { XENOSCOPE_TRACE_HANDLES: '0' }).traceHandles).toBe('none')
    expect(read({ traceHandles: ['0x1004,4108'] }).traceHandles).toEqual([0x1004, 0x100c])
  })

  test('the flag wins over the environment, which is named when it is wrong', () => {
    expect(read({ traceHandles: ['0x1004'] }, { XENOSCOPE_TRACE_HANDLES: 'x' }).traceHandles).toEqual([0x1004])
    expect(refusal({}, { XENOSCOPE_TRACE_HANDLES: 'x' })).toMatch(
      /^environment variable XENOSCOPE_TRACE_HANDLES: "x" is not 1 or a list/,
    )
  })

  test('the focus needs values', () => {
    expect(refusal({ traceHandlesFocus: [''] })).toMatch(/^--trace-handles-focus: needs its value after `=`/)
    for (const text of ['0x1004,', ',', '0x100000000', 'all', '0x']) refusal({ traceHandlesFocus: [text] })
  })
})

describe('moments', () => {
  test('a moment is nanoseconds since 1970, or a date and time in UTC', () => {
    const base = (text: string) => read({ traceBase: [text] }).traceBase
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_799 }), seconds => {
        const text = new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z')
        expect(base(text)).toBe(BigInt(seconds) * 1_000_000_000n)
      }),
    )
    expect(base('2026-01-01T00:00:00.25Z')).toBe(1_767_225_600_250_000_000n)
    expect(base('1767225600000000001')).toBe(1_767_225_600_000_000_001n)
  })

  test('a date that no calendar has is refused', () => {
    for (const text of ['2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-01', '2026-01-01T24:00:00Z'])
      expect(refusal({ traceBase: [text] })).toContain('is not a moment')
  })
})

test('a run id is a plain file name', () => {
  expect(read({ runId: ['nightly-12.a_b'] }).runId).toBe('nightly-12.a_b')
  for (const text of ['', '..', 'a/b', '.a', 'é', 'a'.repeat(65)]) refusal({ runId: [text] })
})

test('an endpoint is an http or https URL; its last slash does not matter', () => {
  expect(read({ otlp: ['http://localhost:4318/'] }).otlp).toBe('http://localhost:4318')
  expect(read({}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c.example' }).otlp).toBe('https://c.example')
  for (const text of ['localhost:4318', 'ftp://x', 'http://', 'http:///x']) refusal({ otlp: [text] })
})

test('a choice is one of its words', () => {
  const row = { kind: 'choice', choices: ['raw', 'basic'], about: '', since: '0.1' } as const
  expect(parseOption(row, '--compression', 'raw')).toBe('raw')
  expect(() => parseOption(row, '--compression', 'zip')).toThrow('--compression: "zip" is not one of raw, basic')
})

test('what is repeated is a list, and of what is not the last counts', () => {
  const values = read({ plugin: ['a', 'b:x=1'], frames: ['1', '2'] })
  expect([values.plugin, values.frames]).toEqual([['a', 'b:x=1'], 2])
})

test('every default passes its own check, and the flags are what they say', () => {
  expect(read({})).toMatchObject({
    frames: 6,
    handleBase: 0x1000,
    timebase: 50_000_000,
    stuckAfter: 30_000,
    json: false,
  })
  expect(Object.keys(runOptions).map(flagOf)).toEqual(
    expect.arrayContaining(['--stuck-after', '--trace-handles-focus', '--no-plugins', '--stable-digest']),
  )
  for (const row of Object.values<OptionRows[string]>(runOptions))
    if (row.range !== undefined) expect(rangeOf(row)).toBeTypeOf('string')
})

test('whatever text an option is given, it is taken or refused with flag and value, and no other error is thrown', () => {
  const keys = Object.keys(runOptions)
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.string({ unit: 'binary', maxLength: 80 }), (key, text) => {
      try {
        read({ [key]: [text] })
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        expect(error.message.startsWith(`${flagOf(key)}: `)).toBe(true)
        expect(error.message).toMatch(/^[^\p{Cc}]*$/u)
      }
    }),
  )
})

test('a quoted text is one short line', () => {
  expect(quoted('a\nb\u001b[31m')).toBe('"a?b?[31m"')
  expect(quoted('x'.repeat(100))).toHaveLength(60)
})
