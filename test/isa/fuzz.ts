/**
 * Our processor against QEMU's: thousands of random sequences in one QEMU process, every register, flag and byte of data
 * compared. A sequence that ends differently is made as small as it stays different, and told as a request for
 * `xenoscope exec`.
 *
 * A batch has a fixed layout: where a test lies decides what its links and pointers are. So a test that is not to run is
 * not taken out, but its words become nops.
 */
import { decode, disassembler } from '../../core/cpu/isa.ts'
import type { Row } from '../../core/cpu/rows/row.ts'
import { createCpu, type Engine } from '../../core/cpu/run.ts'
import { initialMsr, msrSf } from '../../core/cpu/state.ts'
import { createMemory } from '../../core/memory/guest.ts'
import { access } from '../../core/memory/map.ts'
import { differencesOf, type End, endOf, loadRegisters, readEnd, type Start, writeStart } from './block.ts'
import type { Mode } from './differences.ts'
import { blockSize, blocksBase, codeBase, dataAt, dataSize, endAt } from './layout.ts'
import { createQemu } from './qemu.ts'
import { createRandom } from './random.ts'
import { buildProgram, prologueWords } from './runner.ts'
import { createGenerator } from './sequence.ts'

export interface Test {
  /** Instructions that belong together: one, and what makes it defined. */
  readonly groups: readonly (readonly number[])[]
  readonly start: Start
}

export interface Difference {
  readonly test: Test
  readonly seed: number
  /** Register, ours, QEMU's. */
  readonly differs: readonly (readonly [name: string, ours: string, theirs: string])[]
  /** How QEMU ended before its time, if it did. */
  readonly ended?: string
}

const longestRun = 2000
const nop = 0x60000000
const codeLimit = 0x400000
const highGarbage = 0xdeadbeefn << 32n

const addressOf = (index: number): number => blocksBase + index * blockSize + dataAt
const nops = (group: readonly number[]): readonly number[] => group.map(() => nop)
const silenced = (test: Test): Test => ({ ...test, groups: test.groups.map(nops) })

interface Outcome {
  readonly end: End | undefined
  readonly fault: number | undefined
}

/** Our side: the same code and data at the same addresses. */
function createOurs(mode: Mode, engine: Engine) {
  const memory = createMemory()
  const ports = { call: () => true, timebase: () => 0n, deviceLoad: () => 0n, deviceStore: () => {} }
  const cpu = createCpu(memory, ports, engine)
  memory.commit(codeBase, codeLimit, access.read | access.execute)
  cpu.registers().msr = initialMsr | (mode === 'wide' ? msrSf : 0n)
  const image = new DataView(new ArrayBuffer(endAt))
  return {
    place: (code: Uint8Array) => memory.poke(codeBase, code),
    /** Runs one test in its block; where it does not come to its end, the word it faulted at. */
    run(start: Start, index: number, from: number, to: number): Outcome {
      const block = begin(start, index, from)
      cpu.setStops([to])
      const exit = cpu.run(longestRun)
      if (exit.kind === 'leave' && cpu.registers().pc === to)
        return { end: endOf(cpu, memory.read(block + dataAt, dataSize), mode === 'wide'), fault: undefined }
      return { end: undefined, fault: exit.kind === 'fault' ? exit.fault.word : undefined }
    },
    /** The words that a test which ends well executes, each as often as it does. */
    trace(start: Start, index: number, from: number, to: number): number[] {
      begin(start, index, from)
      cpu.setStops([])
      const words: number[] = []
      while (cpu.registers().pc !== to) {
        words.push(memory.load32(cpu.registers().pc))
        cpu.run(1)
      }
      return words
    },
  }

  function begin(start: Start, index: number, from: number): number {
    const block = blocksBase + index * blockSize
    memory.commit(block, blockSize, access.none)
    memory.commit(block, blockSize, access.read | access.write)
    writeStart(image, 0, start, 0)
    memory.write(block, new Uint8Array(image.buffer))
    loadRegisters(cpu, start)
    cpu.registers().pc = from
    return block
  }
}

export interface FuzzOptions {
  readonly mode: Mode
  readonly seed: number
  readonly engine?: Engine
  readonly isAllowed?: (row: Row) => boolean
}

