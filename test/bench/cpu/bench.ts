/**
 * `npm run bench:cpu [names…]`: programs of our own, built for the guest and run here and under QEMU's user mode, in one
 * sitting; and built for this machine (`-O2 -fno-tree-vectorize`), for the share of native speed. A figure counts only
 * if all runs print the same number. Each run is a whole program from a cold start, translation included; medians.
 *
 * `--engine NAME` (tiered), `--fpscr MODE` (fast), `--slice N` (1000000), `--runs N` (3), `--only64` leaves ELF32 out.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { createCpu, type Engine } from '../../../core/cpu/run.ts'
import { msrSf } from '../../../core/cpu/state.ts'
import { parseImage, place } from '../../../core/loader/load.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string', default: 'tiered' },
    slice: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    fpscr: { type: 'string', default: 'fast' },
    only64: { type: 'boolean', default: false },
  },
})
const runs = Number(given.runs)
const programs = new URL('programs', import.meta.url).pathname
const out = mkdtempSync(join(tmpdir(), 'xenoscope-bench-'))

type Class = 'integer' | 'calls' | 'float' | 'vector integer' | 'vector float'
const classOf: Readonly<Record<string, Class>> = {
  calls: 'calls',
  double: 'float',
  single: 'float',
  'vector-integer': 'vector integer',
  'vector-float': 'vector float',
}
const goals: Readonly<Record<Class, readonly [must: number, aim: number]>> = {
  integer: [1.2, 2],
  calls: [0.9, 1.3],
  float: [10, 20],
  'vector integer': [4, 10],
  'vector float': [15, 28],
}

interface Build {
  readonly name: string
  readonly qemu: readonly [command: string, ...options: string[]]
  readonly wide: boolean
  readonly compiler: string
  readonly flags: readonly string[]
}
const linked = ['-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-pic', '-no-pie']
const builds: readonly Build[] = [
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

const time = (run: () => string): { text: string; ms: number } => {
  const start = performance.now()
  const text = run()
  return { text: text.trim(), ms: performance.now() - start }
}
const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0

function compile(compiler: string, flags: readonly string[], source: string, to: string): string {
  const path = join(out, to)
  // What is to be scalar must not become vectors, for whom the 970 has them.
  const vector = source.startsWith('vector') ? ['-maltivec'] : ['-fno-tree-vectorize']
  execFileSync(compiler, ['-O2', ...linked, ...flags, ...vector, '-o', path, join(programs, source)], { stdio: 'pipe' })
  return path
}

/** Runs a static program to its end: `write` and `exit` are all it asks for. */
function runHere(path: string, wide: boolean, engine: Engine) {
  const image = parseImage(readFileSync(path), basename(path))
  const memory = createMemory(shared)
  memory.load({ runs: [] })
  place(image, memory)
  const stack = 0x7000_0000
  memory.commit(stack - 0x10_0000, 0x10_0000, access.read | access.write)
  const cpu = createCpu(
    memory,
    { call: () => true, timebase: () => 0n, deviceLoad: () => 0n, deviceStore: () => {} },
    {
      engine,
      fpscr: given.fpscr === 'exact' ? 'exact' : 'fast',
      functions: new Map(image.functions.map(one => [one.begin, one.end - one.begin])),
    },
  )
  const registers = cpu.registers()
  if (wide) registers.msr |= msrSf
  registers.setGpr32(1, stack - 0x100)
  registers.setGpr32(2, image.toc ?? 0)
  registers.pc = image.entry
  let text = ''
  for (;;) {
    const exit = cpu.run(Number(given.slice))
    if (exit.kind === 'budget') continue
    if (exit.kind !== 'fault' || exit.fault.code !== 'syscall')
      throw new Error(`${basename(path)}: ${JSON.stringify(exit)}`)
    if (registers.gpr32(0) === 1) return { text, retired: cpu.retired, counters: cpu.compiler }
    text += new TextDecoder().decode(memory.read(registers.gpr32(4), registers.gpr32(5)))
    registers.setGpr32(3, registers.gpr32(5))
    registers.cr &= ~0x1000_0000
    registers.pc += 4
  }
}
const shared = new WebAssembly.Memory({ initial: 65_536, maximum: 65_536 })

const ratios = new Map<string, number[]>()
const shares: number[] = []
const note = (key: string, ratio: number): void => {
  ratios.set(key, [...(ratios.get(key) ?? []), ratio])
}
const mean = (list: readonly number[]): number => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length)

const names = readdirSync(programs)
  .filter(file => file.endsWith('.c'))
  .map(file => file.slice(0, -2))
  .filter(name => positionals.length === 0 || positionals.includes(name))
process.stdout.write(
  `engine ${given.engine}, slices of ${given.slice}; exact budget, checked memory, FPSCR ${given.fpscr}\n`,
)
process.stdout.write('program          build   here ms    MIPS   qemu ms   × qemu   native ms   share\n')
for (const name of names) {
  const native = name.startsWith('vector')
    ? undefined
    : compile('gcc', ['-fno-tree-vectorize', '-fno-builtin', '-mfma'], `${name}.c`, `${name}.native`)
  for (const build of builds) {
    if (given.only64 && !build.wide) continue
    const path = compile(build.compiler, build.flags, `${name}.c`, `${name}.${build.name}`)
    const here: number[] = []
    const peer: number[] = []
    const own: number[] = []
    let retired = 0
    const texts = new Set<string>()
    for (let i = 0; i < runs; i += 1) {
      const ours = time(() => {
        const one = runHere(path, build.wide, given.engine as Engine)
        retired = one.retired
        return one.text
      })
      const theirs = time(() => execFileSync(build.qemu[0], [...build.qemu.slice(1), path], { encoding: 'utf8' }))
      here.push(ours.ms)
      peer.push(theirs.ms)
      texts.add(ours.text).add(theirs.text)
      if (native === undefined) continue
      const alone = time(() => execFileSync(native, { encoding: 'utf8' }))
      own.push(alone.ms)
      texts.add(alone.text)
    }
    const [a, b, c] = [median(here), median(peer), median(own)]
    if (texts.size !== 1) {
      process.stdout.write(`${name} ${build.name}: the results differ: ${[...texts].join(', ')}\n`)
      process.exitCode = 1
      continue
    }
    note(`${classOf[name] ?? 'integer'} ${build.name}`, b / a)
    if (native !== undefined) shares.push(c / a)
    process.stdout.write(
      `${name.padEnd(16)} ${build.name} ${a.toFixed(0).padStart(9)} ${(retired / a / 1000).toFixed(0).padStart(7)} ${b.toFixed(0).padStart(9)} ${(b / a).toFixed(2).padStart(8)} ${(native === undefined ? '-' : c.toFixed(0)).padStart(11)} ${(native === undefined ? '-' : (c / a).toFixed(2)).padStart(7)}\n`,
    )
  }
}
process.stdout.write('\nclass, geometric mean (worst)            × qemu            must   aim\n')
for (const [key, list] of ratios) {
  const [must, aim] = goals[key.replace(/ ELF\d+$/, '') as Class]
  process.stdout.write(
    `${key.padEnd(36)} ${mean(list).toFixed(2).padStart(8)} (${Math.min(...list).toFixed(2)}) ${String(must).padStart(12)} ${String(aim).padStart(5)}\n`,
  )
}
if (shares.length > 0)
  process.stdout.write(
    `share of native                      ${mean(shares).toFixed(2).padStart(8)}              0.35   0.6\n`,
  )
