import { describe, expect, test } from 'vitest'
import { limits } from '../../../core/base/limits.ts'
import { exportNumber } from '../../../core/kernel/sources.ts'
import { access } from '../../../core/memory/map.ts'
import { code, createWorkbench, parked, type Told, type Workbench } from './workbench.ts'

const autoEvent = 1
const kindsOf = (facts: readonly Told[]): string[] => facts.map(fact => fact.kind)

function event(bench: Workbench, type = autoEvent): number {
  const at = bench.cell()
  bench.call(1, 'NtCreateEvent', at, 0, type, 0)
  return bench.memory.load32(at)
}

/** An event header as a title lays it out without a call. */
function inline(bench: Workbench, type: number, state: number): number {
  const at = bench.cell(0x20)
  bench.memory.store8(at, type)
  bench.memory.store32(at + 4, state)
  bench.memory.store32(at + 8, at + 8)
  bench.memory.store32(at + 12, at + 8)
  return at
}

describe('what a signal tells', () => {
  test('the signal, then each wait ended and thread woken with the signal as cause, in the words of the woken', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const b = bench.thread(2)
    const handle = event(bench, 0)
    bench.call(a.tid, 'NtWaitForSingleObjectEx', handle, 1, 0, 0)
    bench.call(b.tid, 'NtWaitForSingleObjectEx', handle, 1, 0, 0)
    bench.told()
    bench.call(1, 'NtSetEvent', handle, 0)
    const told = bench.told()
    expect(kindsOf(told)).toEqual(['object.signalled', 'wait.ended', 'thread.woken', 'wait.ended', 'thread.woken'])
    const [signal, endedA, wokenA, endedB] = told
    expect(signal).toMatchObject({ tid: 1, previous: 0, state: 1, woken: 2, handle, cause: 0 })
    expect(signal?.source).toBe(exportNumber(0, 0xf6))
    expect(endedA).toMatchObject({ tid: a.tid, cause: signal?.sequence, status: 0, index: 0, end: 0, handle })
    expect(endedA?.lr).toBe(code + 0x1000 + a.tid * 0x100)
    expect(endedA?.list).toEqual([signal?.serial, 1])
    expect(wokenA).toMatchObject({ tid: a.tid, hardwareThread: 1, cause: signal?.sequence })
    expect(endedB).toMatchObject({ tid: b.tid, hardwareThread: 2, cause: signal?.sequence })
  })

  test('a wait that is satisfied at once begins and ends, and wakes nobody', () => {
    const bench = createWorkbench()
    const handle = event(bench)
    bench.call(1, 'NtSetEvent', handle, 0)
    bench.told()
    bench.call(1, 'NtWaitForSingleObjectEx', handle, 1, 0, 0)
    const [begun, ended, ...more] = bench.told()
    expect(begun).toMatchObject({ kind: 'wait.begun', parked: 0, timeout: -1, deadline: -1, type: 1 })
    expect(ended).toMatchObject({ kind: 'wait.ended', status: 0, end: 0, waited: 0 })
    expect(more).toEqual([])
  })

  test('a wait on several objects is one fact, with all of them and which one ended it', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const first = event(bench)
    const second = event(bench)
    bench.told()
    bench.call(a.tid, 'NtWaitForMultipleObjectsEx', 2, bench.words(first, second), 1, 1, 0, 0)
    bench.pass(250)
    bench.call(1, 'NtSetEvent', second, 0)
    const [begun, signal, ended] = bench.told()
    const [one, two] = (begun?.list ?? []) as number[]
    expect(begun).toMatchObject({ kind: 'wait.begun', parked: 1, serial: one })
    expect(ended).toMatchObject({ kind: 'wait.ended', status: 1, index: 1, serial: two, handle: second, waited: 250 })
    expect(ended?.list).toEqual([one, 0, two, 0])
    expect(signal?.serial).toBe(two)
  })

  test('a time-out is the kernel’s own: no thread acts, and nobody signalled', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const handle = event(bench)
    bench.call(a.tid, 'NtWaitForSingleObjectEx', handle, 1, 0, bench.long(-1000n))
    bench.told()
    bench.pass(5000)
    const [ended, woken] = bench.told()
    expect(ended).toMatchObject({ kind: 'wait.ended', status: 0x102, end: 1, index: -1, cause: 0, waited: 5000 })
    expect(woken).toMatchObject({ kind: 'thread.woken', tid: a.tid, status: 0x102 })
  })

  test('a timer expires before its signal, by the timer itself', () => {
    const bench = createWorkbench()
    const at = bench.cell()
    bench.call(1, 'NtCreateTimer', at, 0, 1)
    bench.call(1, 'NtSetTimerEx', bench.memory.load32(at), bench.long(-1000n), 0, 1, 0, 0, 0, 0)
    bench.told()
    bench.pass(5000)
    const [expired, signal] = bench.told()
    expect(expired).toMatchObject({ kind: 'timer.expired', n: 1, actor: 'timer', tid: 0, lr: 0 })
    expect(signal).toMatchObject({ kind: 'object.signalled', actor: 'timer', tid: 0, cause: expired?.sequence })
  })

  test('numbers count every fact, whoever listens', () => {
    const bench = createWorkbench()
    const handle = event(bench)
    const facts = bench.told()
    bench.call(1, 'NtSetEvent', handle, 0)
    const [signal] = bench.told()
    expect(signal?.sequence).toBe(Number(facts.at(-1)?.sequence) + 1)
  })
})

