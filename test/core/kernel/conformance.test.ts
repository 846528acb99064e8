import { describe, expect, test } from 'vitest'
import { objectKinds } from '../../../core/index.ts'
import { allEntries } from '../../../core/kernel/exports/index.ts'
import {
  answers,
  byAddress,
  byHandle,
  byThread,
  type Column,
  fronts,
  kinds,
  otherKinds,
  otherPlaces,
  type Place,
  type PlaceRow,
  places,
  type Row,
  type ThreadPlace,
  threadPlaces,
  values,
} from './conformance.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const cellsOf = (cells: string): string[] => cells.trim().split(/\s+/)
const columns: readonly Column[] = [...kinds, ...values]

/** A handle to a new object of a kind, or a value that names none. */
function handleOf(bench: Workbench, column: Column): number {
  const made = (name: string, ...args: number[]): number => {
    const at = bench.cell()
    bench.call(1, name, at, 0, ...args)
    return bench.memory.load32(at)
  }
  switch (column) {
    case 'em':
      return made('NtCreateEvent', 0, 0)
    case 'ea':
      return made('NtCreateEvent', 1, 0)
    case 'se':
      return made('NtCreateSemaphore', 0, 4)
    case 'mu':
      return made('NtCreateMutant', 0)
    case 'tm':
      return made('NtCreateTimer', 0)
    case 'ta':
      return made('NtCreateTimer', 1)
    case 'th':
      return bench.thread(1).handle
    case 'io':
      return made('NtCreateIoCompletion', 0, 0)
    case 'nl':
      return Number(bench.call(1, 'XamNotifyCreateListener', 8n, 0))
    case 'cl': {
      const value = made('NtCreateEvent', 0, 0)
      bench.call(1, 'NtClose', value)
      return value
    }
    case 'ne':
      return 0x5554
    case 'ze':
      return 0
    case 'me':
      return 0xfffffffe
  }
}

function callByHandle(bench: Workbench, row: Row, value: number, event: number): string {
  const named = {
    h: value,
    hList: bench.words(value),
    event,
    cell: bench.cell(0x20),
    now: bench.long(0n),
    due: bench.long(-100_000n),
    eventType: bench.core.kernel.variable('ExEventObjectType'),
  }
  const args = row.args.map(arg => (typeof arg === 'number' ? arg : named[arg]))
  bench.told()
  const answer = bench.call(1, row.call, ...args)
  return Object.keys(answers).find(name => answers[name] === answer) ?? String(answer)
}

const signalStates = (bench: Workbench): number[] =>
  [...bench.core.kernel.objects.live.values()].map(object => bench.core.kernel.objects.stateOf(object))

const titleOf = ({ call, as }: Row): string => (as === undefined ? call : `${call} (${as})`)

describe('a call by handle', () => {
  test.each(byHandle.map(row => [titleOf(row), row] as const))(
    '%s answers each kind as it should; refused, it signals nothing, and is told of as a call on nothing',
    (_, row) => {
      const expected = cellsOf(row.cells)
      const found = columns.map((column, i) => {
        if (expected[i] === '--') return '--'
        const bench = createWorkbench()
        const event = handleOf(bench, 'ea')
        const value = handleOf(bench, column)
        const before = signalStates(bench)
        const answer = callByHandle(bench, row, value, event)
        if (answer === 'ty' || answer === 'in') {
          expect(signalStates(bench), column).toEqual(before)
          expect(bench.told('ghost.met').length, column).toBe(1)
        }
        return answer
      })
      expect(Object.fromEntries(columns.map((column, i) => [column, found[i]]))).toEqual(
        Object.fromEntries(columns.map((column, i) => [column, expected[i]])),
      )
    },
  )

  test('has a cell for each kind, each row a source, and each kind that is no column a reason', () => {
    const codes = new Set([...Object.keys(answers), '--'])
    for (const { call, cells, source } of byHandle) {
      expect(cellsOf(cells).length, call).toBe(columns.length)
      expect(cellsOf(cells).filter(cell => !codes.has(cell))).toEqual([])
      expect(source).not.toBe('')
    }
    expect(Object.keys(objectKinds).length).toBe(kinds.length + Object.keys(otherKinds).length)
    for (const kind of Object.keys(otherKinds)) expect(objectKinds).toHaveProperty([kind])
  })

  test('of those that synchronise has a row, or is the front of one that has', () => {
    const taking = allEntries.flatMap(row =>
      row.entry === 'function' &&
      row.invoke !== undefined &&
      row.args.some(({ type }) => type === 'handle') &&
      (row.tags.includes('sync') || row.tags.includes('threads'))
        ? [row.name]
        : [],
    )
    const covered = new Set([...byHandle.map(({ call }) => call), ...Object.keys(fronts)])
    expect(taking.filter(name => !covered.has(name))).toEqual([])
  })
})

