import { expect, test } from 'vitest'
import { judge, type Report, ways } from './judge.ts'

const aReport = (change: Partial<Report> = {}): Report => ({
  end: { cause: 'until', text: '600 frames have been presented', met: 'swaps:600' },
  instructions: 1,
  digest: 'a',
  counters: { missing_export_calls_total: 0 },
  said: { lines: [] },
  ...change,
})

const alike = (report: Report): Report[] => ways.map(() => report)
const broken = { cause: 'fault', text: 'a break point was reached', met: null }

test('a title whose runs all present the frames with one digest passes', () => {
  expect(judge(alike(aReport()))).toEqual({ verdict: 'frames', remarks: [] })
})

test('a title that ends itself and says why gets as far as it can', () => {
  const report = aReport({ end: broken, said: { lines: ['File not found', 'Initialize() failed!'] } })
  expect(judge(alike(report))).toEqual({ verdict: 'own error', remarks: ['File not found', 'Initialize() failed!'] })
})

test.each([
  ['another digest in one way', [...alike(aReport()).slice(1), aReport({ digest: 'b' })], 'tiered: another digest'],
  ['a call of an export without a body', alike(aReport({ counters: { missing_export_calls_total: 2 } })), '2 calls'],
  ['a fault', alike(aReport({ end: { cause: 'fault', text: 'a load of 0x0', met: null } })), 'a load of 0x0'],
  ['a break point without a word', alike(aReport({ end: broken })), 'a break point'],
  ['a run without a report', [undefined, ...alike(aReport()).slice(1)], 'interpreter: no report'],
])('%s fails, and is told', (_, reports, remark) => {
  const { verdict, remarks } = judge(reports)
  expect(verdict).toBe('failed')
  expect(remarks.join('\n')).toContain(remark)
})
