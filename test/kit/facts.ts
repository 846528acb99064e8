import { createEmitters, type Emitters, type Scene, type Subject } from '../../core/facts/record.ts'
import type { FactSink } from '../../core/facts/sink.ts'
import type { MachineViews, ObjectView, Stack, ThreadView } from '../../core/facts/views.ts'
import { address, handle, type Plugin, type RunInfo, serial, ticks } from '../../core/index.ts'

/** Who acts, unless a test says otherwise: guest thread 7 inside an export. */
export const aScene: Scene = { tid: 7, hardwareThread: 3, lr: 0x82010004, sp: 0x70010000, source: 0x10001, actor: 0 }

export const anEvent = (serial: number, handle = 0x1000 + serial * 4): Subject => ({
  serial,
  handle,
  address: 0,
  kind: 'Event/Auto',
})

export const aThread = (serial: number, handle = 0x1000 + serial * 4): Subject => ({
  serial,
  handle,
  address: 0,
  kind: 'Thread',
})

/** The subject of a fact that names no object. */
export const nothing: Subject = { serial: 0, handle: 0, address: 0, kind: 'Other' }

/** A kernel's side of the door, with a clock that the test sets. */
export interface Kernel extends Emitters {
  cycle: number
  /** Number of the back chain that walks answer. */
  stack: number
  walks: number
}

export function aKernel(sink: FactSink): Kernel {
  const state = { cycle: 0, stack: 1, walks: 0 }
  const emitters = createEmitters({
    sink,
    cycle: () => kernel.cycle,
    walk: () => {
      kernel.walks += 1
      return kernel.stack
    },
  })
  const kernel: Kernel = Object.assign(emitters, state)
  return kernel
}

export const aStack: Stack = {
  frames: [
    { fp: 0x70010000, lr: 0x82010004 },
    { fp: 0x70010060, lr: 0x82010abc },
  ],
  stop: 'end',
}

/** Views of a machine that is only what the test says. */
export interface Scenery {
  readonly threads?: readonly Partial<ThreadView>[]
  readonly objects?: readonly Partial<ObjectView>[]
  readonly names?: Readonly<Record<number, string>>
  readonly sources?: Readonly<Record<number, string>>
  stack?(id: number): Stack | undefined
  cycle?(): number
}

const anyObject: ObjectView = {
  serial: serial(0),
  kind: 'Event/Auto',
  name: '',
  address: address(0),
  handles: [],
  firstHandle: handle(0),
  adopted: false,
  alive: true,
  state: 0,
  limit: undefined,
  owner: 0,
  waiters: [],
  created: undefined,
  lastSignal: undefined,
  signals: 0,
  lost: { alreadySet: 0, pulsedIntoNobody: 0, overLimit: 0 },
  waits: 0,
  wakes: 0,
}

export function viewsOf(scenery: Scenery = {}): MachineViews {
  const hex = (value: number) => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`
  const threads = (scenery.threads ?? []) as readonly ThreadView[]
  const objects = (scenery.objects ?? []).map((object): ObjectView => ({ ...anyObject, ...object }))
  return {
    get cycle() {
      return ticks(scenery.cycle?.() ?? 0)
    },
    instructions: 0,
    timebaseHz: 50_000_000,
    threads: () => threads,
    thread: tid => threads.find(thread => thread.tid === tid),
    objects: () => objects,
    object: serial => objects.find(object => object.serial === serial),
    stack: id => (scenery.stack ? scenery.stack(id) : id === 1 ? aStack : undefined),
    nameOf: address => scenery.names?.[address] ?? hex(address),
    sourceName: source => scenery.sources?.[source] ?? (source === 0x10001 ? 'NtSetEvent' : `source-${source}`),
    streamStanding: () => undefined,
    packetName: opcode => (opcode === 0x58 ? 'EVENT_WRITE_SHD' : `packet ${opcode}`),
    missingExports: () => [],
    idleExports: () => [],
    absentFiles: () => [],
    counters: () => ({}),
    readMemory: () => undefined,
  }
}

export const aRun = (change: Partial<RunInfo> = {}): RunInfo => ({
  runId: 'run-1',
  traceBase: 1_700_000_000_000_000_000n,
  timebaseHz: 50_000_000,
  version: '0.1.0',
  hostName: 'bench',
  title: { name: 'guest.xex', id: 0x4d5307d1, sha256: 'ab'.repeat(32) },
  out: undefined,
  focus: { values: new Set(), all: false, report: 'none' },
  ...change,
})

/** A plugin whose only content is its hooks. */
export const aPlugin = (name: string, create: Plugin['create']): Plugin => ({
  name,
  about: 'of a test',
  api: 1,
  options: { safeParse: data => ({ success: true, data }) },
  create,
})
