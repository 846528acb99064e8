import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seed } from '../../seed.ts'
import { createModel, type Kind, type Thing, userApc } from './model.ts'
import { code, createWorkbench, parked } from './workbench.ts'

const kinds: readonly Kind[] = ['auto', 'manual', 'semaphore', 'mutant', 'auto', 'mutant', 'autoTimer', 'manualTimer']
const people = 5
const limit = 3
const ticksOfMillisecond = 50_000
/** A completion port, by handle, and a queue, by address: how many may run on what they took. */
const queueLimits = [1, 2] as const
const apcRoutine = code + 0x400

const thing = fc.nat(kinds.length - 1)
const event = fc.constantFrom(0, 1, 4)
const timer = fc.constantFrom(6, 7)
const other = fc.nat(people - 1)
const someThings = fc.uniqueArray(thing, { minLength: 1, maxLength: 3 })
/** By a call that takes the object's address, or by one that takes its handle. */
const byAddress = fc.boolean()
const ticks = fc.constantFrom(0, 300, 1_000_000, 1_000_000, 1_000_000)
const alertable = fc.nat(3).map(n => n === 0)
const mode = fc.nat(1)
/** `who` is counted among those who can act; the first is the main thread, which always can, and never waits. */
const step = fc.record({
  who: fc.nat(99),
  byAddress,
  act: fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        verb: fc.constant('signal' as const),
        index: fc.nat(5),
        count: fc.integer({ min: 1, max: 2 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ verb: fc.constant('reset' as const), index: event }) },
    { weight: 3, arbitrary: fc.record({ verb: fc.constant('pulse' as const), index: event }) },
    {
      weight: 14,
      arbitrary: fc.record({
        verb: fc.constant('wait' as const),
        all: fc.boolean(),
        things: someThings,
        ticks,
        alertable,
        mode,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        verb: fc.constant('delay' as const),
        ticks: fc.constantFrom(300, 1_000_000),
        alertable,
        mode,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        verb: fc.constant('arm' as const),
        index: timer,
        ticks: fc.constantFrom(0, 200, 300, 60_000),
        period: fc.constantFrom(0, 0, 1, 2),
      }),
    },
    { weight: 1, arbitrary: fc.record({ verb: fc.constant('cancel' as const), index: timer }) },
    { weight: 4, arbitrary: fc.record({ verb: fc.constant('post' as const), queue: fc.nat(1), first: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ verb: fc.constant('remove' as const), queue: fc.nat(1), ticks }) },
    { weight: 3, arbitrary: fc.record({ verb: fc.constant('apc' as const), other }) },
    { weight: 2, arbitrary: fc.record({ verb: fc.constant('alert' as const), other, mode }) },
    { weight: 2, arbitrary: fc.record({ verb: fc.constant('suspend' as const), other }) },
    { weight: 5, arbitrary: fc.record({ verb: fc.constant('resume' as const), other }) },
    { weight: 3, arbitrary: fc.record({ verb: fc.constant('interrupt' as const), other }) },
    {
      weight: 3,
      arbitrary: fc.record({ verb: fc.constant('pass' as const), ticks: fc.constantFrom(50, 100, 250, 60_000) }),
    },
    { weight: 1, arbitrary: fc.record({ verb: fc.constant('exit' as const) }) },
  ),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Act = Step['act']
type Pair = readonly [kernel: unknown, model: unknown]

const statuses = { over: 0xc0000047, 'not-owned': 0xc0000046, abandoned: 0x80 } as const
const statusOf = (answer: number | keyof typeof statuses): number =>
  typeof answer === 'number' ? answer : statuses[answer]