describe('objects nobody created', () => {
  test('an event a title initialised itself is adopted when first met, with its state', () => {
    const bench = createWorkbench()
    const at = inline(bench, 0, 1)
    bench.told()
    expect(bench.call(1, 'KeWaitForSingleObject', at, 3, 1, 0, 0)).toBe(0)
    const [adopted] = bench.told()
    expect(adopted).toMatchObject({ kind: 'object.adopted', objectKind: 'Event/Manual', address: at, state: 1 })
    bench.call(1, 'KeResetEvent', at)
    expect(kindsOf(bench.told())).toEqual(['object.reset'])
  })

  test('initialising a live address again keeps its serial', () => {
    const bench = createWorkbench()
    const at = bench.cell(0x20)
    bench.told()
    bench.call(1, 'KeInitializeEvent', at, 1, 0)
    const [created] = bench.told('object.created')
    bench.call(1, 'KeSetEvent', at, 0, 0)
    bench.told()
    bench.call(1, 'KeInitializeEvent', at, 1, 0)
    expect(bench.told()).toMatchObject([
      { kind: 'object.reinitialised', serial: created?.serial, previous: 1, state: 0 },
    ])
  })

  test('what is initialised again is the last to make room for others, what was not the first', () => {
    const bench = createWorkbench()
    const count = limits.adoptedObjects.value
    const events = 0x41000000
    bench.memory.commit(events, (count + 1) * 16, access.read | access.write)
    const { objects } = bench.core.kernel
    const create = (i: number) => objects.create({ kind: 'Event/Auto', at: events + i * 16 })
    for (let i = 0; i < count; i += 1) create(i)
    create(0)
    create(count)
    expect([0, 1, 2].map(i => objects.known(events + i * 16) !== undefined)).toEqual([true, false, false])
  })

  test('another type at the address is another object', () => {
    const bench = createWorkbench()
    const at = inline(bench, 1, 0)
    bench.call(1, 'KeSetEvent', at, 0, 0)
    const [first] = bench.told('object.adopted')
    bench.memory.store8(at, 5)
    bench.memory.store32(at + 0x10, 9)
    bench.call(1, 'KeReleaseSemaphore', at, 0, 1, 0)
    const [gone, second] = bench.told('object.destroyed', 'object.adopted')
    expect(gone).toMatchObject({ kind: 'object.destroyed', serial: first?.serial, reason: 2 })
    expect(second).toMatchObject({ kind: 'object.adopted', objectKind: 'Semaphore', limit: 9 })
  })

  test('an object ends with the memory it lies in', () => {
    const bench = createWorkbench()
    const { kernel } = bench.core
    const base = kernel.space.reserve({
      low: 0x50000000,
      high: 0x51000000,
      size: 0x10000,
      align: 0x10000,
      protect: 4,
      use: 'virtual',
    })
    bench.memory.commit(base, 0x10000, 3)
    bench.told()
    bench.call(1, 'KeInitializeEvent', base + 0x40, 0, 0)
    const [created] = bench.told('object.created')
    kernel.space.release(base)
    expect(bench.told('object.destroyed')).toMatchObject([{ serial: created?.serial, reason: 1 }])
  })

  test('what is no object is a ghost, with the class of it', () => {
    const bench = createWorkbench()
    const handle = event(bench)
    bench.call(1, 'NtClose', handle)
    bench.told()
    bench.call(1, 'NtSetEvent', handle, 0)
    bench.call(1, 'NtSetEvent', 0x4444, 0)
    bench.call(1, 'KeSetEvent', inline(bench, 0x77, 0), 0, 0)
    expect(bench.told('ghost.met')).toMatchObject([
      { class: 1, operation: 0, value: handle },
      { class: 0, operation: 0, value: 0x4444 },
      { class: 2, operation: 0 },
    ])
  })

  test('a closed value that names another object now is a call on that object', () => {
    const bench = createWorkbench()
    const first = event(bench)
    bench.call(1, 'NtClose', first)
    const second = event(bench)
    expect(second).toBe(first)
    expect(bench.call(1, 'NtSetEvent', first, 0)).toBe(0)
  })
})

