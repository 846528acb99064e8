/**
 * The programs that no one here wrote: where their sources come from, pinned by version and SHA-256, and what they are
 * built of. They are fetched by the ordinary clients, `npm pack` and `apt-get source`, into a cache outside the checkout,
 * and nothing of them is ever committed.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { env } from 'node:process'

const cache = env.XENOSCOPE_BENCH_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'xenoscope-bench')

interface Archive {
  readonly from: 'npm' | 'debian'
  /** Name and version as the client takes them. */
  readonly package: string
  readonly file: string
  readonly sha256: string
}

export interface RealProgram {
  readonly name: 'zlib' | 'lua' | 'sqlite'
  readonly version: string
  readonly archive: Archive
  /** Within the archive. */
  readonly folder: string
  readonly sources: readonly string[]
  readonly except?: readonly string[]
  readonly flags: readonly string[]
}

export const realPrograms: readonly RealProgram[] = [
  {
    name: 'zlib',
    version: '1.2.13',
    archive: {
      from: 'debian',
      package: 'zlib',
      file: 'zlib_1.2.13.dfsg.orig.tar.bz2',
      sha256: '71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1',
    },
    folder: 'zlib-1.2.13.dfsg',
    sources: ['[!g]*.c'],
    flags: [],
  },
  {
    name: 'lua',
    version: '5.4.4',
    archive: {
      from: 'debian',
      package: 'lua5.4',
      file: 'lua5.4_5.4.4.orig.tar.gz',
      sha256: '164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61',
    },
    folder: 'lua-5.4.4/src',
    sources: ['*.c'],
    except: ['lua.c', 'luac.c'],
    // The order of its tables would be of addresses and the time of day.
    flags: ['-Dluai_makeseed(L)=1'],
  },
  {
    name: 'sqlite',
    version: '3.50.2, of better-sqlite3 12.2.0',
    archive: {
      from: 'npm',
      package: 'better-sqlite3@12.2.0',
      file: 'better-sqlite3-12.2.0.tgz',
      sha256: '0d0a263ac2296abe3d85fbc56e7c22eb7aa2861c929d963f9227298064559044',
    },
    folder: 'package/deps/sqlite3',
    sources: ['sqlite3.c'],
    flags: [
      '-DSQLITE_THREADSAFE=0',
      '-DSQLITE_OMIT_LOAD_EXTENSION',
      '-DSQLITE_OMIT_WAL',
      '-DSQLITE_MAX_MMAP_SIZE=0',
      '-DSQLITE_TEMP_STORE=3',
    ],
  },
]

const hash = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** Runs a client; what it said, where it could not. */
function client(command: string, args: readonly string[], cwd: string): string | undefined {
  const { error, status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error !== undefined) return `${command} did not start: ${error.message}`
  return status === 0 ? undefined : `${command} ${args.at(-1)} ended with ${status}: ${stderr.trim().slice(-400)}`
}

/** Asks Debian for a source package, with lists and a state of our own: neither root nor `deb-src` lines are needed. */
function fromDebian(name: string, folder: string): string | undefined {
  const own = join(folder, 'apt')
  mkdirSync(join(own, 'state/lists/partial'), { recursive: true })
  mkdirSync(join(own, 'cache/archives/partial'), { recursive: true })
  const list = join(own, 'sources.list')
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  writeFileSync(list, `deb-src ${signed} http://deb.debian.org/debian bookworm main\n`)
  const options = [
    `Dir::State=${own}/state`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${own}/cache`,
    `Dir::Etc::sourcelist=${list}`,
    'Dir::Etc::sourceparts=-',
  ].flatMap(option => ['-o', option])
  return (
    client('apt-get', ['-q', ...options, 'update'], folder) ??
    client('apt-get', ['-q', ...options, 'source', '--download-only', '--tar-only', name], folder)
  )
}

/** The folder with a program's sources, fetched if it is not there. */
function sourcesOf({ name, archive, folder }: RealProgram): string {
  const home = join(cache, `${name}-${archive.sha256.slice(0, 12)}`)
  const ready = join(home, 'ready')
  if (existsSync(ready)) return join(home, folder)
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home, { recursive: true })
  const fault =
    archive.from === 'npm'
      ? client('npm', ['pack', '--silent', archive.package], home)
      : fromDebian(archive.package, home)
  const path = join(home, archive.file)
  if (fault !== undefined || !existsSync(path))
    throw new Error(`${name}: its sources cannot be fetched: ${fault ?? `there is no ${archive.file} any more`}`)
  const found = hash(readFileSync(path))
  if (found !== archive.sha256) throw new Error(`${name}: ${archive.file} is not what it was: SHA-256 ${found}`)
  execFileSync('tar', ['xf', archive.file], { cwd: home })
  writeFileSync(ready, '')
  return join(home, folder)
}

/** Beside the compilers, which do without. */
const libraries = 'libc6-dev-powerpc-cross libc6-dev-ppc64-cross'

/** Builds a program, or finds it built by the same command of the same sources; its path. */
export function build(program: RealProgram, compiler: string, flags: readonly string[]): string {
  const driver = new URL(`${program.name}.c`, import.meta.url).pathname
  const folder = sourcesOf(program)
  const files = globSync([...program.sources], { cwd: folder })
    .filter(file => !program.except?.includes(basename(file)))
    .sort()
  const all = ['-O2', '-w', '-static', '-no-pie', '-fno-tree-vectorize', ...flags, ...program.flags]
  const compilers = spawnSync(compiler, ['-dumpfullversion'], { encoding: 'utf8' })
  if (compilers.error !== undefined)
    throw new Error(`${compiler} did not start; on Debian: apt-get install gcc-${compiler.replace(/-gcc$/, '')}`)
  const key = hash(JSON.stringify([compilers.stdout, all, files, program.archive.sha256, readFileSync(driver, 'utf8')]))
  const path = join(cache, `${program.name}-${key.slice(0, 12)}`)
  if (existsSync(path)) return path
  const made = `${path}.new`
  const inputs = [driver, ...files.map(file => join(folder, file))]
  // The linker warns of functions that nothing here calls: what it says matters only where it fails.
  const fault = client(compiler, [...all, '-I', folder, ...inputs, '-lm', '-o', made], cache)
  if (fault !== undefined)
    throw new Error(`${program.name}: ${fault}\nThe C library may be missing; on Debian: apt-get install ${libraries}`)
  renameSync(made, path)
  return path
}