export interface Fuzzer {
  readonly mode: Mode
  /** How often each row was executed in a sequence that was compared. */
  readonly hits: ReadonlyMap<string, number>
  /** Sequences that were left out, by the row that faulted in them. */
  readonly faults: ReadonlyMap<string, number>
  readonly compared: number
  readonly dropped: number
  /** Compares `count` new sequences; the first that differs is answered, made small. */
  batch(count: number): Difference | undefined
  close(): void
}

export function createFuzzer({ mode, seed, engine = 'interpreter', isAllowed = () => true }: FuzzOptions): Fuzzer {
  const wide = mode === 'wide'
  const qemu = createQemu(wide)
  const ours = createOurs(mode, engine)
  const random = createRandom(seed)
  const generator = createGenerator(random, mode, isAllowed)
  const branching = new Set(generator.shapes.filter(shape => shape.branches).map(shape => shape.row.name))
  const hits = new Map<string, number>(generator.shapes.map(shape => [shape.row.name, 0]))
  const faults = new Map<string, number>()
  const nameOf = (word: number): string => decode(word)?.name ?? ''
  const count = (names: Map<string, number>, name: string): void => {
    names.set(name, (names.get(name) ?? 0) + 1)
  }
  let compared = 0
  let dropped = 0

  /** With 32-bit registers the high words are garbage on purpose: nothing may depend on them. */
  function ownStart(start: Start): Start {
    return wide ? start : { ...start, gpr: start.gpr.map((value, n) => (n > 0 && n < 7 ? value | highGarbage : value)) }
  }

  function runOurs(tests: readonly Test[]) {
    const { code, starts, ends } = buildProgram(
      tests.map(test => test.groups.flat()),
      wide,
    )
    ours.place(code)
    const of = <R>(what: (start: Start, index: number, from: number, to: number) => R, test: Test, index: number): R =>
      what(ownStart(test.start), index, starts[index] ?? 0, ends[index] ?? 0)
    return {
      outcomes: tests.map((test, index) => of(ours.run, test, index)),
      /** What a test executes: all of it, unless it branches. */
      executed(test: Test, index: number): readonly number[] {
        const words = test.groups.flat()
        return words.some(word => branching.has(nameOf(word))) ? of(ours.trace, test, index) : words
      },
    }
  }

  function runQemu(tests: readonly Test[]): { ends: readonly End[]; ended: string | undefined } {
    const program = buildProgram(
      tests.map(test => test.groups.flat()),
      wide,
    )
    const blocks = new Uint8Array(tests.length * blockSize)
    const view = new DataView(blocks.buffer)
    for (const [index, { start }] of tests.entries())
      writeStart(view, index * blockSize, start, (program.starts[index] ?? 0) - prologueWords * 4)
    const { output, ended } = qemu.run(program.elf(blocks))
    if (ended !== undefined) return { ends: [], ended }
    return { ends: tests.map((_, index) => readEnd(output, index * blockSize)), ended }
  }

  /** Indices of the tests on which QEMU does not come to the end, found by silencing halves. */
  function findEnding(tests: readonly Test[], among: readonly number[]): number[] {
    if (among.length === 0) return []
    const chosen = new Set(among)
    const { ended } = runQemu(tests.map((test, index) => (chosen.has(index) ? test : silenced(test))))
    if (ended === undefined) return []
    if (among.length === 1) return [...among]
    const half = among.length >> 1
    return [...findEnding(tests, among.slice(0, half)), ...findEnding(tests, among.slice(half))]
  }

  /** Moves a test to the first block of a batch of its own. */
  function alone(test: Test, index: number): Test {
    const delta = BigInt(index * blockSize)
    return { ...test, start: { ...test.start, gpr: test.start.gpr.map((v, n) => (n > 0 && n < 5 ? v - delta : v)) } }
  }

  function judge(test: Test): Omit<Difference, 'test' | 'seed'> | undefined {
    const end = runOurs([test]).outcomes[0]?.end
    if (end === undefined) return undefined
    const { ends, ended } = runQemu([test])
    if (ended !== undefined) return { differs: [], ended }
    const [theirs] = ends
    const differs = theirs === undefined ? [] : differencesOf(end, theirs)
    return differs.length > 0 ? { differs } : undefined
  }

  /** As few instructions and as plain registers as still differ. */
  function reduce(test: Test): Difference | undefined {
    let best = test
    let verdict = judge(test)
    if (verdict === undefined) return undefined
    const attempt = (next: Test): void => {
      const found = judge(next)
      if (found === undefined) return
      best = next
      verdict = found
    }
    for (let pass = 0; pass < 2; pass += 1)
      for (const [index, group] of test.groups.entries())
        if (best.groups[index] === group) attempt({ ...best, groups: best.groups.with(index, nops(group)) })
    attempt({ ...best, groups: best.groups.filter(group => group.some(word => word !== nop)) })
    const change = (start: Partial<Start>): void => attempt({ ...best, start: { ...best.start, ...start } })
    for (let n = 0; n < 32; n += 1) {
      if (n === 0 || n > 4) change({ gpr: best.start.gpr.with(n, 0n) })
      change({ fpr: best.start.fpr.with(n, 0n) })
      change({ vr: best.start.vr.with(n, new Uint8Array(16)) })
    }
    change({ cr: 0 })
    change({ xer: 0 })
    change({ fpscr: 0 })
    change({ data: new Uint8Array(dataSize) })
    return { test: best, seed, ...verdict }
  }

  function batch(size: number): Difference | undefined {
    const made: Test[] = []
    generator.favour(hits)
    for (let index = 0; index < size; index += 1) {
      const groups = generator.sequence(1 + random.below(random.chance(50) ? 4 : 40))
      made.push({ groups, start: generator.start(addressOf(index)) })
    }
    const { outcomes, executed } = runOurs(made)
    const tests = made.map((test, index) => (outcomes[index]?.end === undefined ? silenced(test) : test))
    const { ends, ended } = runQemu(tests)
    if (ended !== undefined) {
      const [index] = findEnding(
        tests,
        tests.map((_, n) => n),
      )
      const test = index === undefined ? undefined : tests[index]
      if (index === undefined || test === undefined) throw new Error(`QEMU ended with ${ended}, but on no test alone`)
      return reduce(alone(test, index)) ?? { test, seed, differs: [], ended }
    }
    for (const [index, test] of tests.entries()) {
      const end = outcomes[index]?.end
      const theirs = ends[index]
      if (end === undefined || theirs === undefined) {
        dropped += 1
        count(faults, nameOf(outcomes[index]?.fault ?? 0))
        continue
      }
      const differs = differencesOf(end, theirs)
      if (differs.length > 0) return reduce(alone(test, index)) ?? { test, seed, differs }
      compared += 1
      for (const word of executed(test, index)) count(hits, nameOf(word))
    }
    return undefined
  }

  return {
    mode,
    hits,
    faults,
    get compared() {
      return compared
    },
    get dropped() {
      return dropped
    },
    batch,
    close: qemu.close,
  }
}