describe('handles and references', () => {
  test('the first handle is 0x1004, the next 0x1008, and the last freed comes first', () => {
    const bench = createWorkbench()
    const values = [event(bench), event(bench), event(bench)]
    expect(values).toEqual([0x1004, 0x1008, 0x100c])
    bench.call(1, 'NtClose', 0x1004)
    bench.call(1, 'NtClose', 0x100c)
    expect([event(bench), event(bench), event(bench)]).toEqual([0x100c, 0x1004, 0x1010])
  })

  test('the base of the table is an option, and the low two bits of a value mean nothing', () => {
    const bench = createWorkbench({ handleBase: 0xf8000000 })
    const value = event(bench)
    expect(value).toBe(0xf8000004)
    expect(bench.call(1, 'NtSetEvent', value + 1, 0)).toBe(0)
  })

  test('a reference by handle is a real pointer that keeps the object when its handles are gone', () => {
    const bench = createWorkbench()
    const handle = event(bench)
    const out = bench.cell()
    expect(bench.call(1, 'ObReferenceObjectByHandle', handle, 0, out)).toBe(0)
    const body = bench.memory.load32(out)
    expect(bench.memory.load8(body)).toBe(autoEvent)
    bench.call(1, 'NtClose', handle)
    expect(bench.call(1, 'KeSetEvent', body, 0, 0)).toBe(0)
    expect(bench.memory.load32(body + 4)).toBe(1)
    bench.told()
    bench.call(1, 'ObDereferenceObject', body)
    expect(kindsOf(bench.told())).toEqual(['object.released', 'object.destroyed'])
  })

  test('a pointer is given back as often as it was given out: a handle goes on naming what it names', () => {
    const bench = createWorkbench()
    const at = bench.cell()
    bench.call(1, 'NtCreateEvent', at, 0, 1, 0)
    const handle = bench.memory.load32(at)
    bench.call(1, 'ObReferenceObjectByHandle', handle, 0, at)
    const body = bench.memory.load32(at)
    expect(bench.told('object.referenced').map(fact => fact.count)).toEqual([2])
    for (let i = 0; i < 3; i += 1) bench.call(1, 'ObDereferenceObject', body)
    expect(bench.told('object.released', 'object.destroyed').map(fact => [fact.kind, fact.count])).toEqual([
      ['object.released', 1],
      ['object.released', 1],
      ['object.released', 1],
    ])
    expect(bench.call(1, 'NtSetEvent', handle, 0)).toBe(0)
    expect(bench.memory.load32(body + 4)).toBe(1)
    bench.call(1, 'NtClose', handle)
    expect(bench.told('object.destroyed').length).toBe(1)
  })

  test('a reference asks for the right type', () => {
    const bench = createWorkbench()
    const handle = event(bench)
    const { kernel } = bench.core
    const out = bench.cell()
    const byType = (name: string) => bench.call(1, 'ObReferenceObjectByHandle', handle, kernel.variable(name), out)
    expect(byType('ExSemaphoreObjectType')).toBe(0xc0000024)
    expect(byType('ExEventObjectType')).toBe(0)
  })

  test('a name finds the object again, whatever its case', () => {
    const bench = createWorkbench()
    const text = bench.cell()
    for (const [i, letter] of [...'Gate'].entries()) bench.memory.store8(text + i, letter.charCodeAt(0))
    const string = bench.words((4 << 16) | 5, text)
    const attributes = bench.words(0, string, 0x40)
    const at = bench.cell()
    expect(bench.call(1, 'NtCreateEvent', at, attributes, 1, 0)).toBe(0)
    bench.memory.store8(text, 'g'.charCodeAt(0))
    expect(bench.call(1, 'NtCreateEvent', at + 4, attributes, 1, 0)).toBe(0x40000000)
    expect(bench.call(1, 'NtCreateSemaphore', at + 8, attributes, 0, 1)).toBe(0xc0000024)
    expect(bench.told('handle.opened').map(fact => fact.via)).toEqual([0, 2])
  })
})

