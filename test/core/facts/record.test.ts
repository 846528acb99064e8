import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogue, type FactMask, factNames, largestFactId, maskOf } from '../../../core/facts/catalogue.ts'
import { createFactReader } from '../../../core/facts/fact.ts'
import { createEmitters, type Scene, type Subject } from '../../../core/facts/record.ts'
import type { FactSink } from '../../../core/facts/sink.ts'

const scene: Scene = { tid: 7, hardwareThread: 3, lr: 0x82010004, sp: 0x70010000, source: 42, actor: 0 }
const subject: Subject = { serial: 5, handle: 0x1004, address: 0x82300010, kind: 'Event/Auto' }

function recording(mask: FactMask, framesMask = maskOf([])) {
  const records: Uint8Array[] = []
  let walks = 0
  const sink: FactSink = {
    mask,
    framesMask,
    sequence: 0,
    accept: (record, length) => records.push(record.slice(0, length)),
  }
  const emit = createEmitters({
    sink,
    cycle: () => 1234,
    walk: () => {
      walks += 1
      return 9
    },
  })
  return { records, sink, emit, walks: () => walks }
}

test('a fact that nobody asked for is counted, not built, and no stack is walked', () => {
  const { records, sink, emit, walks } = recording(maskOf([]), maskOf(['object.signalled']))
  expect(emit['object.signalled'](scene, subject, 0, 0, 1, 0)).toBe(1)
  expect([records.length, sink.sequence, walks()]).toEqual([0, 1, 0])
})

test('what a subscriber reads is what the kernel said', () => {
  const { records, emit } = recording(maskOf(['wait.ended']))
  emit['wait.ended'](scene, subject, 17, 0x102, -1, 1, 500, [5, 0, 6, 1])
  const fact = createFactReader().read(records[0] ?? new Uint8Array())
  expect(fact).toMatchObject({
    kind: 'wait.ended',
    sequence: 1,
    cycle: 1234,
    tid: 7,
    hardwareThread: 3,
    actor: 'thread',
    lr: 0x82010004,
    source: 42,
    serial: 5,
    handle: 0x1004,
    address: 0x82300010,
    objectKind: 'Event/Auto',
    cause: 17,
    stack: 0,
    status: 0x102,
    index: -1,
    end: 1,
    waited: 500,
    list: [5, 0, 6, 1],
  })
})

test('a text is kept whole to its bound, beside any list before it', () => {
  const { records, emit } = recording(maskOf(['thread.named']))
  emit['thread.named'](scene, subject, 0, 7, 'Décodeur vidéo')
  expect(createFactReader().read(records[0] ?? new Uint8Array())).toMatchObject({ thread: 7, text: 'Décodeur vidéo' })
})

test('the frames of a fact are asked for only where a subscriber wants them', () => {
  const { records, emit, walks } = recording(maskOf(['object.created', 'object.reset']), maskOf(['object.created']))
  emit['object.created'](scene, subject, 0, 0, 1, '')
  emit['object.reset'](scene, subject, 0, 1)
  const reader = createFactReader()
  expect(walks()).toBe(1)
  expect(records.map(record => reader.read(record)?.stack)).toEqual([9, 0])
})

test('every record is a multiple of eight bytes long and says its own length, whatever its numbers', () => {
  const { records, emit } = recording(maskOf(factNames))
  fc.assert(
    fc.property(
      fc.constantFrom(...factNames),
      fc.array(fc.nat(0xffffffff), { maxLength: 128 }),
      fc.string({ maxLength: 2000 }),
      (name, list, text) => {
        const row = catalogue[name]
        const own: unknown[] = row.fields.map((_, i) => i * 3 - 1)
        if ('list' in row) own.push(list)
        if ('text' in row) own.push(text)
        ;(emit[name] as (...all: unknown[]) => number)(scene, subject, 0, ...own)
        const record = records.at(-1) ?? new Uint8Array()
        expect(record.length % 8).toBe(0)
        expect(new DataView(record.buffer).getUint16(2, true)).toBe(record.length)
        expect(createFactReader().read(record)?.kind).toBe(name)
      },
    ),
  )
})

test('a fact of either word of a mask is asked for alone', () => {
  const { records, emit } = recording(maskOf(['thread.alerted']))
  for (const name of factNames) (emit[name] as (...all: unknown[]) => number)(scene, subject, 0, 1, 1, 1, 1, 1, 1, [])
  expect(records.map(record => createFactReader().read(record)?.kind)).toEqual(['thread.alerted'])
  expect(maskOf(['object.created', 'thread.alerted'])).toEqual({ low: 2, high: 1 })
})

test('fact ids are unique and fit a mask', () => {
  const ids = factNames.map(name => catalogue[name].id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(Math.max(...ids)).toBeLessThanOrEqual(largestFactId)
  expect(Math.min(...ids)).toBeGreaterThan(0)
})
