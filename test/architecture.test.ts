/**
 * The arrows between the parts and the globals that the core may not touch, as a test: a wrong import fails here with
 * the line it stands on and the rule it breaks. The tables below are the whole rule; a new part is a new row.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname

/** Who may import whom, by folder of core; a folder may always import itself. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  base: [],
  facts: ['base'],
  memory: ['base'],
  vfs: ['base'],
  loader: ['memory', 'base'],
  cpu: ['memory', 'base'],
  devices: ['memory', 'base'],
  kernel: ['memory', 'facts', 'vfs', 'base'],
  machine: ['cpu', 'loader', 'vfs', 'devices', 'kernel', 'memory', 'facts', 'base'],
  plugin: ['facts', 'base'],
  options: ['base'],
  // The compiler's translator may have a thread of its own, which is the host's to start.
  host: ['cpu', 'base'],
  // The manifest is where the version stands; a second place could disagree.
  cli: ['machine', 'plugin', 'options', 'host', 'facts', 'base', 'package.json'],
  // What a command shows of one part (headers, code, exports, instructions) it asks of that part itself.
  'cli/commands': [
    'cli',
    'loader',
    'cpu',
    'kernel',
    'memory',
    'machine',
    'plugin',
    'options',
    'host',
    'facts',
    'base',
    'package.json',
  ],
  index: ['facts', 'plugin', 'base'],
}

/** Folders that may touch Node's platform. */
const platform = new Set(['host', 'cli', 'cli/commands'])
/** Pure functions of Node, welcome anywhere. */
const pureModules = new Set(['node:crypto', 'node:zlib'])
const forbiddenGlobals =
  /(?<![\w$.])(?:Date|Math\s*\.\s*random|process|performance|console|navigator|fetch|globalThis|require|set(?:Timeout|Interval|Immediate)|queueMicrotask|getRandomValues)(?![\w$]|\s*:)/g

interface Source {
  readonly path: string
  /** Comments blanked, line breaks kept. */
  readonly code: string
  /** Comments and texts blanked, line breaks kept. */
  readonly words: string
}

