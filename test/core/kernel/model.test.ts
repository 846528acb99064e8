import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seed } from '../../seed.ts'
import { createModel, type Kind, type Thing } from './model.ts'
import { createWorkbench, parked } from './workbench.ts'

const kinds: readonly Kind[] = ['auto', 'manual', 'semaphore', 'mutant', 'auto', 'mutant']
const people = 5
const limit = 3

const thing = fc.nat(kinds.length - 1)
const someThings = fc.uniqueArray(thing, { minLength: 1, maxLength: 3 })
/** `who` is counted among those who can act; the first is the main thread, which always can, and never waits. */
const step = fc.record({
  who: fc.nat(99),
  act: fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        verb: fc.constant('signal' as const),
        index: thing,
        count: fc.integer({ min: 1, max: 2 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ verb: fc.constant('reset' as const), index: fc.constantFrom(0, 1, 4) }) },
    { weight: 3, arbitrary: fc.record({ verb: fc.constant('pulse' as const), index: fc.constantFrom(0, 1, 4) }) },
    {
      weight: 14,
      arbitrary: fc.record({
        verb: fc.constant('wait' as const),
        all: fc.boolean(),
        things: someThings,
        ticks: fc.constantFrom(0, 300, 1_000_000, 1_000_000, 1_000_000),
      }),
    },
    { weight: 2, arbitrary: fc.record({ verb: fc.constant('suspend' as const), other: fc.nat(people - 1) }) },
    { weight: 5, arbitrary: fc.record({ verb: fc.constant('resume' as const), other: fc.nat(people - 1) }) },
    { weight: 2, arbitrary: fc.record({ verb: fc.constant('pass' as const), ticks: fc.constantFrom(50, 100, 250) }) },
    { weight: 1, arbitrary: fc.record({ verb: fc.constant('exit' as const) }) },
  ),
})

/** The same steps in the kernel and in the model, compared after each. */
function follow(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): void {
  const bench = createWorkbench()
  const { kernel } = bench.core
  const threads = Array.from({ length: people }, (_, i) => bench.thread(i + 1))
  const tids = [1, ...threads.map(thread => thread.tid)]
  const handles = kinds.map(kind => {
    const at = bench.cell()
    if (kind === 'semaphore') bench.call(1, 'NtCreateSemaphore', at, 0, 0, limit)
    else if (kind === 'mutant') bench.call(1, 'NtCreateMutant', at, 0, 0)
    else bench.call(1, 'NtCreateEvent', at, 0, kind === 'auto' ? 1 : 0, 0)
    return bench.memory.load32(at)
  })
  const list = bench.cell(16)
  const before = bench.cell()
  const timeoutAt = bench.long(0n)
  const model = createModel(
    kinds.map(
      (kind): Thing => ({ kind, state: kind === 'mutant' ? 1 : 0, limit, owner: -1, abandoned: false, taken: 0 }),
    ),
    kernel.time.now,
  )
  bench.told()

  const previous = (answer: number | string): number | string =>
    answer === 0 ? bench.memory.load32(before) | 0 : answer
  const statusOf = (answer: number | string): number | string =>
    answer === 'over' ? 0xc0000047 : answer === 'not-owned' ? 0xc0000046 : answer

  function signal(who: number, index: number, count: number): readonly [number | string, number | string] {
    const value = handles[index] ?? 0
    const tid = tids[who] ?? 0
    switch (kinds[index]) {
      case 'semaphore':
        return [
          previous(bench.call(tid, 'NtReleaseSemaphore', value, count, before)),
          statusOf(model.release(index, count)),
        ]
      case 'mutant':
        return [previous(bench.call(tid, 'NtReleaseMutant', value, before)), statusOf(model.unlock(who, index))]
      default:
        return [previous(bench.call(tid, 'NtSetEvent', value, before)), model.set(index)]
    }
  }

  for (const { who: choice, act } of steps) {
    const able = tids.map((_, i) => i).filter(i => i === 0 || !model.busy(i))
    const me = able[choice % able.length] ?? 0
    const tid = tids[me] ?? 0
    const place = JSON.stringify({ me, act })
    let pair: readonly [number | string, number | string] = [0, 0]
    if (act.verb === 'pass') {
      bench.pass(act.ticks)
      model.expire()
    } else if (act.verb === 'suspend' || act.verb === 'resume') {
      if (model.gone(act.other + 1)) continue
      const name = act.verb === 'suspend' ? 'NtSuspendThread' : 'NtResumeThread'
      const answer = previous(bench.call(1, name, threads[act.other]?.handle ?? 0, before))
      pair = [answer, model[act.verb](act.other + 1)]
    } else {
      if (me === 0 && (act.verb === 'wait' || act.verb === 'exit')) continue
      if (act.verb === 'signal') pair = signal(me, act.index, act.count)
      else if (act.verb === 'reset') {
        bench.call(tid, 'NtClearEvent', handles[act.index] ?? 0)
        model.reset(act.index)
      } else if (act.verb === 'pulse')
        pair = [previous(bench.call(tid, 'NtPulseEvent', handles[act.index] ?? 0, before)), model.pulse(act.index)]
      else if (act.verb === 'exit') {
        bench.call(tid, 'ExTerminateThread', 0)
        model.exit(me)
      } else {
        act.things.forEach((index, i) => {
          bench.memory.store32(list + i * 4, handles[index] ?? 0)
        })
        bench.memory.store64(timeoutAt, BigInt.asUintN(64, -BigInt(act.ticks / 5)))
        const answer = bench.call(
          tid,
          'NtWaitForMultipleObjectsEx',
          act.things.length,
          list,
          act.all ? 0 : 1,
          1,
          0,
          timeoutAt,
        )
        const expected = model.wait(me, act.all, act.things, act.ticks)
        pair = [answer, expected === 'parked' ? parked : expected]
      }
    }
    expect(pair[0], place).toBe(pair[1])
    const woken = bench
      .told('thread.woken')
      .map(fact => ({ who: tids.indexOf(Number(fact.tid)), status: Number(fact.status) }))
    expect(woken, place).toEqual(model.woken())
    const states = handles.map(value => {
      const object = kernel.handles.peek(value)
      return object === undefined ? 0 : kernel.objects.stateOf(object)
    })
    expect(states, place).toEqual(model.things.map(each => each.state))
  }
  tids.forEach((tid, who) => {
    const thread = kernel.threads.byTid(tid)
    expect(thread?.wait !== undefined).toBe(model.waits(who))
  })
}

describe('the kernel and a second opinion', () => {
  test(`agree on every answer, every wake, its order and every state (SEED=${seed})`, () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 300, size: 'max' }), steps => follow(steps)),
      { numRuns: Number(process.env.RUNS ?? 60) },
    )
  })
})
