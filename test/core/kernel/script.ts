import { expect } from 'vitest'
import { createWorkbench, type Told, type Workbench } from './workbench.ts'

/**
 * A script is lines of `[WHO] COMMAND ARGUMENTS [-> ANSWER]`. WHO is `main` or one of four threads `a` to `d`, each on a
 * hardware thread of its own. An answer is a number, `parked`, or a name of `codes`. Objects are named by the script.
 *
 *     main event e auto [set]      main kevent e auto [set]     (by handle, or at a pointer)
 *     main semaphore s 0 4         main ksemaphore s 0 4        main mutant m [owned]      main timer t auto
 *     a wait e [10ms|poll]         a any e s [..]               a all e s [..]             a alertable e [..]
 *     b set e   b reset e   b pulse e   b release s 2   b unlock m   b arm t 5ms [2ms]   b cancel t
 *     b signalwait m e             main suspend a   main resume a   main apc a   a delay 5ms   a exit 7
 *     main alert a [kernel]        main close e                 main duplicate e f
 *     pass 10ms                    lets guest time pass
 *     wakes a=0 b=timeout          who was woken since last asked, in order, with which status
 *     state e = 1                  the SignalState in memory
 *     gets a 0                     what a call that parked has answered in the end
 *     tells object.signalled signal.lost    the facts of signals since last asked, in order
 */
export const codes: Readonly<Record<string, number | string>> = {
  ok: 0,
  timeout: 0x102,
  abandoned: 0x80,
  apc: 0xc0,
  alerted: 0x101,
  invalid: 0xc0000008,
  parameter: 0xc000000d,
  mix: 0xc0000030,
  mismatch: 0xc0000024,
  'not-owned': 0xc0000046,
  'over-limit': 0xc0000047,
  'too-deep': 0xc000004a,
  ending: 0xc000004b,
  exists: 0x40000000,
  parked: 'parked',
  away: 'away',
}

const letters = ['a', 'b', 'c', 'd'] as const
const signalFacts = ['object.signalled', 'object.reset', 'object.pulsed', 'signal.lost', 'ghost.met']
const routine = 0x82000400

interface Named {
  /** A handle, or a pointer. */
  readonly value: number
  readonly pointer: boolean
}

export function runScript(script: string): void {
  const bench = createWorkbench()
  const tids = new Map<string, number>([['main', 1]])
  const names = new Map<string, Named>()
  letters.forEach((letter, i) => {
    const { tid, handle } = bench.thread(i + 1)
    tids.set(letter, tid)
    names.set(letter, { value: handle, pointer: false })
  })
  bench.told()
  let told: Told[] = []
  for (const [number, line] of script.split('\n').entries()) {
    const text = line.replace(/\/\/.*/, '').trim()
    if (text === '') continue
    told = told.concat(bench.told())
    const check = checks(bench, tids, names, told)
    const words = text.split(/\s+/)
    const place = `line ${number + 1}: ${text}`
    const [first = '', ...rest] = words
    if (first === 'wakes' || first === 'tells') told = []
    if (first in check) {
      check[first as keyof typeof check](rest, place)
      continue
    }
    const arrow = words.indexOf('->')
    const answer = command(bench, tids, names, arrow < 0 ? words : words.slice(0, arrow))
    const expected = arrow < 0 ? codes.ok : answerOf(words[arrow + 1] ?? '')
    expect(show(answer), place).toBe(show(expected ?? 0))
  }
}

const answerOf = (word: string): number | string => codes[word] ?? Number(word)
const show = (value: number | string): string => (typeof value === 'string' ? value : `0x${(value >>> 0).toString(16)}`)

function ticks(word: string): number {
  const match = /^(\d+)(ms|us)$/.exec(word)
  if (match === null) throw new Error(`${word} is no time`)
  return Number(match[1]) * (match[2] === 'ms' ? 50_000 : 50)
}

function checks(bench: Workbench, tids: Map<string, number>, names: Map<string, Named>, told: Told[]) {
  const whoIs = (tid: unknown): string => [...tids].find(([, number]) => number === tid)?.[0] ?? String(tid)
  return {
    pass([time = '']: string[]) {
      bench.pass(ticks(time))
    },
    wakes(expected: string[], place: string) {
      const woken = told
        .filter(fact => fact.kind === 'thread.woken')
        .map(fact => `${whoIs(fact.tid)}=${show(Number(fact.status))}`)
      expect(woken, place).toEqual(expected.map(word => word.replace(/=(.*)/, (_, code) => `=${show(answerOf(code))}`)))
    },
    tells(expected: string[], place: string) {
      expect(
        told.map(fact => fact.kind).filter(kind => signalFacts.includes(kind)),
        place,
      ).toEqual(expected)
    },
    state([name = '', , value = '']: string[], place: string) {
      const object = objectOf(bench, names, name)
      expect(object === undefined ? 'none' : bench.core.kernel.objects.stateOf(object), place).toBe(Number(value))
    },
    gets([who = '', value = '']: string[], place: string) {
      expect(show(bench.result(tids.get(who) ?? 0)), place).toBe(show(answerOf(value)))
    },
  }
}

function objectOf(bench: Workbench, names: Map<string, Named>, name: string) {
  const named = names.get(name)
  if (named === undefined) throw new Error(`nothing is called ${name}`)
  const { kernel } = bench.core
  return named.pointer ? kernel.objects.known(named.value) : kernel.handles.peek(named.value)
}