/** A new object in the title's memory. */
function objectAt(bench: Workbench, place: Place): number {
  if (place === 'ze') return 0
  if (place === 'un') return 0x68000000
  const at = bench.cell(0x40)
  const make: Record<Exclude<Place, 'ze' | 'un'>, [string, ...number[]]> = {
    em: ['KeInitializeEvent', 0, 0],
    ea: ['KeInitializeEvent', 1, 0],
    se: ['KeInitializeSemaphore', 0, 4],
    mu: ['KeInitializeMutant', 0],
    tm: ['KeInitializeTimerEx', 0, 0],
    ta: ['KeInitializeTimerEx', 1, 0],
    qu: ['KeInitializeQueue', 0],
  }
  const [name, ...args] = make[place]
  bench.call(1, name, at, ...args)
  return at
}

function threadAt(bench: Workbench, place: ThreadPlace): number {
  if (place === 'ev') return objectAt(bench, 'ea')
  if (place === 'ze' || place === 'un') return objectAt(bench, place)
  const { tid, at } = bench.thread(1)
  if (place === 'ov') bench.call(tid, 'ExTerminateThread', 0)
  return at
}

function callByAddress(row: PlaceRow, find: (bench: Workbench) => number, expected: string): string {
  const bench = createWorkbench()
  const at = find(bench)
  const named = { p: at, pList: bench.words(at), entry: bench.cell(), now: bench.long(0n) }
  const args = row.args.map(arg => {
    if (typeof arg === 'string') return named[arg]
    return typeof arg === 'bigint' ? BigInt.asUintN(64, arg) : arg
  })
  bench.told()
  const answer = bench.call(1, row.call, ...args)
  if (expected === '??') return '??'
  const stop = bench.core.stopped()
  if (stop !== undefined) return stop.text.includes(' raised ') ? 'ra' : 'fa'
  if (typeof answer === 'string') return answer
  if (bench.told('ghost.met').length === 1) return 'gh'
  return expected in answers
    ? (Object.keys(answers).find(name => answers[name] === answer) ?? String(answer))
    : String(answer)
}

describe('a call by address', () => {
  test.each(byAddress.map(row => [row.call, row] as const))('%s answers each kind as it should', (_, row) => {
    const expected = cellsOf(row.cells)
    expect(expected.length).toBe(places.length)
    expect(
      Object.fromEntries(
        places.map((place, i) => [place, callByAddress(row, bench => objectAt(bench, place), expected[i] ?? '')]),
      ),
    ).toEqual(Object.fromEntries(places.map((place, i) => [place, expected[i]])))
  })
})

describe('a call by the address of a thread', () => {
  test.each(byThread.map(row => [row.call, row] as const))('%s answers each as it should', (_, row) => {
    const expected = cellsOf(row.cells)
    expect(expected.length).toBe(threadPlaces.length)
    const found = threadPlaces.map((place, i) => callByAddress(row, bench => threadAt(bench, place), expected[i] ?? ''))
    expect(found).toEqual(expected)
  })
})

/** What the rows call the address of an object that can be waited for, or of a queue. */
const objectLabels = new Set(['event', 'semaphore', 'timer', 'queue', 'mutant', 'object', 'objects', 'thread'])

test('a call by address that synchronises has a row, or a reason why not', () => {
  const taking = allEntries.flatMap(row =>
    row.entry === 'function' &&
    row.invoke !== undefined &&
    row.args.some(({ type, label }) => type === 'ptr' && objectLabels.has(label)) &&
    (row.tags.includes('sync') || row.tags.includes('threads'))
      ? [row.name]
      : [],
  )
  const covered = new Set([...byAddress, ...byThread].map(({ call }) => call).concat(Object.keys(otherPlaces)))
  expect(taking.filter(name => !covered.has(name))).toEqual([])
  expect([...covered].filter(name => !taking.includes(name))).toEqual([])
})

