/**
 * `npm run bench`: how fast the interpreter is, on a loop of integer instructions and on a mixed program, each run from a
 * cold start several times; the medians, and beside them QEMU's user mode on the same file in the same minute, where it is
 * installed. `--json` prints one document; `--runs N` (5).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createCpu } from '../../core/cpu/run.ts'
import { parseImage, place } from '../../core/loader/load.ts'
import { createMemory } from '../../core/memory/guest.ts'
import { access } from '../../core/memory/map.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string', default: '5' } },
})
const runs = Number(values.runs)
const goal = 150
const stack = 0x7000_0000
/** What the machine runs before it looks up. */
const slice = 1_000_000

const shared = createMemory().wasm
const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0

/** Runs a program until its last words, a trap that is always taken. */
function runHere(path: string): { instructions: number; ms: number } {
  const memory = createMemory(shared)
  memory.load({ runs: [] })
  const image = parseImage(readFileSync(path), path)
  place(image, memory)
  memory.commit(stack - 0x10_0000, 0x10_0000, access.read | access.write)
  const ports = { call: () => true, timebase: () => 0n, deviceLoad: () => 0n, deviceStore: () => {} }
  const cpu = createCpu(memory, ports, 'interpreter')
  const registers = cpu.registers()
  registers.setGpr32(1, stack - 0x100)
  registers.pc = image.entry
  const start = performance.now()
  for (;;) {
    const exit = cpu.run(slice)
    if (exit.kind === 'budget') continue
    if (exit.kind === 'fault' && exit.fault.code === 'trap')
      return { instructions: cpu.retired, ms: performance.now() - start }
    throw new Error(`${path} ended with ${JSON.stringify(exit)}`)
  }
}

const folder = mkdtempSync(join(tmpdir(), 'xenoscope-bench-'))

/** Milliseconds of the whole process, or undefined where QEMU is not installed. It too ends by the trap. */
function runQemu(path: string): number | undefined {
  // QEMU runs only what may be executed.
  const program = join(folder, 'program')
  writeFileSync(program, readFileSync(path), { mode: 0o755 })
  const start = performance.now()
  const { error, signal } = spawnSync('qemu-ppc', [program])
  if (error) return undefined
  if (signal !== 'SIGTRAP') throw new Error(`${path} did not come to its trap under QEMU`)
  return performance.now() - start
}

const programs = ['integer-loop', 'mixed-loop'] as const
const results = programs.map(name => {
  const path = new URL(`guests/${name}.elf`, import.meta.url).pathname
  const ours: { instructions: number; ms: number }[] = []
  const theirs: number[] = []
  for (let n = 0; n < runs; n += 1) {
    ours.push(runHere(path))
    const ms = runQemu(path)
    if (ms !== undefined) theirs.push(ms)
  }
  const instructions = ours[0]?.instructions ?? 0
  const ms = median(ours.map(one => one.ms))
  const mips = (time: number): number => Math.round(instructions / time / 1000)
  const qemu = theirs.length > 0 ? { ms: Math.round(median(theirs)), mips: mips(median(theirs)) } : undefined
  return { name, instructions, ms: Math.round(ms), mips: mips(ms), ...(qemu && { qemu }) }
})
rmSync(folder, { recursive: true })

if (values.json) process.stdout.write(`${JSON.stringify({ interpreter: results })}\n`)
else {
  process.stdout.write('interpreter     instructions       ms    MIPS   qemu ms   qemu MIPS\n')
  for (const { name, instructions, ms, mips, qemu } of results) {
    const peer = qemu ? [`${qemu.ms}`.padStart(10), `${qemu.mips}`.padStart(12)].join('') : '   not installed'
    process.stdout.write(
      `${name.padEnd(14)} ${`${instructions}`.padStart(13)} ${`${ms}`.padStart(8)} ${`${mips}`.padStart(7)}${peer}\n`,
    )
  }
  process.stdout.write(`goal on the integer loop: at least ${goal} MIPS\n`)
}
