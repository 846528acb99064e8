/**
 * Plugins by specifier: `NAME`, a path or a package, with options behind the first `:name=`. Everything is imported and
 * validated before the title starts. Core names no plugin: `#plugins/*` of package.json says where those that come
 * with the product lie.
 */
import { type Failure, fail } from '../base/failure.ts'
import { type OptionSchema, type Plugin, pluginApiVersion } from './api.ts'
import { reasonOf } from './bus.ts'

/** Options as texts; one that is given more than once is a list. */
export type OptionTexts = Readonly<Record<string, string | readonly string[]>>

export interface PluginSpecifier {
  /** The name, path or package. */
  readonly name: string
  readonly options: OptionTexts
}

export interface LoadedPlugin {
  readonly plugin: Plugin
  /** Validated. */
  readonly options: unknown
}

export interface LoadPorts {
  /** The URL that relative paths start from: the user's folder, with a slash at its end. */
  readonly folder: string
  /** Where a package lies, seen from the user's folder; undefined when there is none. */
  findPackage?(name: string): string | undefined
  /** For tests; else the platform's `import`. */
  importModule?(specifier: string): Promise<unknown>
}

const optionStart = /:(?=[A-Za-z][\w-]*=)/
const builtIn = /^[a-z][a-z0-9-]*$/
const path = /^(\.{0,2}\/|[A-Za-z]:[\\/]|file:|\.{1,2}\\)/

/** Splits `NAME[:option=value,…]` at the first `:name=`. */
export function parseSpecifier(text: string): PluginSpecifier {
  const at = text.search(optionStart)
  const name = at < 0 ? text : text.slice(0, at)
  const colon = path.test(name) ? -1 : name.indexOf(':')
  if (colon > 0)
    throw fail(
      'PLUGIN_OPTION',
      `--plugin ${text}`,
      `${JSON.stringify(name.slice(colon + 1))} is not of the form option=value`,
    )
  if (name === '') throw fail('PLUGIN_UNKNOWN', `--plugin ${JSON.stringify(text)}`, 'names no plugin')
  const options: Record<string, string | string[]> = Object.create(null)
  for (const part of at < 0 ? [] : text.slice(at + 1).split(',')) {
    const equals = part.indexOf('=')
    if (equals < 1)
      throw fail('PLUGIN_OPTION', `--plugin ${text}`, `${JSON.stringify(part)} is not of the form option=value`)
    const key = part.slice(0, equals)
    const value = part.slice(equals + 1)
    const before = options[key]
    options[key] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return { name, options }
}

/** Imports one plugin and checks its options. */
export async function loadPlugin(specifier: string | PluginSpecifier, ports: LoadPorts): Promise<LoadedPlugin> {
  const { name, options } = typeof specifier === 'string' ? parseSpecifier(specifier) : specifier
  const plugin = checkPlugin(name, await importPlugin(name, ports))
  return { plugin, options: checkOptions(plugin.name, plugin.options, options) }
}

/** All of them, in the order given. */
export async function loadPlugins(
  specifiers: readonly (string | PluginSpecifier)[],
  ports: LoadPorts,
): Promise<LoadedPlugin[]> {
  const loaded: LoadedPlugin[] = []
  for (const specifier of specifiers) loaded.push(await loadPlugin(specifier, ports))
  return loaded
}

async function importPlugin(name: string, ports: LoadPorts): Promise<unknown> {
  const importModule = ports.importModule ?? ((specifier: string) => import(specifier))
  if (path.test(name)) {
    const url = /^(file:|[A-Za-z]:[\\/])/.test(name) ? new URL(name.replace(/^([A-Za-z]:)/, 'file:///$1')) : undefined
    return await attempt(importModule, (url ?? new URL(name, ports.folder)).href, name)
  }
  if (builtIn.test(name)) {
    const found = await ifThere(importModule, `#plugins/${name}`, name)
    if (found !== undefined) return found
  }
  const found = await ifThere(importModule, ports.findPackage?.(name) ?? name, name)
  if (found !== undefined) return found
  throw fail('PLUGIN_UNKNOWN', `plugin ${name}`, 'comes not with xenoscope, and no package of that name is installed')
}

/** The module; undefined when the very thing asked for is not there, which is another matter than one that is broken. */
async function ifThere(
  importModule: (specifier: string) => Promise<unknown>,
  specifier: string,
  name: string,
): Promise<unknown> {
  try {
    return await importModule(specifier)
  } catch (error) {
    if (isMissing(error, specifier)) return undefined
    throw broken(name, error)
  }
}

async function attempt(
  importModule: (specifier: string) => Promise<unknown>,
  specifier: string,
  name: string,
): Promise<unknown> {
  try {
    return await importModule(specifier)
  } catch (error) {
    if (isMissing(error, specifier)) throw fail('PLUGIN_UNKNOWN', `plugin ${name}`, 'there is no such file', error)
    throw broken(name, error)
  }
}

const broken = (name: string, error: unknown): Failure =>
  fail('PLUGIN_UNKNOWN', `plugin ${name}`, `cannot be imported: ${reasonOf(error)}`, error)

const missingCodes = new Set(['ERR_MODULE_NOT_FOUND', 'ERR_PACKAGE_IMPORT_NOT_DEFINED', 'ERR_UNSUPPORTED_DIR_IMPORT'])

function isMissing(error: unknown, specifier: string): boolean {
  if (!(error instanceof Error) || !('code' in error) || !missingCodes.has(String(error.code))) return false
  // A plugin that is there but imports something that is not is broken: then the message names the other thing first.
  const [named = ''] = error.message.split(' imported from ')
  const resolved = specifier.replace(/^#plugins\//, '/plugins/').replace(/^file:\/\//, '')
  return named.includes(specifier) || named.includes(decodeURIComponent(resolved))
}

function checkPlugin(name: string, module: unknown): Plugin {
  const plugin = (module as { default?: unknown } | null)?.default
  if (!isPlugin(plugin))
    throw fail('PLUGIN_UNKNOWN', `plugin ${name}`, 'its default export is not what definePlugin answers')
  if (plugin.api !== pluginApiVersion)
    throw fail(
      'PLUGIN_VERSION',
      `plugin ${name}`,
      `is made for plugin API ${plugin.api}, and this is API ${pluginApiVersion}`,
    )
  return plugin
}

function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== 'object' || value === null) return false
  const { name, api, create, options } = value as Partial<Record<keyof Plugin, unknown>>
  return (
    typeof name === 'string' &&
    typeof api === 'number' &&
    typeof create === 'function' &&
    typeof (options as OptionSchema<unknown> | undefined)?.safeParse === 'function'
  )
}

function checkOptions(name: string, schema: OptionSchema<unknown>, texts: OptionTexts): unknown {
  const result = schema.safeParse({ ...texts })
  if (result.success) return result.data
  const first = result.error.issues[0]
  const option = first?.path[0]
  const given = option === undefined ? undefined : texts[String(option)]
  const place = option === undefined ? `plugin ${name}` : `plugin ${name}, option ${String(option)}`
  const said = first?.message ?? 'is not valid'
  const more = result.error.issues.length - 1
  throw fail(
    'PLUGIN_OPTION',
    place,
    `${given === undefined ? '' : `${[given].flat().join(',')}: `}${said}${more > 0 ? `, and ${more} more` : ''}`,
  )
}
