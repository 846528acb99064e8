import { describe, expect, test } from 'vitest'
import { assembler } from '../../../core/cpu/isa.ts'
import { createSilentSink } from '../../../core/facts/sink.ts'
import type { Image } from '../../../core/loader/image.ts'
import { createMachine, type Machine } from '../../../core/machine/machine.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'
import { runToEnd } from './guests.ts'

const code = 0x82010000
const data = 0x82020000
const thunkAt = 0x100
const routineAt = 0x140
const ticksAt = 0x40
const insertQueueDpc = 123

/** Bytes of a segment: lines of assembly at offsets. */
function assemble(parts: Readonly<Record<number, readonly string[]>>): Uint8Array {
  const bytes = new Uint8Array(0x1000)
  const view = new DataView(bytes.buffer)
  for (const [offset, lines] of Object.entries(parts))
    for (const [i, line] of lines.entries()) {
      const at = Number(offset) + i * 4
      view.setUint32(at, assembler.word(line, code + at))
    }
  return bytes
}

/** Queues a deferred call while interrupts are off, counts, lets them in again, and counts on; the call notes the time. */
const lateInterrupt: Image = {
  kind: 'elf32',
  name: 'late-interrupt',
  sha256: '',
  base: code,
  size: 0x11000,
  entry: code,
  library: false,
  segments: [
    {
      address: code,
      size: 0x1000,
      access: access.read | access.execute,
      bytes: assemble({
        0: [
          'mflr r30',
          'lis r3, 0x8202',
          'li r4, 0',
          'li r5, 0',
          'mfmsr r29',
          'rlwinm r6, r29, 0, 17, 15',
          'mtmsr r6, 0',
          `bl ${code + thunkAt}`,
          'li r7, 3000',
          'mtctr r7',
          'addi r31, r31, 1',
          `bdnz ${code + 10 * 4}`,
          'mtmsr r29, 0',
          'mtctr r7',
          'addi r31, r31, 1',
          `bdnz ${code + 14 * 4}`,
          'mtlr r30',
          'li r3, 0',
          'blr',
        ],
        [routineAt]: ['mftb r4', 'lis r5, 0x8202', `stw r4, ${ticksAt}(r5)`, 'blr'],
      }),
    },
    {
      address: data,
      size: 0x1000,
      access: access.read | access.write,
      bytes: (() => {
        const bytes = new Uint8Array(0x1000)
        const view = new DataView(bytes.buffer)
        view.setUint16(0, 19)
        view.setUint32(0xc, code + routineAt)
        return bytes
      })(),
    },
  ],
  sections: [],
  functions: [],
  symbols: [],
  imports: [
    {
      name: 'xboxkrnl.exe',
      version: '',
      minimum: '',
      imports: [{ ordinal: insertQueueDpc, kind: 'function', slot: 0, thunk: code + thunkAt }],
    },
  ],
  exports: [],
  functionTable: { address: 0, size: 0 },
  tls: { slots: 64, address: 0, size: 0, initialised: 0 },
  stackSize: 0x10000,
  heapSize: undefined,
  titleId: 0,
  timestamp: 0,
  headerBlock: new Uint8Array(0),
  frames: 'xbox',
  notes: [],
}

const memory = createMemory()

function run(slice: () => number): { digest: string; ticks: number } {
  const machine: Machine = createMachine({ image: lateInterrupt, sink: createSilentSink(), memory })
  expect(runToEnd(machine, slice)).toMatchObject({ kind: 'finished' })
  const bytes = machine.views.readMemory(data + ticksAt, 4)
  return { digest: machine.digest(), ticks: new DataView((bytes ?? new Uint8Array(4)).slice().buffer).getUint32(0) }
}

describe('an interrupt that is let in again in the middle of a turn', () => {
  const whole = run(() => 1_000_000)

  test('is taken at the end of the turn', () => {
    expect(whole.ticks).toBe(Math.floor(10_000 / 64))
  })

  test.each([1, 7, 100, 6_500, 9_999])('is taken then in slices of %i, too', slice => {
    expect(run(() => slice)).toEqual(whole)
  })
})
