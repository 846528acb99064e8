import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readReadme, renewed, root } from './tables.ts'

test('the README says what the rows say; `npm run docs` renews it', async () => {
  const text = readReadme()
  expect(text).toBe(await renewed(text))
})

const pages = globSync(['*.md', '.github/*.md', 'plugins/*/README.md'], { cwd: root }).toSorted()

test.each(pages)('%s links to nothing that is not there', page => {
  const text = readFileSync(join(root, page), 'utf8')
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(match => match[1] ?? '')
  expect(links.filter(link => !existsSync(join(root, dirname(page), link)))).toEqual([])
})

test.each(['.github/ARCHITECTURE.md', '.github/CONTRIBUTING.md'])('every file that %s names is there', page => {
  const text = readFileSync(join(root, page), 'utf8')
  const named = [...text.matchAll(/`((?:core|plugins|test|deploy)\/[\w./{},-]+)`/g)].flatMap(match =>
    expand(match[1] ?? ''),
  )
  expect(named.filter(path => !existsSync(join(root, path)))).toEqual([])
})

/** `a/{b,c}.ts` is `a/b.ts` and `a/c.ts`. */
function expand(path: string): string[] {
  const [whole, list] = /\{([^}]*)\}/.exec(path) ?? []
  return whole === undefined || list === undefined
    ? [path]
    : list.split(',').flatMap(one => expand(path.replace(whole, one)))
}