describe('threads in facts', () => {
  test('a thread starts, is named by the exception of that purpose, and exits', () => {
    const bench = createWorkbench()
    const a = bench.thread(1, { entry: code + 0x300 })
    const [started] = bench.told('thread.started').filter(fact => fact.thread === a.tid)
    expect(started).toMatchObject({ tid: 1, entry: code + 0x300 })
    const name = bench.cell()
    for (const [i, letter] of [...'loader'].entries()) bench.memory.store8(name + i, letter.charCodeAt(0))
    const record = bench.cell(0x50)
    bench.memory.store32(record, 0x406d1388)
    bench.memory.store32(record + 0x14, 0x1000)
    bench.memory.store32(record + 0x18, name)
    bench.memory.store32(record + 0x1c, 0xffffffff)
    bench.call(a.tid, 'RtlRaiseException', record)
    bench.call(a.tid, 'ExTerminateThread', 5)
    const told = bench.told('thread.named', 'thread.exited', 'object.signalled')
    expect(told).toMatchObject([
      { kind: 'thread.named', thread: a.tid, text: 'loader' },
      { kind: 'thread.exited', thread: a.tid, code: 5 },
      { kind: 'object.signalled', objectKind: 'Thread' },
    ])
    expect(bench.memory.load32(a.at + 0x140)).toBe(5)
  })

  test('an export without a body is told of, and answers its failure', () => {
    const bench = createWorkbench()
    const { table } = bench.core
    const missing = table.rows.find(
      row => row?.entry === 'function' && row.library === 0 && row.result.type === 'status' && row.invoke === undefined,
    )
    if (missing === undefined) throw new Error('every export has a body')
    bench.told()
    expect(bench.call(1, missing.name)).toBe(0xc0000002)
    expect(bench.told()).toMatchObject([{ kind: 'export.missing', result: 0xc0000002 }])
    expect(bench.core.shortfalls.all).toMatchObject([{ calls: 1 }])
  })

  test('a frame of a fact leads through the guest’s own stack', () => {
    const bench = createWorkbench()
    const handle = event(bench)
    const frame = bench.frameOf(1)
    const sp = frame.word(1)
    const inner = sp - 0x60
    bench.memory.store32(inner, sp)
    bench.memory.store32(sp - 8, code + 0x2004)
    frame.setWord(1, inner)
    bench.told()
    bench.call(1, 'NtSetEvent', handle, 0)
    const [signal] = bench.told('object.signalled')
    expect(bench.core.stacks.get(Number(signal?.stack))).toEqual({
      frames: [
        { fp: inner, lr: code + 0x1100 },
        { fp: sp, lr: code + 0x2004 },
      ],
      stop: 'end',
    })
  })
})

