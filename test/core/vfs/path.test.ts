import fc from 'fast-check'
import { expect, test } from 'vitest'
import { creationAllowed, matchesPattern, patternAllowed } from '../../../core/vfs/path.ts'

test.each([
  ['*', 'anything', true],
  ['*.*', 'no-dot', true],
  ['*.xpr', 'Arial_16.XPR', true],
  ['*.xpr', 'Arial_16.xp', false],
  ['save?.dat', 'SAVE1.DAT', true],
  ['save?.dat', 'save10.dat', false],
  ['a*', 'A', true],
  ['', 'x', true],
  ['data', 'data', true],
  ['data', 'data1', false],
])('the pattern %s on %s: %s', (pattern, name, expected) => {
  expect(matchesPattern(pattern, name)).toBe(expected)
})

test('patterns match as the same regular expression does', () => {
  const letters = fc.constantFrom('a', 'b', '.', 'B')
  const pattern = fc.string({ unit: fc.oneof(letters, fc.constantFrom('*', '?')), maxLength: 8 })
  fc.assert(
    fc.property(pattern, fc.string({ unit: letters, minLength: 1, maxLength: 8 }), (wanted, name) => {
      fc.pre(wanted !== '' && wanted !== '*.*')
      const expression = wanted.replace(/[.*?]/g, mark => (mark === '*' ? '.*' : mark === '?' ? '.' : '\\.'))
      expect(matchesPattern(wanted, name)).toBe(new RegExp(`^${expression}$`, 'i').test(name))
    }),
    { numRuns: 2000 },
  )
})

test('a star in the middle of a word is refused', () => {
  expect(patternAllowed('*_X3.rkv')).toBe(false)
  expect(patternAllowed('*.rkv')).toBe(true)
  expect(patternAllowed('save*')).toBe(true)
})

test('a name is made only of what the file system holds', () => {
  for (const name of ['a*', 'a?', 'a:b', 'a\\b', 'a/b', 'a|b', '"', 'caf\xe9', 'a\n', '', '.', '..', 'x'.repeat(43)])
    expect(creationAllowed(name, 42)).toBe(false)
  expect(creationAllowed('Save Game (1).dat', 42)).toBe(true)
})
