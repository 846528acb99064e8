import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFactReader, type Focus, type MachineViews, maskOf, type PluginInstance } from '../../../core/index.ts'
import { createBus } from '../../../core/plugin/bus.ts'
import { type Audit, createAudit } from '../../../plugins/handle-audit/audit.ts'
import { focusRule } from '../../../plugins/handle-audit/focus.ts'
import plugin from '../../../plugins/handle-audit/index.ts'
import { options } from '../../../plugins/handle-audit/options.ts'
import { defaultTrailLimits, ghostKeys, type TrailLimits } from '../../../plugins/handle-audit/trails.ts'
import { aKernel, anEvent, aRun, aScene, aStack, aThread, nothing, viewsOf } from '../../kit/facts.ts'

const nowhere: Focus = { values: new Set(), all: false, report: 'none' }
const on = (...values: number[]): Focus => ({ values: new Set(values), all: false, report: 'none' })

interface Setting {
  readonly focus?: Focus
  readonly choice?: Readonly<Record<string, unknown>>
  readonly bounds?: Partial<TrailLimits>
  readonly machine?: MachineViews
}

/** An audit behind a bus, and a kernel in front of it. */
function audited({ focus = nowhere, choice = {}, bounds = {}, machine = viewsOf() }: Setting = {}) {
  const rule = focusRule(focus, options.parse(choice))
  const audit = createAudit(machine, rule, { ...defaultTrailLimits, ...bounds })
  const bus = createBus({ strict: true })
  bus.attach('audit', () => ({
    facts: ['object.created', 'object.adopted', 'object.destroyed', 'handle.opened', 'handle.closed', 'object.reset'],
    frames: rule.any ? ['object.created', 'object.adopted'] : [],
    record: audit.record,
  }))
  bus.attach('audit too', () => ({
    facts: [
      'object.signalled',
      'object.pulsed',
      'signal.lost',
      'ghost.met',
      'wait.begun',
      'wait.ended',
      'thread.woken',
    ],
    record: audit.record,
  }))
  return { audit, kernel: aKernel(bus) }
}

type Kernel = ReturnType<typeof aKernel>
const create = (kernel: Kernel, serial: number, value = 0x1000 + serial * 4) => {
  kernel['object.created'](aScene, anEvent(serial, 0), 0, 0, 1, '')
  kernel['handle.opened'](aScene, anEvent(serial, value), 0, 0, 0)
}
const signal = (kernel: Kernel, serial: number) => kernel['object.signalled'](aScene, anEvent(serial), 0, 0, 1, 0)
const wait = (kernel: Kernel, ...serials: number[]) =>
  kernel['wait.begun'](aScene, anEvent(serials[0] ?? 0), 0, 1, 0, 1, -1, -1, 1, serials)
const wake = (kernel: Kernel, ...serials: number[]) =>
  kernel['wait.ended'](
    aScene,
    anEvent(serials[0] ?? 0),
    0,
    0,
    0,
    0,
    5,
    serials.flatMap(one => [one, 0]),
  )
const ghost = (kernel: Kernel, value: number, operation: number, kind = 0) =>
  kernel['ghost.met'](aScene, { ...nothing, handle: value }, 0, kind, operation, 0, value)

const countsOf = (audit: Audit, serial: number) => audit.trails.view(serial)?.counts
const sequences = (audit: Audit, key: number, category: 'signal' | 'wait' | 'wake' | 'other') =>
  audit.trails
    .view(key)
    ?.records(category)
    .map(record => createFactReader().read(record)?.sequence)

test('disabled, it asks for nothing and records nothing', () => {
  const context = { run: aRun(), machine: viewsOf(), log: () => {}, output: () => undefined }
  const off: PluginInstance = plugin.create(context, options.parse({ enabled: 'false' }))
  const bus = createBus()
  bus.attach('off', () => off)
  create(aKernel(bus), 1)
  expect([bus.mask, bus.framesMask]).toEqual([maskOf([]), maskOf([])])
  expect([off.report?.(), off.counters?.()]).toEqual([undefined, undefined])
})

test('a create is recorded and counted, with who did it', () => {
  const { audit, kernel } = audited()
  create(kernel, 5, 0x1004)
  const trail = audit.trails.view(5)
  expect(trail?.counts.other).toEqual({ retained: 2, total: 2 })
  expect(trail).toMatchObject({ handle: 0x1004, ended: false, inFocus: false })
  const birth = trail?.birth ?? new Uint8Array(64)
  expect(createFactReader().read(birth)).toMatchObject({ kind: 'object.created', tid: 7, lr: 0x82010004, serial: 5 })
})

