/**
 * `xenoscope exec`: raw code on a bare processor, one JSON request a line, one JSON answer a line, in order. There is no
 * kernel, no device and no title: the memory is what the request brings, every page of it readable, writable and
 * executable, and is gone with the answer. It is how an outside test suite drives the processor.
 */
import { exitStatus } from '../../base/failure.ts'
import { hex32 } from '../../base/words.ts'
import { type Cpu, type CpuFault, createCpu, type Engine, type FpscrMode } from '../../cpu/run.ts'
import { initialMsr, msrSf, vscrNj } from '../../cpu/state.ts'
import { createMemory, type GuestMemory } from '../../memory/guest.ts'
import { access, pageSize } from '../../memory/map.ts'
import { defineCommand } from '../command.ts'
import { type ExecRequest, parseRequest, RequestError } from './exec-request.ts'

interface Answer {
  readonly id: string | number | null
  readonly status: 'ok' | 'fault' | 'limit'
  readonly regs?: Readonly<Record<string, string>>
  readonly mem?: readonly { readonly addr: string; readonly bytes: string }[]
  readonly instructions?: number
  readonly error?: string
}

/** Where code returns to when the request gives no LR; nothing is ever there. */
const sentinel = 0xbffffff0
/** Instructions to a tick of the timebase. */
const instructionsPerTick = 64
const everything = access.read | access.write | access.execute

