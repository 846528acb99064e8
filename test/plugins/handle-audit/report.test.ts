import { expect, test } from 'vitest'
import { type Focus, limits, type ReportSection } from '../../../core/index.ts'
import { createBus } from '../../../core/plugin/bus.ts'
import plugin from '../../../plugins/handle-audit/index.ts'
import { options } from '../../../plugins/handle-audit/options.ts'
import { aKernel, anEvent, aRun, aScene, nothing, viewsOf } from '../../kit/facts.ts'

function reported(
  focus: Partial<Focus>,
  choice: Readonly<Record<string, unknown>>,
  act: (kernel: ReturnType<typeof aKernel>) => void,
): readonly ReportSection[] {
  const machine = viewsOf({
    objects: [{ serial: 5 as never, name: 'frame\u001bready', firstHandle: 0x1004 as never }],
    names: { 2181103620: 'producer+0x4' },
  })
  const run = aRun({ focus: { values: new Set(), all: false, report: 'none', ...focus } })
  const bus = createBus({ strict: true })
  const { instance } = bus.attach('handle-audit', () =>
    plugin.create({ run, machine, log: () => {}, output: () => undefined }, options.parse(choice)),
  )
  act(aKernel(bus))
  return instance.report?.() ?? []
}

const create = (kernel: ReturnType<typeof aKernel>, serial: number, value: number) => {
  kernel.cycle = 100
  kernel['object.created'](aScene, anEvent(serial, 0), 0, 0, 1, '')
  kernel['handle.opened'](aScene, anEvent(serial, value), 0, 0, 0)
}

test('the trail of an object tells its creator with frames, its counts and the last facts of each category', () => {
  const [section, ...rest] = reported({ values: new Set([0x1004]), report: 'all' }, { show: 1 }, kernel => {
    create(kernel, 5, 0x1004)
    for (let i = 0; i < 40; i += 1) kernel['object.signalled'](aScene, anEvent(5, 0x1004), 0, 0, 1, 0)
    kernel['wait.begun'](aScene, anEvent(5, 0x1004), 0, 1, 0, 1, -1, -1, 1, [5, 9])
  })
  expect(section?.title).toBe('Trail of Event/Auto 0x1004 #5 "frame?ready"')
  expect(section?.lines).toEqual([
    'created by thread 7, NtSetEvent at producer+0x4, tick 100, fact 1',
    '  0  fp 0x70010000  0x82010004 producer+0x4',
    '  1  fp 0x70010060  0x82010ABC',
    'signal 40 (32 kept), wait 1, wake 0, other 2',
    'last of signal, 31 more kept:',
    '  42 @100 object.signalled thread 7 NtSetEvent at producer+0x4: previous=0 state=1 woken=0',
    'last of wait:',
    '  43 @100 wait.begun thread 7 NtSetEvent at producer+0x4: any of 2 objects, for ever',
    'last of other, 1 more kept:',
    '  2 @100 handle.opened thread 7 NtSetEvent at producer+0x4: via=0 from=0x0',
  ])
  expect(section?.data).toMatchObject({
    serial: 5,
    counts: { signal: { retained: 32, total: 40 } },
    created: { kind: 'object.created', tid: 7 },
    facts: { wait: [{ list: [5, 9] }] },
  })
  // The other object of the wait has a trail too, of which only the wait is known.
  expect(rest.map(one => one.title)).toEqual(['Trail of Object #9'])
  expect(rest[0]?.lines.slice(0, 2)).toEqual([
    'its creation is not in this trail',
    'signal at least 0, wait at least 1, wake at least 0, other at least 0',
  ])
})

test('a value in focus that never named an object is shown as <UNCREATED>, with what was tried on it', () => {
  const sections = reported({ values: new Set([0x2000, 0x2004]) }, {}, kernel => {
    for (const operation of [0, 0, 1])
      kernel['ghost.met'](aScene, { ...nothing, handle: 0x2000 }, 0, 0, operation, 0, 0x2000)
    kernel['ghost.met'](aScene, { ...nothing, handle: 0x2004 }, 0, 0, 1, 0, 0x2004)
    kernel['ghost.met'](aScene, { ...nothing, handle: 0x3000 }, 0, 1, 0, 0, 0x3000)
  })
  expect(sections.map(({ title, lines }) => [title, lines[0], lines.length])).toEqual([
    ['Trail of <UNCREATED> 0x2000', 'calls on a value that named no object: signal 2, wait 1, wake 0, other 0', 4],
    ['Calls on values that named no object', '0x2004, in focus, never signalled: signal 0, wait 1, wake 0, other 0', 2],
  ])
  expect(sections[1]?.lines[1]).toBe('NtSetEvent, closed before: 1 call')
})

test('the report shows what it was asked for: all, these values alone, or what is in focus', () => {
  const three = (kernel: ReturnType<typeof aKernel>) => {
    create(kernel, 1, 0x1004)
    create(kernel, 2, 0x1008)
    create(kernel, 3, 0x100c)
  }
  const serials = (sections: readonly ReportSection[]) => sections.map(one => (one.data as { serial: number }).serial)
  expect(serials(reported({ report: 'all' }, {}, three))).toEqual([1, 2, 3])
  expect(serials(reported({ report: new Set([0x1008]), values: new Set([0x1008]) }, {}, three))).toEqual([2])
  expect(
    serials(reported({ report: new Set([0x1008]), values: new Set([0x1008]) }, { handles: '0x100c' }, three)),
  ).toEqual([2])
  expect(serials(reported({}, { handles: '0x100c' }, three))).toEqual([3])
  expect(serials(reported({}, {}, three))).toEqual([1, 2, 3])
})

test('an object opened again under the value asked for is shown', () => {
  const sections = reported({ report: new Set([0x2000]), values: new Set([0x2000]) }, {}, kernel => {
    create(kernel, 1, 0x1004)
    kernel['handle.opened'](aScene, anEvent(1, 0x2000), 0, 1, 0x1004)
  })
  expect(sections.map(one => one.title)).toEqual(['Trail of Event/Auto 0x1004 #1'])
})

test('a report of very many objects is cut, and says so', () => {
  const sections = reported({ report: 'all' }, {}, kernel => {
    for (let serial = 1; serial <= limits.reportTrails.value + 7; serial += 1) create(kernel, serial, 0x1004)
  })
  expect(sections).toHaveLength(limits.reportTrails.value + 1)
  expect(sections.at(-1)?.lines).toEqual(['7 more objects have trails that are not shown'])
})

test('options out of range are refused', () => {
  for (const bad of [{ depth: '0' }, { kinds: 'Evnt' }, { handles: '0x1ffffffff' }, { handles: 'x' }, { color: 'red' }])
    expect(options.safeParse(bad).success, JSON.stringify(bad)).toBe(false)
})