test('each category is recorded and counted by itself', () => {
  const { audit, kernel } = audited()
  create(kernel, 1)
  wait(kernel, 1)
  signal(kernel, 1)
  wake(kernel, 1)
  kernel['thread.woken'](aScene, anEvent(1), 4, 0, 0)
  kernel['object.reset'](aScene, anEvent(1), 0, 1)
  expect(countsOf(audit, 1)).toEqual({
    signal: { retained: 2, total: 2 },
    wait: { retained: 1, total: 1 },
    wake: { retained: 2, total: 2 },
    other: { retained: 2, total: 2 },
  })
  expect(sequences(audit, 1, 'signal')).toEqual([4, 7])
})

test('a wait on several objects is one entry in the trail of each, however often an object is named', () => {
  const { audit, kernel } = audited()
  for (const serial of [1, 2, 3]) create(kernel, serial)
  wait(kernel, 1, 2, 1, 3)
  wake(kernel, 1, 2, 1, 3)
  for (const serial of [1, 2, 3])
    expect(countsOf(audit, serial)).toMatchObject({
      wait: { retained: 1, total: 1 },
      wake: { retained: 1, total: 1 },
    })
})

test('a wait on 64 objects is kept whole in each of their trails', () => {
  const { audit, kernel } = audited()
  const serials = Array.from({ length: 64 }, (_, i) => i + 1)
  wait(kernel, ...serials)
  wake(kernel, ...serials)
  const kept = createFactReader().read(audit.trails.view(64)?.records('wait')[0] ?? new Uint8Array(64))
  expect(kept).toMatchObject({ kind: 'wait.begun', list: serials })
  const ended = createFactReader().read(audit.trails.view(33)?.records('wake')[0] ?? new Uint8Array(64))
  expect(ended).toMatchObject({ list: serials.flatMap(one => [one, 0]) })
})

test('a signal at an unknown handle out of focus leaves no trail, and is counted by source and class', () => {
  const { audit, kernel } = audited({ focus: on(0x2000) })
  ghost(kernel, 0x3000, 0, 1)
  ghost(kernel, 0x3004, 0, 1)
  ghost(kernel, 0x3000, 0, 2)
  expect([...audit.trails.keys()]).toEqual([])
  expect(audit.ghosts()).toEqual([
    { source: 0x10001, class: 1, calls: 2 },
    { source: 0x10001, class: 2, calls: 1 },
  ])
})

test('a signal at an unknown handle in focus lands in a ghost trail and only there', () => {
  const { audit, kernel } = audited({ focus: on(0x2000) })
  create(kernel, 1, 0x1004)
  kernel['ghost.met'](aScene, { ...nothing, handle: 0x2000 }, 0, 1, 0, 1, 0x2000)
  expect([...audit.trails.keys()]).toEqual([1, ghostKeys + 0x2000])
  expect(audit.trails.view(ghostKeys + 0x2000)?.records('signal')).toHaveLength(1)
  expect(countsOf(audit, 1)?.signal).toEqual({ retained: 0, total: 0 })
  expect(audit.ghosts()).toEqual([])
})

test('a signal is not recorded twice when the value in focus names an object', () => {
  const { audit, kernel } = audited({ focus: on(0x1004) })
  ghost(kernel, 0x1004, 0)
  create(kernel, 1, 0x1004)
  signal(kernel, 1)
  signal(kernel, 1)
  expect(audit.trails.view(1)?.records('signal')).toHaveLength(2)
  expect(audit.trails.view(ghostKeys + 0x1004)?.records('signal')).toHaveLength(1)
})

test('a wait or a wake on an unknown handle leaves no trail and is counted, in focus or out of it', () => {
  const { audit, kernel } = audited({ focus: on(0x2000) })
  for (const value of [0x2000, 0x3000]) {
    ghost(kernel, value, 1)
    ghost(kernel, value, 2)
  }
  expect([...audit.trails.keys()]).toEqual([])
  expect(audit.watched()).toEqual([{ value: 0x2000, calls: [0, 1, 1, 0] }])
  expect(audit.ghosts()).toEqual([{ source: 0x10001, class: 0, calls: 2 }])
  expect(audit.counters()).toMatchObject({ ghosts_total: 4 })
})

test('the ring keeps the newest 32 and drops the oldest, and says how many there were', () => {
  const { audit, kernel } = audited()
  create(kernel, 1)
  for (let i = 0; i < 100; i += 1) signal(kernel, 1)
  const kept = sequences(audit, 1, 'signal')
  expect(kept).toHaveLength(32)
  expect([kept?.[0], kept?.at(-1)]).toEqual([2 + 100 - 32 + 1, 102])
  expect(countsOf(audit, 1)?.signal).toEqual({ retained: 32, total: 100 })
  expect(audit.counters().trail_dropped_total).toBe(68)
})

