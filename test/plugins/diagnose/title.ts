/** A made-up title for tests of the diagnosis: functions of a few instructions, cells of data, objects and threads. */
import {
  address,
  handle,
  type MachineViews,
  type ObjectView,
  serial,
  type ThreadView,
  ticks,
} from '../../../core/index.ts'
import { viewsOf } from '../../kit/facts.ts'

const codeAt = 0x82010000
const dataAt = 0x82020000
const thunksAt = 0x82030000
const pageBytes = 0x1000

/** One instruction; `at` is where it stands. */
export type Instruction = (at: number) => number

const high = (value: number): number => ((value + 0x8000) >>> 16) & 0xffff
const low = (value: number): number => value & 0xffff

export const lis =
  (rt: number, value: number): Instruction =>
  () =>
    (15 << 26) | (rt << 21) | high(value)
export const addi =
  (rt: number, ra: number, value: number): Instruction =>
  () =>
    (14 << 26) | (rt << 21) | (ra << 16) | low(value)
export const lwz =
  (rt: number, offset: number, ra: number): Instruction =>
  () =>
    (32 << 26) | (rt << 21) | (ra << 16) | low(offset)
export const mr =
  (ra: number, rs: number): Instruction =>
  () =>
    (31 << 26) | (rs << 21) | (ra << 16) | (rs << 11) | (444 << 1)
export const bl =
  (target: number): Instruction =>
  at =>
    (18 << 26) | ((target - at) & 0x03fffffc) | 1
export const b =
  (target: number): Instruction =>
  at =>
    (18 << 26) | ((target - at) & 0x03fffffc)
export const blr: Instruction = () => 0x4e800020
export const nop: Instruction = () => 0x60000000

export interface Title {
  /** Where a function begins; its code is given later or now. */
  function(name: string, ...code: readonly Instruction[]): number
  /** The thunk of an export. */
  thunk(name: string): number
  /** A word of data, and where it lies. */
  cell(value: number): number
  object(change: Partial<ObjectView> & Pick<ObjectView, 'kind'>): ObjectView
  thread(change: Partial<ThreadView>): ThreadView
  /** Parks a thread for ever, at an offset of a function, on objects. */
  waits(name: string, at: { readonly in: number; readonly offset: number }, ...on: readonly ObjectView[]): ThreadView
  readonly views: MachineViews
}

export function aTitle(): Title {
  const bytes = new Map<number, DataView>()
  for (const page of [codeAt, dataAt, thunksAt]) bytes.set(page, new DataView(new ArrayBuffer(pageBytes)))
  const names: [number, number, string][] = []
  const objects: ObjectView[] = []
  const threads: ThreadView[] = []
  let nextCode = codeAt
  let nextCell = dataAt
  let nextThunk = thunksAt

  const put = (at: number, word: number): void =>
    bytes.get(at - (at % pageBytes))?.setUint32(at % pageBytes, word >>> 0)

  function nameOf(at: number): string {
    const found = names.find(([begin, end]) => at >= begin && at < end)
    if (found === undefined) return `0x${at.toString(16).toUpperCase().padStart(8, '0')}`
    return at === found[0] ? found[2] : `${found[2]}+0x${(at - found[0]).toString(16).toUpperCase()}`
  }

  const nowhere = { sequence: 0, cycle: ticks(0), tid: 1, lr: address(0), source: 0x10001 }
  const title: Title = {
    function(name, ...code) {
      const begin = nextCode
      code.forEach((one, i) => {
        put(begin + i * 4, one(begin + i * 4))
      })
      nextCode += Math.max(1, code.length) * 4
      names.push([begin, nextCode, name])
      return begin
    },
    thunk(name) {
      const at = nextThunk
      nextThunk += 16
      names.push([at, nextThunk, name])
      return at
    },
    cell(value) {
      const at = nextCell
      nextCell += 4
      put(at, value)
      return at
    },
    object(change) {
      const object: ObjectView = {
        serial: serial(objects.length + 1),
        name: '',
        address: address(0),
        handles: [],
        firstHandle: change.handles?.[0] ?? handle(0),
        adopted: false,
        alive: true,
        state: 0,
        limit: undefined,
        owner: 0,
        waiters: [],
        created: nowhere,
        lastSignal: undefined,
        signals: 0,
        lost: { alreadySet: 0, pulsedIntoNobody: 0, overLimit: 0 },
        waits: 0,
        wakes: 0,
        ...change,
      }
      objects.push(object)
      return object
    },
    thread(change) {
      const own = title.object({ kind: 'Thread' })
      const thread: ThreadView = {
        tid: threads.length + 1,
        serial: own.serial,
        name: '',
        state: 'ready',
        hardwareThread: 0,
        priority: 8,
        suspendCount: 0,
        entry: address(0),
        parameter: 0,
        exitCode: undefined,
        pc: address(0),
        creator: undefined,
        wait: undefined,
        owns: [],
        system: false,
        stack: { frames: [], stop: 'end' },
        ...change,
      }
      threads.push(thread)
      return thread
    },
    waits: (name, place, ...on) =>
      title.thread({
        name,
        state: 'waiting',
        stack: { frames: [{ fp: 0x70000000, lr: place.in + place.offset }], stop: 'end' },
        wait: {
          type: on.length > 1 ? 'all' : 'any',
          objects: on.map(object => object.serial),
          handles: on.map(object => object.handles[0] ?? handle(0)),
          alertable: false,
          deadline: undefined,
          begun: { ...nowhere, sequence: 100, lr: address(place.in + place.offset) },
        },
      }),
    views: {
      ...viewsOf({ cycle: () => 1_000 }),
      threads: () => threads,
      thread: tid => threads.find(one => one.tid === tid),
      objects: () => objects,
      object: number => objects.find(one => one.serial === number),
      nameOf,
      readMemory(at, size) {
        const page = bytes.get(at - (at % pageBytes))
        const start = at % pageBytes
        return page === undefined || start + size > pageBytes ? undefined : new Uint8Array(page.buffer, start, size)
      },
    },
  }
  return title
}