/** The kernel with the same things in it as a model, and the steps both can take. */
function createTwo() {
  const bench = createWorkbench()
  const { kernel } = bench.core
  const threads = Array.from({ length: people }, (_, i) => bench.thread(i + 1))
  const tids = [1, ...threads.map(thread => thread.tid)]
  const handles = kinds.map(kind => {
    const at = bench.cell()
    if (kind === 'semaphore') bench.call(1, 'NtCreateSemaphore', at, 0, 0, limit)
    else if (kind === 'mutant') bench.call(1, 'NtCreateMutant', at, 0, 0)
    else if (kind === 'auto' || kind === 'manual') bench.call(1, 'NtCreateEvent', at, 0, kind === 'auto' ? 1 : 0, 0)
    else bench.call(1, 'NtCreateTimer', at, 0, kind === 'autoTimer' ? 1 : 0)
    return bench.memory.load32(at)
  })
  const addresses = handles.map(value => kernel.handles.peek(value)?.header ?? 0)
  const portAt = bench.cell()
  bench.call(1, 'NtCreateIoCompletion', portAt, 0, 0, queueLimits[0])
  const port = bench.memory.load32(portAt)
  const queue = bench.cell(0x28)
  bench.call(1, 'KeInitializeQueue', queue, queueLimits[1])
  /** Where each is told what came out of the port. */
  const keys = tids.map(() => bench.cell())
  const entries = bench.cell(0x2000)
  let posted = 0
  const asked = new Map<number, number>()
  const list = bench.cell(16)
  const blocks = bench.cell(0x60)
  const before = bench.cell()
  const kernelApc = bench.cell(0x30)
  const timeoutAt = bench.long(0n)
  const model = createModel(
    kinds.map(
      (kind): Thing => ({ kind, state: kind === 'mutant' ? 1 : 0, limit, owner: -1, abandoned: false, taken: 0 }),
    ),
    queueLimits.map(most => ({ limit: most, entries: [] })),
    kernel.time.now,
  )
  bench.told()

  const previous = (answer: number | string): number | string =>
    answer === 0 ? bench.memory.load32(before) | 0 : answer
  const signed = (answer: number | string): number | string => (typeof answer === 'number' ? answer | 0 : answer)
  const relative = (ticks: number): bigint => BigInt.asUintN(64, -BigInt(ticks / 5))
  const timeout = (ticks: number): number => {
    bench.memory.store64(timeoutAt, relative(ticks))
    return timeoutAt
  }

  function signal(who: number, index: number, count: number, address: boolean): Pair {
    const tid = tids[who] ?? 0
    const value = (address ? addresses : handles)[index] ?? 0
    const { state, owner } = model.things[index] as Thing
    switch (kinds[index]) {
      case 'semaphore': {
        // By address, a wrong use is an exception, which ends the title.
        const raises = state + count > limit
        const answer =
          address && !raises
            ? signed(bench.call(tid, 'KeReleaseSemaphore', value, 1, count, 0))
            : previous(bench.call(tid, 'NtReleaseSemaphore', handles[index] ?? 0, count, before))
        return [answer, statusOf(model.release(index, count))]
      }
      case 'mutant': {
        const answer =
          address && owner === who
            ? signed(bench.call(tid, 'KeReleaseMutant', value, 1, 0, 0))
            : previous(bench.call(tid, 'NtReleaseMutant', handles[index] ?? 0, before))
        return [answer, statusOf(model.unlock(who, index))]
      }
      default: {
        const answer = address
          ? bench.call(tid, 'KeSetEvent', value, 1, 0)
          : previous(bench.call(tid, 'NtSetEvent', value, before))
        return [answer, model.set(index)]
      }
    }
  }

  /** What a wait of the kernel answers, its APCs called. */
  function afterApcs(who: number, answer: unknown, expected: number | 'parked'): Pair {
    if (expected === 'parked') return [answer, parked]
    return expected === userApc ? [callApcs(who), userApc] : [answer, expected]
  }

  /** Lets a thread run as many APCs as the model says; what its wait answers in the end. */
  function callApcs(who: number): number {
    const tid = tids[who] ?? 0
    const count = model.calls(who)
    for (let i = 0; i < count; i += 1) {
      expect(bench.frameOf(tid).pc).toBe(apcRoutine)
      bench.returnFrom(tid)
    }
    return bench.result(tid)
  }

  /** The entry of a queue is its address, the packet of a port its key. */
  function post(who: number, which: number, first: boolean): Pair {
    const tid = tids[who] ?? 0
    posted += 1
    const entry = entries + posted * 8
    if (which === 1) {
      const answer = bench.call(tid, first ? 'KeInsertHeadQueue' : 'KeInsertQueue', queue, entry)
      return [answer, model.post(1, entry, first)]
    }
    const answer = bench.call(tid, 'NtSetIoCompletion', port, entry, 0, 0, 0)
    model.post(0, entry, false)
    return [answer, 0]
  }

  /** What a thread has taken out of a queue, once it goes on. */
  const taken = (who: number, which: number): number =>
    which === 1 ? bench.result(tids[who] ?? 0) : bench.memory.load32(keys[who] ?? 0)

  function remove(who: number, which: number, ticks: number): Pair {
    const tid = tids[who] ?? 0
    const key = keys[who] ?? 0
    const at = timeout(ticks)
    const answer =
      which === 1
        ? bench.call(tid, 'KeRemoveQueue', queue, 1, at)
        : bench.call(tid, 'NtRemoveIoCompletion', port, key, before, before, at)
    const expected = model.remove(who, which, ticks)
    asked.set(who, which)
    if (expected === 'parked') return [answer, parked]
    return expected === 'timed out' ? [answer, 0x102] : [taken(who, which), expected.entry]
  }

  /** What came out of the queue that a thread waited for. */
  function received(who: number): number {
    bench.result(tids[who] ?? 0)
    return taken(who, asked.get(who) ?? 0)
  }

  const queued = (): number[] =>
    [kernel.handles.peek(port), kernel.objects.known(queue)].map(object =>
      object === undefined ? -1 : kernel.objects.stateOf(object),
    )

  function waitOn(who: number, act: Extract<Act, { verb: 'wait' }>, address: boolean): Pair {
    const tid = tids[who] ?? 0
    const values = address ? addresses : handles
    act.things.forEach((index, i) => {
      bench.memory.store32(list + i * 4, values[index] ?? 0)
    })
    const [first = 0] = act.things
    const single = act.things.length === 1
    const type = act.all ? 0 : 1
    const alerted = act.alertable ? 1 : 0
    const at = timeout(act.ticks)
    const answer =
      address && single
        ? bench.call(tid, 'KeWaitForSingleObject', addresses[first] ?? 0, 3, act.mode, alerted, at)
        : address
          ? bench.call(tid, 'KeWaitForMultipleObjects', act.things.length, list, type, 3, act.mode, alerted, at, blocks)
          : bench.call(tid, 'NtWaitForMultipleObjectsEx', act.things.length, list, type, act.mode, alerted, at)
    return afterApcs(who, answer, model.wait(who, act.all, act.things, act.ticks, act.alertable, act.mode))
  }

  function take(who: number, act: Act, address: boolean): Pair {
    const tid = tids[who] ?? 0
    switch (act.verb) {
      case 'pass':
        bench.pass(act.ticks)
        model.expire()
        return [0, 0]
      case 'suspend':
      case 'resume': {
        const name = act.verb === 'suspend' ? 'NtSuspendThread' : 'NtResumeThread'
        const answer = previous(bench.call(1, name, threads[act.other]?.handle ?? 0, before))
        return [answer, model[act.verb](act.other + 1)]
      }
      case 'apc': {
        const answer = bench.call(tid, 'NtQueueApcThread', threads[act.other]?.handle ?? 0, apcRoutine, 1, 2, 3)
        return [answer, model.apc(act.other + 1) ? 0 : 0xc0000001]
      }
      case 'interrupt': {
        const target = threads[act.other]
        bench.call(tid, 'KeInitializeApc', kernelApc, target?.at ?? 0, 0, 0, apcRoutine, 0, 0)
        const answer = bench.call(tid, 'KeInsertQueueApc', kernelApc, 0, 0, 0)
        expect(bench.frameOf(target?.tid ?? 0).pc).toBe(apcRoutine)
        bench.returnFrom(target?.tid ?? 0)
        model.interrupt(act.other + 1)
        return [answer, 1]
      }
      case 'alert': {
        const answer = bench.call(tid, 'KeAlertThread', threads[act.other]?.at ?? 0, act.mode)
        return [answer, model.alert(act.other + 1, act.mode) ? 1 : 0]
      }
      case 'signal':
        return signal(who, act.index, act.count, address)
      case 'reset': {
        const expected = model.reset(act.index)
        return address
          ? [bench.call(tid, 'KeResetEvent', addresses[act.index] ?? 0), expected]
          : [bench.call(tid, 'NtClearEvent', handles[act.index] ?? 0), 0]
      }
      case 'pulse': {
        const answer = address
          ? bench.call(tid, 'KePulseEvent', addresses[act.index] ?? 0, 1, 0)
          : previous(bench.call(tid, 'NtPulseEvent', handles[act.index] ?? 0, before))
        return [answer, model.pulse(act.index)]
      }
      case 'arm': {
        const answer = address
          ? bench.call(tid, 'KeSetTimerEx', addresses[act.index] ?? 0, relative(act.ticks), act.period, 0)
          : bench.call(tid, 'NtSetTimerEx', handles[act.index] ?? 0, timeout(act.ticks), 0, 1, 0, 0, act.period, before)
        const { armed, state } = model.arm(act.index, act.ticks, act.period * ticksOfMillisecond)
        return address ? [answer, armed ? 1 : 0] : [bench.memory.load8(before), state]
      }
      case 'cancel': {
        const answer = address
          ? bench.call(tid, 'KeCancelTimer', addresses[act.index] ?? 0)
          : bench.call(tid, 'NtCancelTimer', handles[act.index] ?? 0, before)
        const { armed, state } = model.cancel(act.index)
        return address ? [answer, armed ? 1 : 0] : [bench.memory.load8(before), state]
      }
      case 'exit':
        bench.call(tid, 'ExTerminateThread', 0)
        model.exit(who)
        return [0, 0]
      case 'delay': {
        const answer = bench.call(tid, 'KeDelayExecutionThread', act.mode, act.alertable ? 1 : 0, timeout(act.ticks))
        return afterApcs(who, answer, model.wait(who, false, [], act.ticks, act.alertable, act.mode))
      }
      case 'wait':
        return waitOn(who, act, address)
      case 'post':
        return post(who, act.queue, act.first)
      case 'remove':
        return remove(who, act.queue, act.ticks)
    }
  }

  return { bench, kernel, model, tids, handles, take, callApcs, received, queued }
}