test('the depth of the rings is an option', () => {
  const { audit, kernel } = audited({ bounds: { depth: 4 } })
  for (let i = 0; i < 10; i += 1) signal(kernel, 1)
  expect(sequences(audit, 1, 'signal')).toEqual([7, 8, 9, 10])
})

test('the creation stays when newer facts of its category pushed it out of the ring', () => {
  const { audit, kernel } = audited()
  create(kernel, 1, 0x1004)
  for (let i = 0; i < 40; i += 1) kernel['handle.opened'](aScene, anEvent(1), 0, 1, 0x1004)
  expect(sequences(audit, 1, 'other')?.[0]).toBe(11)
  expect(createFactReader().read(audit.trails.view(1)?.birth ?? new Uint8Array(64))).toMatchObject({ sequence: 1 })
})

test('counts that are unknown are absent: of an unknown object, and totals of one whose beginning was not seen', () => {
  const { audit, kernel } = audited()
  signal(kernel, 9)
  expect(countsOf(audit, 8)).toBeUndefined()
  expect(countsOf(audit, 9)?.signal).toEqual({ retained: 1 })
  expect(countsOf(audit, 9)?.signal).not.toHaveProperty('total')
})

test('frames are stored with the create of an object in focus by handle, kind, address or caller', () => {
  const frames = aStack.frames.flatMap(({ fp, lr }) => [fp, lr | 0])
  const chosen: Setting[] = [
    { focus: on(0x1004) },
    { focus: { ...nowhere, all: true } },
    { choice: { kinds: 'Event/Auto' } },
    { choice: { handles: ['0x1004', '0x1008'] } },
    { choice: { callers: '0x82010ABC' } },
    { choice: { callers: '0x82010004' } },
  ]
  for (const setting of chosen) {
    const { audit, kernel } = audited(setting)
    create(kernel, 1, 0x1004)
    expect(audit.trails.view(1)?.inFocus, JSON.stringify(setting.choice)).toBe(true)
    expect([...(audit.trails.view(1)?.kept ?? [])]).toEqual(frames)
  }
})

test('frames are stored for an adopted object in focus by its address', () => {
  const { audit, kernel } = audited({ choice: { addresses: '0x82300010' } })
  kernel['object.adopted'](aScene, { ...anEvent(1, 0), address: 0x82300010 }, 0, 0, 1)
  expect(audit.trails.view(1)?.kept).toHaveLength(4)
})

test('frames are not stored out of focus, nor when none were walked, nor when disabled', () => {
  const { audit, kernel } = audited({ focus: on(0x2000) })
  create(kernel, 1, 0x1004)
  expect(audit.trails.view(1)?.kept).toBeUndefined()

  const off = audited({ focus: on(0x1004) })
  off.kernel.stack = 0
  create(off.kernel, 1, 0x1004)
  expect(off.audit.trails.view(1)).toMatchObject({ inFocus: true, kept: undefined })

  const unfocused = audited()
  create(unfocused.kernel, 1)
  expect(unfocused.kernel.walks).toBe(0)
})

test('frames stay when the kernel has forgotten the stack', () => {
  let known = true
  const machine = viewsOf({ stack: () => (known ? aStack : undefined) })
  const { audit, kernel } = audited({ focus: on(0x1004), machine })
  create(kernel, 1, 0x1004)
  known = false
  expect(audit.trails.view(1)?.kept).toHaveLength(4)
})

test('a handle value used again does not erase the trail of the first object', () => {
  const { audit, kernel } = audited({ focus: on(0x1004) })
  create(kernel, 1, 0x1004)
  signal(kernel, 1)
  kernel['handle.closed'](aScene, anEvent(1, 0x1004), 0, 0)
  kernel['object.destroyed'](aScene, anEvent(1, 0x1004), 0, 0)
  create(kernel, 2, 0x1004)
  kernel['object.reset'](aScene, anEvent(2, 0x1004), 0, 1)
  expect(audit.trails.view(1)).toMatchObject({ handle: 0x1004, ended: true, inFocus: true })
  expect(countsOf(audit, 1)).toMatchObject({ signal: { retained: 1, total: 1 }, other: { retained: 4, total: 4 } })
  expect(audit.trails.view(2)).toMatchObject({ handle: 0x1004, ended: false, inFocus: true })
  expect(countsOf(audit, 2)).toMatchObject({ signal: { retained: 1, total: 1 }, other: { retained: 2, total: 2 } })
})

test('one busy object stays under its bound, whatever its facts weigh', () => {
  const { audit, kernel } = audited({ bounds: { depth: 1024 } })
  const many = Array.from({ length: 64 }, () => 1)
  const before = audit.trails.totals().bytes
  for (let i = 0; i < 400; i += 1) {
    kernel['object.created'](aScene, anEvent(1), 0, 0, 1, 'a name of some length '.repeat(40))
    kernel['wait.begun'](aScene, anEvent(1), 0, 1, 0, 1, -1, -1, 1, many)
    signal(kernel, 1)
  }
  expect(audit.trails.totals().bytes - before).toBeLessThanOrEqual(defaultTrailLimits.bytesPerObject + 64)
  expect(sequences(audit, 1, 'signal')?.at(-1)).toBe(1200)
  const totals = audit.trails.totals()
  expect(totals.dropped).toBe(0)
  expect(totals.retained + totals.droppedForSize).toBe(1200)
})