const hexOf = (value: number | bigint, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`

const allRegisters = [
  ...Array.from({ length: 32 }, (_, n) => `r${n}`),
  ...Array.from({ length: 32 }, (_, n) => `f${n}`),
  ...Array.from({ length: 128 }, (_, n) => `v${n}`),
  ...(['cr', 'xer', 'lr', 'ctr', 'fpscr', 'vscr', 'vrsave'] as const),
]

function readRegister(cpu: Cpu, name: string): string {
  const registers = cpu.registers()
  switch (name) {
    case 'cr':
    case 'xer':
    case 'fpscr':
    case 'vscr':
    case 'vrsave':
      return hexOf(registers[name], 8)
    case 'lr':
    case 'ctr':
      return hexOf(registers[name], 16)
    default: {
      const n = Number(name.slice(1))
      if (name.startsWith('r')) return hexOf(registers.gpr(n), 16)
      if (name.startsWith('f')) return hexOf(registers.fpr(n), 16)
      return `0x${registers.vr(n).toHex()}`
    }
  }
}

function writeRegister(cpu: Cpu, name: string, value: bigint): void {
  const registers = cpu.registers()
  switch (name) {
    case 'cr':
    case 'xer':
    case 'fpscr':
    case 'vscr':
    case 'vrsave':
      registers[name] = Number(value)
      return
    case 'lr':
    case 'ctr':
      registers[name] = value
      return
    default: {
      const n = Number(name.slice(1))
      if (name.startsWith('r')) registers.setGpr(n, value)
      else if (name.startsWith('f')) registers.setFpr(n, value)
      else registers.setVr(n, Uint8Array.fromHex(value.toString(16).padStart(32, '0')))
    }
  }
}

function describe(fault: CpuFault): string {
  const where = `at ${hex32(fault.pc)}`
  if (fault.code === 'fetch') return `fetch ${where}, which is not executable memory`
  const access = fault.address === undefined ? '' : ` of ${hex32(fault.address)}`
  return `${fault.code}${access} ${where}: ${fault.text} (${hex32(fault.word)})`
}

/** A bare processor for one engine, used for one request after the other. */
function createBench(engine: Engine, fpscr: FpscrMode) {
  const memory: GuestMemory = createMemory()
  let call: number | undefined
  const cpu: Cpu = createCpu(
    memory,
    {
      call(id) {
        call = id
        return true
      },
      timebase: () => BigInt(Math.floor(cpu.retired / instructionsPerTick)),
      deviceLoad: () => 0n,
      deviceStore: () => {},
    },
    { engine, fpscr },
  )

  function prepare(request: ExecRequest): number {
    const registers = cpu.registers()
    registers.clear()
    registers.msr = initialMsr | (request.wide ? msrSf : 0n)
    registers.vscr = vscrNj
    registers.lr = BigInt(sentinel)
    for (const [name, value] of request.registers) writeRegister(cpu, name, value)
    registers.pc = request.entry
    const end = Number(registers.lr & 0xfffffffcn)
    cpu.setStops([end])
    return end
  }

  function run(request: ExecRequest): Answer {
    const end = prepare(request)
    call = undefined
    const before = cpu.retired
    const exit = cpu.run(request.max)
    const instructions = cpu.retired - before
    const atEnd = cpu.registers().pc === end
    const regs: Record<string, string> = {}
    for (const name of request.out ?? allRegisters) regs[name] = readRegister(cpu, name)
    const mem = request.outMemory.map(({ address, length }) => {
      if (!memory.allows(address, length, access.read))
        throw new RequestError(`outMem at ${hex32(address)} is not memory of the request`, request.id)
      return { addr: hexOf(address, 8), bytes: memory.read(address, length).toHex() }
    })
    const answer = (status: Answer['status'], error?: string): Answer => {
      const told = error === undefined ? {} : { error }
      return { id: request.id, status, regs, mem, instructions, ...told }
    }
    if (call !== undefined) return answer('fault', `kernel call ${call}: there is no kernel here`)
    if (atEnd && (exit.kind !== 'fault' || exit.fault.code === 'fetch')) return answer('ok')
    if (exit.kind === 'fault') return answer('fault', describe(exit.fault))
    return answer('limit')
  }

  return (request: ExecRequest): Answer => {
    const ranges = [{ address: request.base, bytes: request.code }, ...request.memory].filter(
      one => one.bytes.length > 0,
    )
    try {
      for (const { address, bytes } of ranges) {
        memory.commit(address, bytes.length, everything)
        memory.write(address, bytes)
      }
      return run(request)
    } finally {
      for (const { address, bytes } of ranges) {
        const start = address - (address % pageSize)
        memory.decommit(start, address + bytes.length - start)
      }
    }
  }
}

/** Answers request lines; `malformed` counts those that were none. */
export function createExecutor() {
  const benches = new Map<string, (request: ExecRequest) => Answer>()
  let malformed = 0

  function answer(line: string): Answer {
    let request: ExecRequest | undefined
    try {
      request = parseRequest(line)
      const key = `${request.engine} ${request.fpscr}`
      const bench = benches.get(key) ?? createBench(request.engine, request.fpscr)
      benches.set(key, bench)
      return bench(request)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      malformed += 1
      return { id: error.id, status: 'fault', error: error.message }
    }
  }
  return {
    get malformed() {
      return malformed
    },
    answer: (line: string): string => JSON.stringify(answer(line)),
  }
}

/** Runs every line of the input; blank lines are skipped. Answers with the exit status. */
export async function exec(
  input: AsyncIterable<string>,
  write: (line: string) => void | Promise<void>,
): Promise<number> {
  const executor = createExecutor()
  for await (const line of input) if (line.trim() !== '') await write(executor.answer(line))
  return executor.malformed > 0 ? exitStatus.badInput : exitStatus.finished
}

export const execCommand = defineCommand({
  name: 'exec',
  about: 'run raw code: a JSON request a line on standard input, a JSON answer a line on standard output',
  arguments: [],
  options: {},
  more: [
    'A request: {"id", "base", "code" (hex), "entry", "regs": {"r3": "0x…", "f1", "v1", "cr", "xer", "lr", "ctr", "fpscr",',
    '"vscr", "vrsave"}, "mem": [{"addr", "bytes" (hex)}], "max": 100000, "engine": "interpreter"|"compiler",',
    '"fpscr": "exact"|"fast", "sf": 0|1,',
    '"out": ["r3", …], "outMem": [{"addr", "len"}]}. It runs from entry until `blr` to the initial LR.',
    'An answer: {"id", "status": "ok"|"fault"|"limit", "regs", "mem", "instructions", "error"?}, in order.',
  ].join('\n'),
  run: ({ host }) => exec(host.lines(), line => host.out(`${line}\n`)),
})
