import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { z } from 'zod'

/** Plugins with a table of options in their README and a schema of the same options. */
const folder = new URL('../../plugins/', import.meta.url)
const documented = readdirSync(folder).filter(name => readdirSync(new URL(`${name}/`, folder)).includes('options.ts'))

test.each(documented)('the table of options of %s is what its schema says', async name => {
  const { options } = (await import(`../../plugins/${name}/options.ts`)) as { options: z.ZodObject }
  const readme = readFileSync(new URL(`${name}/README.md`, folder), 'utf8')
  const rows = [...readme.matchAll(/^\| `([\w-]+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm)].map(row => row.slice(1, 4))
  const defaults = options.parse({}) as Record<string, unknown>
  const expected = Object.entries(options.shape).map(([option, schema]) => {
    const value = defaults[option]
    const shown = value === undefined || (Array.isArray(value) && value.length === 0) ? 'none' : `\`${String(value)}\``
    return [option, shown, (schema as z.ZodType).description]
  })
  expect(rows).toEqual(expected)
})