test('when room is needed ended objects go first, and objects in focus last', () => {
  const { audit, kernel } = audited({ focus: on(0x1004), bounds: { bytes: 40 * 1024 } })
  create(kernel, 1, 0x1004)
  create(kernel, 2, 0x2000)
  create(kernel, 3, 0x2004)
  kernel['object.destroyed'](aScene, anEvent(3), 0, 0)
  for (let serial = 4; audit.trails.find(3) !== 0; serial += 1) create(kernel, serial, 0x3000)
  expect([1, 2].map(serial => audit.trails.view(serial) !== undefined)).toEqual([true, true])
  for (let serial = 1000; serial < 2000; serial += 1) create(kernel, serial, 0x3000)
  expect(audit.trails.view(1)?.inFocus).toBe(true)
  expect(audit.trails.view(2)).toBeUndefined()
})

test('an evicted object that goes on has a trail without totals', () => {
  const { audit, kernel } = audited({ bounds: { bytes: 40 * 1024 } })
  create(kernel, 1)
  for (let serial = 2; audit.trails.find(1) !== 0; serial += 1) create(kernel, serial)
  signal(kernel, 1)
  expect(countsOf(audit, 1)?.signal).toEqual({ retained: 1 })
})

test('memory stays under its bound with a million objects, and every fact is accounted for', () => {
  const bytes = 48 * 1024 * 1024
  const { audit, kernel } = audited({ bounds: { bytes } })
  let facts = 0
  let most = 0
  for (let serial = 1; serial <= 1_000_000; serial += 1) {
    create(kernel, serial)
    signal(kernel, serial)
    facts += 3
    if (serial % 3 === 0) {
      kernel['object.destroyed'](aScene, anEvent(serial), 0, 0)
      facts += 1
    }
    if (serial % 50_000 === 0) most = Math.max(most, audit.trails.totals().bytes)
  }
  const totals = audit.trails.totals()
  expect(most).toBeLessThanOrEqual(bytes)
  expect(most).toBeGreaterThan(bytes * 0.99)
  expect(totals.entries).toBe(facts)
  expect(totals.retained + totals.dropped + totals.droppedForSize + totals.evicted).toBe(facts)
  expect(totals.objects + totals.evictedObjects).toBe(1_000_000)
  expect(audit.trails.view(999_998)?.counts.signal).toEqual({ retained: 1, total: 1 })
})

test('what is kept is what a plain list of everything would have kept, for any facts on any objects', () => {
  const event = fc.record({
    serial: fc.integer({ min: 1, max: 4 }),
    what: fc.constantFrom('create', 'signal', 'wait', 'wake', 'end'),
    others: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 40 }),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), (events, depth) => {
      const { audit, kernel } = audited({ bounds: { depth } })
      const plain = new Map<string, number[]>()
      let sequence = 0
      const note = (serial: number, category: string) => {
        const key = `${serial} ${category}`
        plain.set(key, [...(plain.get(key) ?? []), sequence])
      }
      for (const { serial, what, others } of events) {
        sequence += 1
        if (what === 'create') kernel['object.created'](aScene, anEvent(serial), 0, 0, 1, 'x'.repeat(others.length * 9))
        else if (what === 'signal') signal(kernel, serial)
        else if (what === 'wait') wait(kernel, serial, ...others)
        else if (what === 'wake') wake(kernel, serial, ...others)
        else kernel['object.destroyed'](aScene, anEvent(serial), 0, 0)
        const category = { create: 'other', signal: 'signal', wait: 'wait', wake: 'wake', end: 'other' }[what]
        const about = what === 'wait' || what === 'wake' ? [serial, ...others] : [serial]
        for (const one of new Set(about)) note(one, category)
      }
      for (const [key, all] of plain) {
        const [serial, category] = key.split(' ') as [string, 'signal']
        expect(sequences(audit, Number(serial), category)).toEqual(all.slice(-depth))
      }
      const totals = audit.trails.totals()
      expect(totals.retained + totals.dropped + totals.droppedForSize + totals.evicted).toBe(totals.entries)
    }),
  )
})

test('a thread is an object like any other', () => {
  const { audit, kernel } = audited()
  kernel['object.created'](aScene, aThread(3), 0, 0, 0, '')
  expect(audit.trails.view(3)?.counts.other).toEqual({ retained: 1, total: 1 })
})
