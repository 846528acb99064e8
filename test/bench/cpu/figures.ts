/** The figures of the bench that no program of its own gives: rates, costs and stalls. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { assembler } from '../../../core/cpu/isa.ts'
import { createCpu, type Engine } from '../../../core/cpu/run.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'
import type { CallsJob } from './calls.ts'
import { builds, elsewhere, guestOf, here, mean, median, out, programs } from './kit.ts'
import type { Translated, TranslateJob } from './translate.ts'

export type Figure = readonly [
  what: string,
  value: number,
  must: number,
  aim: number,
  unit: string,
  mode: string,
  digits: number,
]

const guests = new URL('../guests', import.meta.url).pathname
const calls = new URL('calls.ts', import.meta.url).pathname
const translate = new URL('translate.ts', import.meta.url).pathname
type Fpscr = 'exact' | 'fast'
const checked = 'memory checked'

const spent = (from: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(from)
  return (user + system) / 1000
}

/** Millions of instructions a second of the bench's mixed loop, interpreted. */
function interpreter(fpscr: Fpscr, runs: number): Figure {
  const path = join(guests, 'mixed-loop.elf')
  const list = here({ path, wide: false, engine: 'interpreter', fpscr, slice: 1_000_000, runs })
  const rate = median(list.map(one => one.retired / one.ms / 1000))
  return ['interpreter, mixed loop', rate, 150, 300, 'MIPS', `${checked}, FPSCR ${fpscr}`, 0]
}

/** Nanoseconds of a kernel call: the one that asks for least, five that titles make all the time, and one with a fact. */
function kernelCalls(engine: Engine, runs: number): Figure[] {
  const cost = (name: string): number => {
    const job: CallsJob = { path: join(guests, `kernel-call-${name}.xex`), engine, calls: 8_000_000 }
    const list = Array.from({ length: runs }, () =>
      Number(execFileSync(process.execPath, [calls, JSON.stringify(job)], { encoding: 'utf8' })),
    )
    return median(list)
  }
  const how = `${checked}, warm, no subscriber`
  return [
    ['kernel call, KeGetCurrentProcessType', cost('least'), 30, 12, 'ns', how, 0],
    ['kernel call, five common ones in turn', cost('mix'), 30, 12, 'ns', how, 0],
    ['kernel call, NtSetEvent', cost('event'), 30, 12, 'ns', how, 0],
  ]
}

const perThousand = (ms: number, instructions: number): number => (1000 * ms) / Math.max(instructions, 1)

/** What translating all functions of some programs takes of the processor, in a thread that has done it before. */
function translating(list: TranslateJob['programs']): Figure {
  const job: TranslateJob = { programs: list }
  const text = execFileSync(process.execPath, [translate, JSON.stringify(job)], { encoding: 'utf8' })
  const { instructions, first, later }: Translated = JSON.parse(text)
  const start = perThousand(first, instructions).toFixed(2)
  const how = `warm thread, ${instructions} instructions, processor time; at first ${start}`
  return ['translate, per 1,000 instructions', perThousand(later, instructions), 1, 0.3, 'ms', how, 2]
}

/** What compiling costs, over the first run of each program, each in a process of its own. */
export function compiling(
  engine: Engine,
  fpscr: Fpscr,
  programs: readonly { readonly path: string; readonly wide: boolean }[],
): Figure[] {
  let instructions = 0
  let milliseconds = 0
  let stall = 0
  for (const program of programs) {
    const [first] = here({ ...program, engine, fpscr, slice: 1_000_000, runs: 1, profile: true })
    instructions += first?.profile?.compile.instructions ?? 0
    milliseconds += first?.profile?.compile.translateMilliseconds ?? 0
    stall += first?.profile?.stall.milliseconds ?? 0
  }
  const how = `cold, ${instructions} instructions, wall time`
  return [
    translating(programs),
    ['translate, per 1,000 instructions', perThousand(milliseconds, instructions), 1, 0.3, 'ms', how, 2],
    ['stall of the running thread, per 1,000', perThousand(stall, instructions), 0.2, 0.05, 'ms', how, 2],
  ]
}

/** How much longer warm runs take with the exact count than without any. */
function counting(runs: number): Figure {
  const [build] = builds
  if (build === undefined) throw new Error('there is no build')
  const ratios = ['crc', 'hash', 'sort'].map(name => {
    const path = guestOf(build, name)
    const times = (counts: boolean): number[] => {
      const list = here({ path, wide: build.wide, engine: 'compiler', fpscr: 'fast', slice: 2 ** 30, runs: 3, counts })
      return list.slice(1).map(one => one.ms)
    }
    const pairs = Array.from({ length: runs }, () => [times(true), times(false)] as const)
    return median(pairs.flatMap(([on]) => on)) / median(pairs.flatMap(([, off]) => off))
  })
  return [
    'exact counting, on against off',
    100 * (mean(ratios) - 1),
    15,
    8,
    '%',
    `${checked}, warm, crc, hash and sort`,
    1,
  ]
}