function command(bench: Workbench, tids: Map<string, number>, names: Map<string, Named>, words: string[]) {
  const [who = '', verb = '', ...args] = words
  const tid = tids.get(who)
  if (tid === undefined) throw new Error(`nobody is called ${who}`)
  const call = (name: string, ...values: (number | bigint)[]) => bench.call(tid, name, ...values)
  const { memory } = bench
  const [name = '', ...more] = args
  const named = names.get(name)
  const value = named?.value ?? 0
  const set = more.includes('set') || more.includes('owned') ? 1 : 0
  const kind = more[0] === 'auto' ? 1 : 0

  function create(exportName: string, ...values: number[]) {
    const at = bench.cell()
    const answer = call(exportName, at, 0, ...values)
    names.set(name, { value: memory.load32(at), pointer: false })
    return answer
  }
  function initialise(exportName: string, ...values: number[]) {
    const at = bench.cell(0x40)
    names.set(name, { value: at, pointer: true })
    call(exportName, at, ...values)
    return 0
  }
  /** The previous state goes to a cell; the answer is the status, or the previous state of a success. */
  function previous(exportName: string, ...values: number[]) {
    const at = bench.cell()
    const answer = call(exportName, value, ...values, at)
    return answer === 0 ? memory.load32(at) : answer
  }
  function timeout(word: string | undefined): number {
    if (word === undefined) return 0
    return bench.long(word === 'poll' ? 0n : -BigInt(ticks(word) / 5))
  }
  function waitFor(list: string[], type: number, alertable: number) {
    const last = list.at(-1) ?? ''
    const timed = last === 'poll' || /^\d/.test(last)
    const objects = (timed ? list.slice(0, -1) : list).map(each => {
      const found = names.get(each)
      if (found === undefined) throw new Error(`nothing is called ${each}`)
      return found
    })
    const at = timeout(timed ? last : undefined)
    const [first] = objects
    if (objects.some(each => each.pointer)) {
      if (objects.length === 1) return call('KeWaitForSingleObject', first?.value ?? 0, 3, 1, alertable, at)
      const list = bench.words(...objects.map(each => pointerOf(each)))
      return call('KeWaitForMultipleObjects', objects.length, list, type, 3, 1, alertable, at, 0)
    }
    if (objects.length === 1 && type === 1) return call('NtWaitForSingleObjectEx', first?.value ?? 0, 1, alertable, at)
    const handles = bench.words(...objects.map(each => each.value))
    return call('NtWaitForMultipleObjectsEx', objects.length, handles, type, 1, alertable, at)
  }
  function pointerOf(each: Named): number {
    return each.pointer ? each.value : (bench.core.kernel.handles.peek(each.value)?.header ?? 0)
  }

  switch (verb) {
    case 'event':
      return create('NtCreateEvent', kind, set)
    case 'kevent':
      return initialise('KeInitializeEvent', kind, set)
    case 'semaphore':
      return create('NtCreateSemaphore', Number(more[0]), Number(more[1]))
    case 'ksemaphore':
      return initialise('KeInitializeSemaphore', Number(more[0]), Number(more[1]))
    case 'mutant':
      return create('NtCreateMutant', set)
    case 'timer':
      return create('NtCreateTimer', kind)
    case 'set':
      return named?.pointer ? call('KeSetEvent', value, 1, 0) : previous('NtSetEvent')
    case 'reset':
      return named?.pointer ? call('KeResetEvent', value) : call('NtClearEvent', value)
    case 'pulse':
      return named?.pointer ? call('KePulseEvent', value, 1, 0) : previous('NtPulseEvent')
    case 'release':
      return named?.pointer
        ? call('KeReleaseSemaphore', value, 1, Number(more[0]), 0)
        : previous('NtReleaseSemaphore', Number(more[0]))
    case 'unlock':
      return previous('NtReleaseMutant')
    case 'arm':
      return call(
        'NtSetTimerEx',
        value,
        timeout(more[0]),
        0,
        1,
        0,
        0,
        more[1] === undefined ? 0 : ticks(more[1]) / 50_000,
        0,
      )
    case 'cancel':
      return call('NtCancelTimer', value, 0)
    case 'wait':
    case 'any':
      return waitFor(args, 1, 0)
    case 'all':
      return waitFor(args, 0, 0)
    case 'alertable':
      return waitFor(args, 1, 1)
    case 'signalwait':
      return call(
        'NtSignalAndWaitForSingleObjectEx',
        value,
        names.get(more[0] ?? '')?.value ?? 0,
        1,
        0,
        timeout(more[1]),
      )
    case 'delay':
      return call('KeDelayExecutionThread', 1, 0, timeout(name))
    case 'suspend':
      return previous('NtSuspendThread')
    case 'resume':
      return previous('NtResumeThread')
    case 'apc':
      return call('NtQueueApcThread', value, routine, 1, 2, 3)
    case 'alert':
      return call('KeAlertThread', pointerOf({ value, pointer: false }), more[0] === 'kernel' ? 0 : 1)
    case 'exit':
      return call('ExTerminateThread', Number(name))
    case 'close':
      return call('NtClose', value)
    case 'duplicate': {
      const at = bench.cell()
      const answer = call('NtDuplicateObject', value, at, 0)
      names.set(more[0] ?? '', { value: memory.load32(at), pointer: false })
      return answer
    }
    default:
      throw new Error(`no command is called ${verb}`)
  }
}
