import { expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { createSaid } from '../../../core/cli/said.ts'

test('of what a title printed the last lines are kept, without the empty ones, and the others are counted', () => {
  const said = createSaid()
  const most = limits.saidLines.value
  for (let i = 0; i < most + 2; i += 1) said.add(`line ${i}\r\n\n`)
  said.add('two\nlines\u001b[2J')
  expect(said.before).toBe(4)
  expect(said.lines).toHaveLength(most)
  expect(said.lines.slice(-3)).toEqual([`line ${most + 1}`, 'two', 'lines[2J'])
})
