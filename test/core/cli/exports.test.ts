import { describe, expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { allExports, importsOf, lacksBody } from '../../../core/cli/commands/export-list.ts'
import { exports } from '../../../core/cli/commands/exports.ts'
import { runCommand } from '../../../core/cli/parser.ts'
import { guest } from '../../guests/expectations.ts'
import { anOutside } from '../../kit/outside.ts'

async function listed(...given: string[]): Promise<string[]> {
  const { outside, out } = anOutside()
  await runCommand([exports], '0.0.0', outside, ['exports', ...given])
  return out().trimEnd().split('\n')
}

interface Row {
  readonly library: string
  readonly name: string
  readonly state: string
}

const rows = async (...given: string[]): Promise<readonly Row[]> =>
  JSON.parse((await listed(...given, '--json')).join('\n')) as readonly Row[]

describe('the list of exports', () => {
  test('is of what the declarations say: every export once, each in one state', async () => {
    const all = await rows()
    const [some, none] = [await rows('--implemented'), await rows('--missing')]
    expect(new Set(all.map(({ library, name }) => `${library} ${name}`)).size).toBe(all.length)
    expect(some.length + none.length).toBe(all.length)
    expect(new Set(none.map(({ state }) => state))).toEqual(new Set(['missing']))
    expect(some.find(({ name }) => name === 'KeSetEvent')).toMatchObject({
      state: 'implemented',
      tags: ['sync', 'hot'],
    })
  })

  test('can be of one library, whose ending may be left out', async () => {
    const [short, full] = [await rows('--module', 'xam'), await rows('--module', 'xam.xex')]
    expect(short).toEqual(full)
    expect(new Set(short.map(({ library }) => library))).toEqual(new Set(['xam.xex']))
  })

  test('ends with how many there are of each state', async () => {
    expect((await listed('KeSetEvent', '--implemented')).at(-1)).toMatch(/^\d+ exports?: \d+ implemented$/)
  })

  test.each([
    [['--module', 'xbox'], '--module'],
    [['--missing', '--implemented'], '--missing'],
  ])('refuses %j', async (given, place) => {
    await expect(listed(...given)).rejects.toSatisfy(error => error instanceof Failure && error.place === place)
  })
})

describe('what a title uses of them', () => {
  test('is each of its imports with its state, and at the end how many lack a body', async () => {
    const lines = await listed('--used-by', guest('title-road').xex)
    expect(lines).toContainEqual(expect.stringMatching(/^xboxkrnl\.exe +0xB0 +implemented +KeWaitForSingleObject +\(/))
    expect(lines.at(-1)).toMatch(/^title-road\.xex imports \d+ exports; 0 of them lack a body$/)
  })

  test('is filtered like the whole list, and counted as a whole', async () => {
    const [all, some] = [
      await listed('--used-by', guest('title-road').xex),
      await listed('NtC', '--used-by', guest('title-road').elf),
    ]
    expect(some.length).toBeLessThan(all.length)
    expect(some.at(-1)).toBe(all.at(-1)?.replace('.xex', '.elf'))
    expect(some.slice(0, -2).every(line => / NtC/.test(line))).toBe(true)
  })

  test('is named where there is a row without a body, and unknown where there is none', () => {
    const missing = allExports().find(row => row.library === 'xboxkrnl.exe' && row.state === 'missing')
    const importing = (ordinal: number) => ({ ordinal, kind: 'function' as const, slot: 0x82000000, thunk: 0x82000010 })
    const rows = importsOf([
      { name: 'xboxkrnl.exe', version: '', minimum: '', imports: [importing(missing?.ordinal ?? 0), importing(0xfff)] },
      { name: 'createprofile.xex', version: '', minimum: '', imports: [importing(1)] },
    ])
    expect(rows.map(({ state, name }) => [state, name])).toEqual([
      ['missing', missing?.name],
      ['unknown', ''],
      ['unknown', ''],
    ])
    expect(rows.every(lacksBody)).toBe(true)
  })
})
