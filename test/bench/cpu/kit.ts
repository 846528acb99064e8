/** What the parts of the processor's bench share: building programs, and running them here, under QEMU and as they are. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Job, Measured } from './here.ts'

export const programs = new URL('programs', import.meta.url).pathname
/** Where programs are built; gone when the bench ends. */
export const out = mkdtempSync(join(tmpdir(), 'xenoscope-bench-'))
process.on('exit', () => rmSync(out, { recursive: true, force: true }))
const script = new URL('here.ts', import.meta.url).pathname

export interface Build {
  readonly name: 'ELF64' | 'ELF32'
  readonly qemu: readonly [command: string, ...options: string[]]
  readonly wide: boolean
  readonly compiler: string
  readonly flags: readonly string[]
}
export const builds: readonly Build[] = [
  {
    name: 'ELF64',
    qemu: ['qemu-ppc64'],
    wide: true,
    compiler: 'powerpc64-linux-gnu-gcc',
    flags: ['-mcpu=970', '-mabi=elfv1', '-Wl,-Ttext-segment=0x10000000'],
  },
  {
    name: 'ELF32',
    // Its default processor has no AltiVec.
    qemu: ['qemu-ppc', '-cpu', '7447a'],
    wide: false,
    compiler: 'powerpc-linux-gnu-gcc',
    flags: ['-mcpu=7450', '-Wl,-Ttext-segment=0x10000000'],
  },
]
const linked = ['-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-pic', '-no-pie']

function compile(compiler: string, flags: readonly string[], name: string, to: string): string {
  const path = join(out, to)
  const source = join(programs, `${name}.c`)
  execFileSync(compiler, ['-O2', ...linked, ...flags, '-o', path, source], { stdio: 'pipe' })
  return path
}
// What is to be scalar must not become vectors, for whom the 970 has them.
export const guestOf = (build: Build, name: string): string =>
  compile(
    build.compiler,
    [...build.flags, ...(name.startsWith('vector') ? ['-maltivec'] : ['-fno-tree-vectorize'])],
    name,
    `${name}.${build.name}`,
  )
export const nativeOf = (name: string): string =>
  compile('gcc', ['-fno-tree-vectorize', '-fno-builtin', '-mfma'], name, `${name}.native`)

export function here(job: Job): Measured[] {
  const text = execFileSync(process.execPath, [script, JSON.stringify(job)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(text)
}

/** Runs another program: what it prints, and the processor's time it took, all of it. */
export function elsewhere(command: readonly string[]): { readonly text: string; readonly ms: number } {
  const timed = `TIMEFORMAT='%U %S'; time "$@"`
  const text = execFileSync('bash', ['-c', `{ ${timed}; } 2>&1`, 'bash', ...command], { encoding: 'utf8' })
  const lines = text.trim().split('\n')
  const [user = 0, system = 0] = (lines.pop() ?? '').split(' ').map(Number)
  return { text: lines.join('\n'), ms: 1000 * (user + system) }
}

export const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0
export const mean = (list: readonly number[]): number =>
  Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length)