type WrongUse = readonly [title: string, call: (bench: Workbench) => unknown, answer: unknown, source: string]

const parameter = 0xc000000d
const firstParameter = 0xc00000ef

const limitExceeded = 0xc0000191
const mostTaken = 0x80000000
const untilAll = 0

/** A mutant by address that thread 1 has taken as often as can be, and a reset event; what a wait of it for both answers. */
function waitForFull(b: Workbench, order: (mutant: number, event: number) => readonly number[]) {
  const [mutant, event] = [b.cell(0x20), b.cell(0x10)]
  b.call(1, 'KeInitializeMutant', mutant, 1)
  b.memory.store32(mutant + 4, mostTaken)
  b.call(1, 'KeInitializeEvent', event, 1, 0)
  const list = b.words(...order(mutant, event))
  const answer = b.call(1, 'KeWaitForMultipleObjects', 2, list, untilAll, 3, 1, 0, 0, 0)
  return { mutant, event, answer, text: () => b.core.stopped()?.text ?? '' }
}

/** What happens where a mutant has been taken as often as can be, and is waited for with something else. */
const fullMutants: readonly WrongUse[] = [
  [
    'waited for with others it refuses the wait at once, where it comes before the first that is not there yet',
    b =>
      waitForFull(b, (mutant, event) => [mutant, event])
        .text()
        .includes('KeWaitForMultipleObjects raised 0xC0000191'),
    true,
    'WDK, KeWaitForMultipleObjects raises STATUS_MUTANT_LIMIT_EXCEEDED',
  ],
  [
    'behind one that is not there yet it refuses the wait when that one comes, and takes nothing',
    b => {
      const other = b.thread(1)
      const waiting = waitForFull(b, (mutant, event) => [event, mutant])
      b.call(other.tid, 'KeSetEvent', waiting.event, 0, 0)
      const [told] = b.told('wait.ended').slice(-1)
      b.runs(1)
      const states = [waiting.mutant, waiting.event].map(at => b.memory.load32(at + 4))
      return [waiting.answer, told?.status, states, waiting.text().includes('raised 0xC0000191')]
    },
    ['parked', limitExceeded, [mostTaken, 1], true],
    'as at once; the event stays set for who waits for it alone',
  ],
  [
    'a suspension in between changes nothing of that',
    b => {
      const other = b.thread(1)
      const waiting = waitForFull(b, (mutant, event) => [event, mutant])
      const self = b.core.kernel.threads.byTid(1)?.object.address ?? 0
      b.call(other.tid, 'KeSuspendThread', self)
      b.call(other.tid, 'KeSetEvent', waiting.event, 0, 0)
      b.call(other.tid, 'KeResumeThread', self)
      b.runs(1)
      return [b.memory.load32(waiting.mutant + 4), waiting.text().includes('raised 0xC0000191')]
    },
    [mostTaken, true],
    'NT: suspension interrupts a wait, which then begins again',
  ],
]