describe('critical sections', () => {
  test('an uncontended section is memory alone, a contended one an event at its address', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const section = bench.cell(0x20)
    bench.call(1, 'RtlInitializeCriticalSection', section)
    bench.told()
    bench.call(1, 'RtlEnterCriticalSection', section)
    bench.call(1, 'RtlEnterCriticalSection', section)
    expect(bench.told()).toEqual([])
    expect(bench.memory.load32(section + 0x14)).toBe(2)
    expect(bench.call(a.tid, 'RtlTryEnterCriticalSection', section)).toBe(0)
    expect(bench.call(a.tid, 'RtlEnterCriticalSection', section)).toBe(parked)
    expect(bench.memory.load32(section + 0x10)).toBe(2)
    bench.call(1, 'RtlLeaveCriticalSection', section)
    expect(bench.told('thread.woken')).toEqual([])
    bench.call(1, 'RtlLeaveCriticalSection', section)
    expect(bench.told('thread.woken')).toMatchObject([{ tid: a.tid, address: section }])
    bench.result(a.tid)
    expect(bench.memory.load32(section + 0x18)).toBe(a.at)
    expect(bench.memory.load32(section + 0x14)).toBe(1)
  })
})

test('a pulse says whom it let go; one into nobody is a signal that is lost', () => {
  const bench = createWorkbench()
  const waiters = [bench.thread(1), bench.thread(2)]
  const handle = event(bench, 0)
  for (const { tid } of waiters) expect(bench.call(tid, 'NtWaitForSingleObjectEx', handle, 1, 0, 0)).toBe(parked)
  bench.told()
  for (let i = 0; i < 2; i += 1) bench.call(1, 'NtPulseEvent', handle, 0)
  const told = bench.told().filter(({ kind }) => kind !== 'wait.ended' && kind !== 'thread.woken')
  expect(told.map(({ kind, previous, woken, reason }) => [kind, previous, woken ?? reason])).toEqual([
    ['object.pulsed', 0, 2],
    ['signal.lost', 0, 1],
  ])
})

test('a timer that is set says when it is due, and whether it was armed', () => {
  const bench = createWorkbench()
  const at = bench.cell(0x28)
  bench.call(1, 'KeInitializeTimerEx', at, 0, 0)
  bench.told()
  const now = bench.core.kernel.time.now()
  for (let i = 0; i < 2; i += 1) bench.call(1, 'KeSetTimerEx', at, -10_000n, 7, 0)
  bench.call(1, 'KeCancelTimer', at)
  expect(bench.told().map(({ kind, due, period, was }) => [kind, due, period, was])).toEqual([
    ['timer.set', now + 50_000, 7, 0],
    ['timer.set', now + 50_000, 7, 1],
    ['timer.cancelled', undefined, undefined, 1],
  ])
})

describe('the life of an object is told whole, each thing once', () => {
  test.each([
    ['NtCreateEvent', [0, 0]],
    ['NtCreateSemaphore', [0, 4]],
    ['NtCreateMutant', [0]],
    ['NtCreateTimer', [0]],
    ['NtCreateIoCompletion', [0, 0]],
  ] as const)('by %s', (call, args) => {
    const bench = createWorkbench()
    const [at, copy] = [bench.cell(), bench.cell()]
    bench.told()
    bench.call(1, call, at, 0, ...args)
    const value = bench.memory.load32(at)
    bench.call(1, 'NtDuplicateObject', value, copy, 0)
    bench.call(1, 'NtClose', value)
    bench.call(1, 'NtClose', bench.memory.load32(copy))
    const told = bench.told()
    expect(told.map(({ kind, handle }) => [kind, handle])).toEqual([
      ['object.created', 0],
      ['handle.opened', value],
      ['handle.opened', value + 4],
      ['handle.closed', value],
      ['handle.closed', value + 4],
      ['object.destroyed', value + 4],
    ])
    expect(new Set(told.map(({ serial }) => serial)).size).toBe(1)
  })

  test('by ExCreateThread, whose thread lives on without a handle', () => {
    const bench = createWorkbench()
    bench.told()
    const { tid, handle, at } = bench.thread(1, { flags: 1 })
    bench.call(1, 'NtClose', handle)
    bench.call(1, 'KeResumeThread', at)
    bench.call(tid, 'ExTerminateThread', 0)
    expect(kindsOf(bench.told())).toEqual([
      'object.created',
      'thread.started',
      'handle.opened',
      'handle.closed',
      'thread.resumed',
      'thread.exited',
      'object.signalled',
      'object.destroyed',
    ])
  })
})