/** A difference in words, with the request that shows ours again. */
export function describe({ test, seed, differs, ended }: Difference, mode: Mode): string {
  const { start } = test
  const words = test.groups.flat()
  const base = codeBase + prologueWords * 4
  const hex = (value: number | bigint): string => `0x${value.toString(16)}`
  const regs: Record<string, string> = {}
  for (const [n, value] of start.gpr.entries()) if (value !== 0n) regs[`r${n}`] = hex(value)
  for (const [n, value] of start.fpr.entries()) if (value !== 0n) regs[`f${n}`] = hex(value)
  for (const [n, value] of start.vr.entries()) if (value.some(byte => byte !== 0)) regs[`v${n}`] = `0x${value.toHex()}`
  for (const name of ['cr', 'xer', 'ctr', 'fpscr', 'vscr', 'vrsave'] as const) regs[name] = hex(start[name])
  regs.lr = hex(base + words.length * 4)
  // A lone byte commits the page, which is zero.
  const data = start.data.some(byte => byte !== 0) ? start.data.toHex() : '00'
  const request = {
    id: `seed ${seed}`,
    base: hex(base),
    code: words.map(word => word.toString(16).padStart(8, '0')).join(''),
    regs,
    mem: [{ addr: hex(blocksBase + dataAt), bytes: data }],
    sf: mode === 'wide' ? 1 : 0,
    out: differs.map(([name]) => name).filter(name => name !== 'data'),
    outMem: differs.some(([name]) => name === 'data') ? [{ addr: hex(blocksBase + dataAt), len: dataSize }] : [],
  }
  return [
    `${mode} mode, seed ${seed}: ${ended === undefined ? 'the ends differ' : `QEMU ended with ${ended}`}`,
    ...words.map((word, index) => `  ${disassembler.text(word, base + index * 4)}`),
    ...differs.map(([name, mine, theirs]) => `  ${name}: ours ${mine}, QEMU ${theirs}`),
    JSON.stringify(request),
  ].join('\n')
}