/** VMX128 has no peer: the program of programs/alone/vmx128.c in registers that AltiVec has not. */
function vmx128(engine: Engine): Figure {
  const code = 0x8200_0000
  const data = 0x4000_0000
  const constants = data + 0x2000
  // Enough for a clock that goes by steps of some milliseconds.
  const rounds = 160_000
  const lines = [
    `lis r3, 0x${(data >>> 16).toString(16)}`,
    'ori r5, r3, 0x2000',
    'li r6, 16',
    'lvx128 v66, 0, r5',
    'lvx128 v67, r6, r5',
    `lis r8, ${rounds >>> 16}`,
    `ori r8, r8, ${rounds & 0xffff}`,
    'li r9, 256',
    // The outer loop.
    'ori r4, r3, 0',
    'mtctr r9',
    // The inner loop.
    'lvx128 v64, 0, r4',
    'vor128 v70, v67, v67',
    'vmaddfp128 v70, v64, v66',
    'stvx128 v70, 0, r4',
    'vor128 v71, v70, v70',
    'vmaddfp128 v71, v65, v66',
    'vor128 v65, v71, v71',
    'addi r4, r4, 16',
    `bdnz ${code + 10 * 4}`,
    'addic. r8, r8, -1',
    `bne ${code + 8 * 4}`,
  ]
  const memory = createMemory()
  memory.commit(code, 0x1000, access.read | access.execute)
  memory.commit(data, 0x3000, access.read | access.write)
  const words = new DataView(new ArrayBuffer(lines.length * 4))
  for (const [i, line] of lines.entries()) words.setUint32(4 * i, assembler.word(line, code + 4 * i))
  memory.poke(code, new Uint8Array(words.buffer))
  const cpu = createCpu(
    memory,
    { call: () => true, timebase: () => 0n, deviceLoad: () => 0n, deviceStore: () => {} },
    engine,
  )
  cpu.setStops([code + 4 * lines.length])
  const registers = cpu.registers()
  function run(): { ms: number; text: string } {
    let seed = 12345
    const floats = new DataView(new ArrayBuffer(4096))
    for (let i = 0; i < 1024; i += 1) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      floats.setFloat32(4 * i, ((seed >>> 8) & 0xffff) / 65536)
    }
    memory.poke(data, new Uint8Array(floats.buffer))
    const known = new DataView(new ArrayBuffer(32))
    for (const [i, value] of [0.5, 0.25, 0.75, 0.875, 0.125, 0.5, 0.25, 0.0625].entries())
      known.setFloat32(4 * i, value)
    memory.poke(constants, new Uint8Array(known.buffer))
    registers.setVr(65, new Uint8Array(16))
    registers.pc = code
    const from = process.threadCpuUsage()
    while (cpu.run(1_000_000).kind === 'budget');
    const ms = spent(from)
    const sum = new DataView(registers.vr(65).slice().buffer)
    const word = (i: number): number => sum.getUint32(4 * i)
    const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')
    return { ms, text: hex(word(0) ^ word(1)) + hex(word(2) ^ word(3)) }
  }
  const path = join(out, 'vmx128.native')
  const flags = [
    '-O2',
    '-static',
    '-nostdlib',
    '-ffreestanding',
    '-fno-stack-protector',
    '-fno-pic',
    '-no-pie',
    '-fno-tree-vectorize',
    '-mfma',
  ]
  execFileSync('gcc', [...flags, '-o', path, join(programs, 'alone/vmx128.c')], { stdio: 'pipe' })
  run()
  const pairs = [0, 1, 2, 3, 4].map(() => [run(), elsewhere([path])] as const)
  for (const [ours, theirs] of pairs)
    if (ours.text !== theirs.text) throw new Error(`VMX128: ${ours.text} here, ${theirs.text} as native code`)
  const share = median(pairs.map(([, theirs]) => theirs.ms)) / median(pairs.map(([ours]) => ours.ms))
  return ['VMX128, share of native (no peer), warm', share, 0.35, 0.6, '', 'denormals flushed exactly', 2]
}

/** Programs of a few hundred instructions: what it takes to begin is most of what compiling them takes. */
function small(): { path: string; wide: boolean }[] {
  const [build] = builds
  if (build === undefined) return []
  const names = ['mix', 'sort', 'strings', 'switch', 'double', 'vector-integer']
  return names.map(name => ({ path: guestOf(build, name), wide: build.wide }))
}

export async function figures(engine: Engine, fpscr: Fpscr, runs: number): Promise<Figure[]> {
  return [
    vmx128(engine),
    interpreter(fpscr, runs),
    ...kernelCalls(engine, runs),
    ...compiling(engine, fpscr, small()),
    counting(runs),
  ]
}