/** Blanks comments, and texts too in `words`; what stands in `${…}` is code. */
function strip(text: string): { code: string; words: string } {
  let code = ''
  let words = ''
  let at = 0
  const blank = (part: string): string => part.replace(/[^\n]/g, ' ')
  const take = (end: number, comment: boolean): void => {
    const part = text.slice(at, end)
    code += comment ? blank(part) : part
    words += blank(part)
    at = end
  }
  const endOf = (pattern: RegExp): number => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    return match === null ? text.length : match.index + match[0].length
  }
  const braces: number[] = []
  let depth = 0
  const template = (): void => {
    const end = endOf(/\$\{|(?<!\\)(?:\\\\)*`/g)
    const opens = text.slice(0, end).endsWith('${')
    take(end, false)
    if (opens) braces.push(depth++)
  }
  while (at < text.length) {
    const two = text.slice(at, at + 2)
    const one = text.charAt(at)
    if (two === '//') take(endOf(/(?=\n)|$/g), true)
    else if (two === '/*') take(endOf(/\*\//g), true)
    else if (one === "'") take(endOf(/'(?:\\.|[^'\\\n])*'/g), false)
    else if (one === '"') take(endOf(/"(?:\\.|[^"\\\n])*"/g), false)
    else if (one === '`') {
      take(at + 1, false)
      template()
    } else if (one === '/' && /(?:^|[(,=:[!&|?{};+>]|\breturn|=>)\s*$/.test(words.slice(-40)))
      take(endOf(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*/g), false)
    else {
      if (one === '{') depth += 1
      if (one === '}') {
        depth -= 1
        if (braces.at(-1) === depth) {
          braces.pop()
          code += one
          words += one
          at += 1
          template()
          continue
        }
      }
      code += one
      words += one
      at += 1
    }
  }
  return { code, words }
}

const read = (path: string): Source => ({ path, ...strip(readFileSync(join(root, path), 'utf8')) })
const core = globSync('core/**/*.ts', { cwd: root }).toSorted().map(read)
const plugins = globSync('plugins/**/*.ts', { cwd: root }).toSorted().map(read)

const importPattern =
  /(?:^|\n)[ \t]*(?:import|export)\b(?:[^'"`;]*?\bfrom)?[ \t]*['"]([^'"]+)['"]|\bimport\([ \t]*['"]([^'"]+)['"]/g

interface Import {
  readonly specifier: string
  readonly line: number
}

function importsOf({ code }: Source): Import[] {
  return [...code.matchAll(importPattern)].map(match => ({
    specifier: match[1] ?? match[2] ?? '',
    line: code.slice(0, (match.index ?? 0) + match[0].length).split('\n').length,
  }))
}

/** The file an import of ours leads to, relative to the root; undefined for packages. */
const targetOf = (from: string, specifier: string): string | undefined =>
  specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : undefined

/** `core/cli/commands/run.ts` belongs to `cli/commands`, `core/cpu/rows/x.ts` to `cpu`, `core/index.ts` to `index`. */
function partOf(path: string): string {
  if (path === 'core/index.ts') return 'index'
  if (path.startsWith('core/cli/commands/')) return 'cli/commands'
  return path.split('/')[1] ?? ''
}

/** The part, or the file outside the core, that an import leads to. */
function destination(source: Source, specifier: string): string | undefined {
  const target = targetOf(source.path, specifier)
  return target?.startsWith('core/') ? partOf(target) : target
}

test('every arrow is one that some import follows', () => {
  const followed = new Set<string>()
  for (const source of core)
    for (const { specifier } of importsOf(source))
      followed.add(`${partOf(source.path)} → ${destination(source, specifier)}`)
  const drawn = Object.entries(arrows).flatMap(([part, others]) => others.map(other => `${part} → ${other}`))
  expect(drawn.filter(arrow => !followed.has(arrow))).toEqual([])
})

test('every import of the core follows an arrow (STYLE, section 4)', () => {
  const wrong: string[] = []
  for (const source of core) {
    const part = partOf(source.path)
    const allowed = arrows[part]
    if (allowed === undefined) wrong.push(`${source.path}: no row for the part ${part} (rule 12)`)
    for (const { specifier, line } of importsOf(source)) {
      const other = destination(source, specifier)
      if (other === undefined) {
        if (specifier.startsWith('#plugins'))
          wrong.push(`${source.path}:${line}: names a plugin: ${specifier} (rule 6)`)
        continue
      }
      const inside = other === part || (part === 'cli' && other === 'cli/commands')
      if (!inside && !allowed?.includes(other))
        wrong.push(`${source.path}:${line}: ${part} may not import ${other}: ${specifier} (rule 12)`)
    }
  }
  expect(wrong).toEqual([])
})

test('the core reads no clock, no randomness, no environment and no file but in host and cli (rule 9)', () => {
  const wrong: string[] = []
  for (const source of core) {
    if (platform.has(partOf(source.path))) continue
    for (const { specifier, line } of importsOf(source))
      if (specifier.startsWith('node:') && !pureModules.has(specifier))
        wrong.push(`${source.path}:${line}: imports ${specifier} (rule 9)`)
    for (const [clause] of source.code.matchAll(/\bimport\b[^'"]*from[ \t]*'node:crypto'/g))
      if (/\brandom|\bwebcrypto|\*/.test(clause)) wrong.push(`${source.path}: ${clause} brings randomness (rule 9)`)
    for (const match of source.words.matchAll(forbiddenGlobals))
      wrong.push(`${source.path}:${source.words.slice(0, match.index).split('\n').length}: uses ${match[0]} (rule 9)`)
  }
  expect(wrong).toEqual([])
})

test('the core needs no package but commander, in cli alone, and wabt where WebAssembly is asked for as text', () => {
  const wrong: string[] = []
  for (const source of core)
    for (const { specifier, line } of importsOf(source)) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
      if (partOf(source.path).startsWith('cli') && specifier === 'commander') continue
      if (source.path === 'core/cli/commands/dump-wasm.ts' && specifier === 'wabt') continue
      wrong.push(`${source.path}:${line}: imports the package ${specifier} (rule 12)`)
    }
  expect(wrong).toEqual([])
})

test('a plugin imports the one door and its own files (rule 6)', () => {
  const wrong: string[] = []
  for (const source of plugins) {
    const own = source.path.split('/').slice(0, 2).join('/')
    for (const { specifier, line } of importsOf(source)) {
      const target = targetOf(source.path, specifier)
      if (target === undefined || target === 'core/index.ts' || target.startsWith(`${own}/`)) continue
      wrong.push(`${source.path}:${line}: imports ${specifier} (rule 6)`)
    }
  }
  expect(wrong).toEqual([])
})

test('there is no cycle of imports, not even of types (STYLE, section 4)', () => {
  const graph = new Map<string, string[]>()
  for (const source of [...core, ...plugins])
    graph.set(
      source.path,
      importsOf(source).flatMap(({ specifier }) => targetOf(source.path, specifier) ?? []),
    )
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return
    const start = trail.indexOf(path)
    if (start >= 0) {
      cycles.push([...trail.slice(start), path].join(' → '))
      return
    }
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  expect(cycles).toEqual([])
})

test('only the public doors re-export, and only a plugin has a default export', () => {
  const doors = /^(?:core\/index\.ts|core\/kernel\/exports\/index\.ts|plugins\/[^/]+\/index\.ts)$/
  const wrong: string[] = []
  for (const source of [...core, ...plugins]) {
    if (!doors.test(source.path) && /(?:^|\n)[ \t]*export\b[^=;'"]*?\bfrom[ \t]*['"]/.test(source.code))
      wrong.push(`${source.path}: re-exports (STYLE, section 4)`)
    if (!source.path.startsWith('plugins/') && /(?:^|\n)[ \t]*export[ \t]+default\b/.test(source.code))
      wrong.push(`${source.path}: has a default export (STYLE, section 3)`)
  }
  expect(wrong).toEqual([])
})

test('the reader of sources sees what it must and no more', () => {
  const sample = [
    "import { a } from './a.ts' // process",
    'const t = `Date ${' + "process.env} Date`; const r = /['\"`]Date/g; const s = 'it\\'s Date'",
    "export type { B } from '../b.ts'",
  ]
  const { code, words } = strip(sample.join('\n'))
  expect([...code.matchAll(importPattern)].map(match => match[1])).toEqual(['./a.ts', '../b.ts'])
  expect([...words.matchAll(forbiddenGlobals)].map(match => match[0])).toEqual(['process'])
})