/** The same steps in the kernel and in the model, compared after each; between them the kernel may be restored from itself. */
function follow(steps: readonly Step[], restores = false): void {
  const { bench, kernel, model, tids, handles, take, callApcs, received, queued } = createTwo()
  for (const { who: choice, act, byAddress: address } of steps) {
    const able = tids.map((_, i) => i).filter(i => i === 0 || !model.busy(i))
    const me = able[choice % able.length] ?? 0
    if (me === 0 && (act.verb === 'wait' || act.verb === 'delay' || act.verb === 'remove' || act.verb === 'exit'))
      continue
    if ((act.verb === 'suspend' || act.verb === 'resume') && model.gone(act.other + 1)) continue
    if (act.verb === 'interrupt' && (model.gone(act.other + 1) || model.suspended(act.other + 1))) continue
    const place = JSON.stringify({ me, act, address })
    const [answer, expected] = take(me, act, address)
    expect(answer, place).toBe(expected)
    const woken = bench
      .told('thread.woken')
      .map(fact => ({ who: tids.indexOf(Number(fact.tid)), status: Number(fact.status) }))
    const expectedWakes = model.woken()
    expect(woken, place).toEqual(expectedWakes.map(({ who, status }) => ({ who, status })))
    for (const { who, entry } of expectedWakes) if (entry !== undefined) expect(received(who), place).toBe(entry)
    expect(queued(), place).toEqual(model.queues.map(({ entries }) => entries.length))
    for (const { who, status } of woken) if (status === userApc) expect(callApcs(who), place).toBe(userApc)
    const states = handles.map(value => {
      const object = kernel.handles.peek(value)
      return object === undefined ? 0 : kernel.objects.stateOf(object)
    })
    expect(states, place).toEqual(model.things.map(each => each.state))
    if (restores) bench.core.load(structuredClone(bench.core.save()))
  }
  tids.forEach((tid, who) => {
    const thread = kernel.threads.byTid(tid)
    expect(thread?.wait !== undefined).toBe(model.waits(who))
  })
}

const runs = Number(process.env.RUNS ?? 60)

describe('the kernel and a second opinion', () => {
  test(`agree on every answer, every wake, its order and every state (SEED=${seed})`, {
    timeout: 60_000 + runs * 100,
  }, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 300, size: 'max' }), steps => follow(steps)),
      { numRuns: runs },
    )
  })

  test(`agree too where all that the kernel knows is saved and restored after every step (SEED=${seed})`, {
    timeout: 60_000 + runs * 100,
  }, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 300, size: 'max' }), steps => follow(steps, true)),
      { numRuns: Math.ceil(runs / 3) },
    )
  })
})
