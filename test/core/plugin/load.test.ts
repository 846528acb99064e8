import { expect, test } from 'vitest'
import { Failure } from '../../../core/base/failure.ts'
import { loadPlugin, parseSpecifier } from '../../../core/plugin/load.ts'

const ports = { folder: new URL('./fixtures/', import.meta.url).href }

async function failureOf(specifier: string): Promise<string> {
  const error: unknown = await loadPlugin(specifier, ports).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return error instanceof Failure ? `${error.code} ${error.message}` : String(error)
}

test('a specifier splits at the first option, so that paths and URLs may hold colons', () => {
  expect(parseSpecifier('otel')).toEqual({ name: 'otel', options: {} })
  expect(parseSpecifier('otel:endpoint=http://[::1]:4318/x,file=false')).toEqual({
    name: 'otel',
    options: { endpoint: 'http://[::1]:4318/x', file: 'false' },
  })
  expect(parseSpecifier('C:\\mine\\plugin.ts:depth=3').name).toBe('C:\\mine\\plugin.ts')
  expect(parseSpecifier('@scope/plugin:a-b=c=d').options).toEqual({ 'a-b': 'c=d' })
})

test('an option that is repeated is a list, in order', () => {
  expect(parseSpecifier('a:k=1,k=2,x=,k=3').options).toEqual({ k: ['1', '2', '3'], x: '' })
})

test('an option may be called like something every object has', () => {
  expect(Object.keys(parseSpecifier('a:constructor=1,__proto__=2').options)).toEqual(['constructor', '__proto__'])
})

test('what is not option=value is refused by name', () => {
  expect(() => parseSpecifier('a:k=1,oops')).toThrow(/"oops" is not of the form option=value/)
  expect(() => parseSpecifier('otel:file')).toThrow(/"file" is not of the form option=value/)
  expect(() => parseSpecifier('')).toThrow(/names no plugin/)
})

test('a path is imported from the folder of the user, and its options arrive typed, defaults filled in', async () => {
  const { plugin, options } = await loadPlugin('./counting.ts:depth=0x10,kinds=Thread,kinds=Mutant', ports)
  expect(plugin.name).toBe('counting')
  expect(options).toEqual({ depth: 16, kinds: ['Thread', 'Mutant'], label: '' })
})

test('an option out of range is refused with its name, its value and the range', async () => {
  const text = await failureOf('./counting.ts:depth=65')
  expect(text).toContain('PLUGIN_OPTION plugin counting, option depth: 65')
  expect(text).toContain('<=64')
})

test('an option the plugin does not have is refused by name', async () => {
  expect(await failureOf('./counting.ts:dept=6')).toMatch(/PLUGIN_OPTION .*"dept"/)
})

test('a plugin of another API version is refused with both versions', async () => {
  expect(await failureOf('./of-tomorrow.ts')).toBe(
    'PLUGIN_VERSION plugin ./of-tomorrow.ts: is made for plugin API 2, and this is API 1',
  )
})

test('what is not there, what is broken and what is no plugin are told apart', async () => {
  expect(await failureOf('./nowhere.ts')).toContain('there is no such file')
  expect(await failureOf('./broken.ts')).toContain('the moon is in the wrong house')
  expect(await failureOf('./no-plugin.ts')).toContain('not what definePlugin answers')
  expect(await failureOf('no-such-plugin-anywhere')).toContain('no package of that name is installed')
})

test('a bare name is sought among those that come with the product, then among packages', async () => {
  const asked: string[] = []
  const missing = (specifier: string) =>
    Object.assign(new Error(`Cannot find module '${specifier.replace('#', '/')}'`), { code: 'ERR_MODULE_NOT_FOUND' })
  await loadPlugin('mine', {
    ...ports,
    findPackage: name => `file:///elsewhere/${name}/index.js`,
    importModule: async specifier => {
      asked.push(specifier)
      if (specifier.startsWith('#')) throw missing(specifier)
      return await import('./fixtures/counting.ts')
    },
  })
  expect(asked).toEqual(['#plugins/mine', 'file:///elsewhere/mine/index.js'])
})

test('a plugin that is there but lacks something of its own is broken, not unknown', async () => {
  const error = Object.assign(new Error("Cannot find package 'left-pad' imported from /plugins/mine"), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
  await expect(loadPlugin('mine', { ...ports, importModule: () => Promise.reject(error) })).rejects.toThrow(
    /cannot be imported: .*left-pad/,
  )
})