/** Wrong uses that are no matter of kind: what is done before, the call, its answer, its source. */
const wrongUses: readonly WrongUse[] = [
  ['an event of a third type is not made', b => b.call(1, 'NtCreateEvent', b.cell(), 0, 2, 0), parameter, 'NT'],
  ['a timer of a third type is not made', b => b.call(1, 'NtCreateTimer', b.cell(), 0, 2), parameter, 'NT'],
  [
    'a semaphore that begins below 0 is not made',
    b => b.call(1, 'NtCreateSemaphore', b.cell(), 0, -1, 4),
    parameter,
    'NT: 0 <= count <= limit, 0 < limit',
  ],
  [
    'a release of less than nothing is refused',
    b => b.call(1, 'NtReleaseSemaphore', handleOf(b, 'se'), -1, 0),
    parameter,
    'NT; Win32, ReleaseSemaphore: the count must be greater than zero',
  ],
  [
    'a release that would overflow is over the limit',
    b => b.call(1, 'NtReleaseSemaphore', handleOf(b, 'se'), 0x7fffffff, 0),
    0xc0000047,
    'ntstatus.h, SEMAPHORE_LIMIT_EXCEEDED',
  ],
  [
    'a timer has no period below 0',
    b => b.call(1, 'NtSetTimerEx', handleOf(b, 'tm'), b.long(-1n), 0, 1, 0, 0, -1, 0),
    parameter,
    'NT, NtSetTimer: INVALID_PARAMETER_6 there, seen as INVALID_PARAMETER here',
  ],
  [
    'a timer that should wake a sleeping machine is set all the same',
    b => b.call(1, 'NtSetTimerEx', handleOf(b, 'tm'), b.long(-1n), 0, 1, 0, 1, 0, 0),
    0x40000025,
    'ntstatus.h, TIMER_RESUME_IGNORED: a success',
  ],
  [
    'a wait for no object is refused',
    b => b.call(1, 'NtWaitForMultipleObjectsEx', 0, b.cell(), 1, 1, 0, b.long(0n)),
    firstParameter,
    'NT: INVALID_PARAMETER_1',
  ],
  [
    'a wait for 65 objects is refused',
    b => b.call(1, 'NtWaitForMultipleObjectsEx', 65, b.cell(0x200), 1, 1, 0, b.long(0n)),
    firstParameter,
    'WDK, MAXIMUM_WAIT_OBJECTS is 64',
  ],
  [
    'a wait of a third type is refused',
    b => b.call(1, 'NtWaitForMultipleObjectsEx', 1, b.words(handleOf(b, 'ea')), 2, 1, 0, b.long(0n)),
    parameter,
    'NT',
  ],
  [
    'a thread is suspended 127 times and not once more',
    b => {
      const thread = handleOf(b, 'th')
      for (let i = 0; i < 127; i += 1) b.call(1, 'NtSuspendThread', thread, 0)
      return b.call(1, 'NtSuspendThread', thread, 0)
    },
    0xc000004a,
    'WDK, MAXIMUM_SUSPEND_COUNT; ntstatus.h, SUSPEND_COUNT_EXCEEDED',
  ],
  [
    'by address, the 128th suspension is an exception',
    b => {
      const { at } = b.thread(1)
      for (let i = 0; i < 127; i += 1) b.call(1, 'KeSuspendThread', at)
      b.call(1, 'KeSuspendThread', at)
      return b.core.stopped()?.text.includes('raised 0xC000004A')
    },
    true,
    'NT, KeSuspendThread raises SUSPEND_COUNT_EXCEEDED',
  ],
  [
    'by address, a release over the limit is an exception, and the count stays',
    b => {
      const at = b.cell(0x20)
      b.call(1, 'KeInitializeSemaphore', at, 1, 2)
      b.call(1, 'KeReleaseSemaphore', at, 1, 2, 0)
      return [b.core.stopped()?.text.includes('raised 0xC0000047'), b.memory.load32(at + 4)]
    },
    [true, 1],
    'WDK, KeReleaseSemaphore raises STATUS_SEMAPHORE_LIMIT_EXCEEDED',
  ],
  [
    'a mutant is taken two to the 31st times and not once more',
    b => {
      const value = handleOf(b, 'mu')
      const wait = () => b.call(1, 'NtWaitForSingleObjectEx', value, 1, 0, b.long(0n))
      wait()
      const object = b.core.kernel.handles.peek(value)
      b.memory.store32((object?.header ?? 0) + 4, 0x80000000)
      return [wait(), b.memory.load32((object?.header ?? 0) + 4)]
    },
    [0xc0000191, 0x80000000],
    'WDK, KeWaitForSingleObject: a mutex can be acquired MINLONG times; ntstatus.h, MUTANT_LIMIT_EXCEEDED',
  ],
  [
    'by address, that is an exception',
    b => {
      const at = b.cell(0x20)
      b.call(1, 'KeInitializeMutant', at, 1)
      b.memory.store32(at + 4, 0x80000000)
      b.call(1, 'KeWaitForSingleObject', at, 3, 1, 0, b.long(0n))
      return b.core.stopped()?.text.includes('raised 0xC0000191')
    },
    true,
    'WDK, KeWaitForSingleObject raises STATUS_MUTANT_LIMIT_EXCEEDED',
  ],
  ...fullMutants,
  [
    'a name of another type is refused, of the same type it opens what is there',
    b => {
      const letters = b.cell(8)
      b.memory.write(letters, new Uint8Array([0x6e, 0x61, 0x6d, 0x65]))
      const attributes = b.words(0, b.words((4 << 16) | 5, letters), 0x40)
      const make = (name: string, ...args: number[]) => Number(b.call(1, name, b.cell(), attributes, ...args)) >>> 0
      return [make('NtCreateEvent', 0, 0), make('NtCreateEvent', 1, 0), make('NtCreateSemaphore', 1, 1)]
    },
    [0, 0x40000000, 0xc0000024],
    'ntstatus.h, OBJECT_NAME_EXISTS, a success; OBJECT_TYPE_MISMATCH',
  ],
  [
    'an APC of the title’s is queued once, and taken back once',
    b => {
      const { at } = b.thread(1)
      const apc = b.cell(0x28)
      b.call(1, 'KeInitializeApc', apc, at, 0, 0, 0x82000400, 1, 0)
      const insert = () => b.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
      const remove = () => b.call(1, 'KeRemoveQueueApc', apc)
      return [insert(), insert(), remove(), remove(), insert()]
    },
    [1, 0, 1, 0, 1],
    'NT, KeInsertQueueApc: FALSE where it is inserted already',
  ],
  [
    'a deferred call is queued once, and taken back once',
    b => {
      const dpc = b.cell(0x1c)
      b.call(1, 'KeInitializeDpc', dpc, 0x82000400, 0)
      b.memory.store8(dpc + 3, 4)
      const insert = () => b.call(1, 'KeInsertQueueDpc', dpc, 0, 0)
      const remove = () => b.call(1, 'KeRemoveQueueDpc', dpc)
      return [insert(), insert(), remove(), remove(), insert()]
    },
    [1, 0, 1, 0, 1],
    'WDK, KeInsertQueueDpc and KeRemoveQueueDpc',
  ],
  [
    'a thread for which there is no room is not made, and is made when there is room again',
    b => {
      const at = b.cell()
      const make = () => Number(b.call(1, 'ExCreateThread', at, 0x1000000, 0, 0, 0x82000200, 0, 0x02000000)) >>> 0
      const first = make()
      const tid = b.core.kernel.handles.peek(b.memory.load32(at))?.thread?.tid ?? 0
      let answer = first
      for (let i = 0; i < 100 && answer === 0; i += 1) answer = make()
      b.call(tid, 'ExTerminateThread', 0)
      return [first, answer, make(), b.core.stopped()]
    },
    [0, 0xc0000017, 0, undefined],
    'ntstatus.h, NO_MEMORY',
  ],
  [
    'an object for which there is no room is not made',
    b => {
      while (b.core.kernel.pool.fits(0x10000)) b.core.kernel.pool.allocate(0x10000)
      while (b.core.kernel.pool.fits(0x80)) b.core.kernel.pool.allocate(0x80)
      return b.call(1, 'NtCreateEvent', b.cell(), 0, 0, 0)
    },
    0xc000009a,
    'ntstatus.h, INSUFFICIENT_RESOURCES',
  ],
  [
    'a handle table that is full is the title’s fault, told as such',
    b => {
      for (let i = 0; b.core.stopped() === undefined && i < 70_000; i += 1)
        b.call(1, 'NtDuplicateObject', 0xfffffffe, 0, 0)
      return b.core.stopped()?.text
    },
    expect.stringMatching(/^NtDuplicateObject called from 0x.*handle table.*takes no more/),
    'the limit is the machine’s own: no console’s memory has room for so many',
  ],
  [
    'a thread that is over takes no APC',
    b => {
      const { tid, handle } = b.thread(1)
      b.call(tid, 'ExTerminateThread', 0)
      return b.call(1, 'NtQueueApcThread', handle, 0x82000400, 0, 0, 0)
    },
    0xc0000001,
    'NT, NtQueueApcThread: UNSUCCESSFUL where the queue takes none',
  ],
  [
    'a handle is closed once',
    b => {
      const value = handleOf(b, 'ea')
      return [b.call(1, 'NtClose', value), b.call(1, 'NtClose', value)]
    },
    [0, 0xc0000008],
    'ntstatus.h, INVALID_HANDLE',
  ],
  [
    'a duplicate may close what it is of',
    b => {
      const value = handleOf(b, 'ea')
      return [b.call(1, 'NtDuplicateObject', value, b.cell(), 1), b.call(1, 'NtSetEvent', value, 0)]
    },
    [0, 0xc0000008],
    'Win32, DUPLICATE_CLOSE_SOURCE',
  ],
]

describe('a wrong use', () => {
  test.each(wrongUses)('%s', (_, call, answer, source) => {
    expect(call(createWorkbench()), source).toEqual(answer)
  })
})
