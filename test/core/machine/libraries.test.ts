import { describe, expect, test } from 'vitest'
import { assembler } from '../../../core/cpu/isa.ts'
import type { Engine } from '../../../core/cpu/run.ts'
import { createSilentSink } from '../../../core/facts/sink.ts'
import { LDR_DATA_TABLE_ENTRY } from '../../../core/kernel/structs.ts'
import type { Image, ImportLibrary } from '../../../core/loader/image.ts'
import { pack } from '../../../core/loader/pack.ts'
import { createMachine } from '../../../core/machine/machine.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'
import { memorySource } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'
import { runToEnd } from './guests.ts'

const title = 0x82010000
const data = 0x82020000
/** Offsets in the title's data: what entries write down, a handle, an address, results, names. */
const at = { log: 0x100, handle: 0x104, address: 0x108, results: 0x120, names: 0x200 } as const
const kernelCalls = { XexGetProcedureAddress: 407, XexLoadImage: 409, XexUnloadImage: 417 } as const
const thunks = 0x800

function words(base: number, size: number, parts: Readonly<Record<number, readonly string[]>>): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  for (const [offset, lines] of Object.entries(parts))
    lines.forEach((line, i) => {
      const where = Number(offset) + i * 4
      view.setUint32(where, assembler.word(line, base + where))
    })
  return bytes
}

const plain = {
  sections: [],
  functions: [],
  symbols: [],
  exports: [],
  functionTable: { address: 0, size: 0 },
  tls: { slots: 64, address: 0, size: 0, initialised: 0 },
  frames: 'xbox',
} as const

const importsOf = (name: string, base: number, ordinals: readonly number[]): ImportLibrary => ({
  name,
  version: '',
  minimum: '',
  imports: ordinals.map((ordinal, i) => ({ ordinal, kind: 'function', slot: 0, thunk: base + thunks + i * 16 })),
})

interface LibrarySpec {
  readonly base: number
  /** Written down at `process attach`; one less at `process detach`. */
  readonly mark: number
  readonly body: readonly string[]
  readonly imports?: readonly ImportLibrary[]
  readonly refuses?: boolean
}

/** A library whose entry writes its mark down, with one export. */
function library({ base, mark, body, imports = [], refuses = false }: LibrarySpec): Uint8Array {
  const bytes = words(base, 0x1000, {
    0: [
      'lis r6, 0x8202',
      `lwz r7, ${at.log}(r6)`,
      'rlwinm r7, r7, 4, 0, 27',
      'add r7, r7, r4',
      `addi r7, r7, ${mark - 1}`,
      `stw r7, ${at.log}(r6)`,
      `li r3, ${refuses ? 0 : 1}`,
      'blr',
    ],
    256: body,
  })
  const segments = [{ address: base, size: 0x1000, access: access.read | access.execute, bytes }]
  return pack(
    { ...plain, entry: base, segments, imports },
    { library: true, exports: [{ ordinal: 7, address: base + 0x100 }] },
  ).xex
}

const bases = { sum: 0x90020000, twice: 0x90040000 } as const
const files = {
  'sum.xex': library({ base: bases.sum, mark: 2, body: ['addi r3, r3, 100', 'blr'] }),
  'twice.xex': library({
    base: bases.twice,
    mark: 6,
    body: ['rlwinm r3, r3, 1, 0, 30', `b ${bases.twice + thunks}`],
    imports: [importsOf('sum.xex', bases.twice, [7])],
  }),
  'other.xex': library({ base: bases.twice, mark: 10, body: ['addi r3, r3, 1', 'blr'] }),
  'refuses.xex': library({ base: bases.sum, mark: 12, body: ['blr'], refuses: true }),
  'default.xex': new Uint8Array(16),
}

const name = (i: number): string => `addi r3, r29, ${at.names + i * 0x20}`
const call = (which: keyof typeof kernelCalls): string =>
  `bl ${title + thunks + Object.keys(kernelCalls).indexOf(which) * 16}`
const result = (i: number): string => `stw r3, ${at.results + i * 4}(r29)`

/** Loads a file, calls its export with 5, unloads it: three results and what the export answered. */
const visit = (file: number, first: number): string[] => [
  name(file),
  'li r4, 0',
  'li r5, 0',
  `addi r6, r29, ${at.handle}`,
  call('XexLoadImage'),
  result(first),
  `lwz r3, ${at.handle}(r29)`,
  'li r4, 7',
  `addi r5, r29, ${at.address}`,
  call('XexGetProcedureAddress'),
  result(first + 1),
  `lwz r12, ${at.address}(r29)`,
  'mtctr r12',
  'li r3, 5',
  'bctrl',
  result(first + 2),
  `lwz r3, ${at.handle}(r29)`,
  call('XexUnloadImage'),
  result(first + 3),
]

const load = (file: number, first: number): string[] => visit(file, first).slice(0, 6)

const program: Image = {
  ...plain,
  kind: 'elf32',
  name: 'loads',
  sha256: '',
  base: title,
  size: 0x11000,
  entry: title,
  library: false,
  segments: [
    {
      address: title,
      size: 0x1000,
      access: access.read | access.execute,
      bytes: words(title, 0x1000, {
        0: [
          'mflr r30',
          'lis r29, 0x8202',
          ...visit(0, 0),
          ...visit(1, 4),
          ...load(2, 8),
          ...load(3, 9),
          ...load(4, 10),
          'mtlr r30',
          'li r3, 0',
          'blr',
        ],
      }),
    },
    {
      address: data,
      size: 0x1000,
      access: access.read | access.write,
      bytes: (() => {
        const bytes = new Uint8Array(0x1000)
        const names = ['twice.xex', 'GAME:\\Other.xex', 'refuses.xex', 'none.xex', 'default.xex']
        names.forEach((text, i) => {
          bytes.set(Buffer.from(text, 'latin1'), at.names + i * 0x20)
        })
        return bytes
      })(),
    },
  ],
  imports: [importsOf('xboxkrnl.exe', title, Object.values(kernelCalls))],
  stackSize: 0x10000,
  heapSize: undefined,
  titleId: 0,
  timestamp: 0,
  headerBlock: new Uint8Array(0),
  notes: [],
}

/** A library run by itself: its entry writes down what it was told, and starts a thread that writes after it. */
const alone: Image = {
  ...program,
  library: true,
  segments: [
    {
      address: title,
      size: 0x1000,
      access: access.read | access.execute,
      bytes: words(title, 0x1000, {
        0: [
          'mflr r30',
          'lis r29, 0x8202',
          `stw r3, ${at.handle}(r29)`,
          `stw r4, ${at.log}(r29)`,
          'li r3, 0',
          'li r4, 0',
          'li r5, 0',
          'li r6, 0',
          'lis r7, 0x8201',
          'ori r7, r7, 0x100',
          'li r8, 0',
          'li r9, 2',
          `bl ${title + thunks}`,
          'mtlr r30',
          'li r3, 1',
          'blr',
        ],
        256: ['lis r6, 0x8202', 'li r7, 77', `stw r7, ${at.results}(r6)`, 'li r3, 0', 'blr'],
      }),
    },
    ...program.segments.slice(1),
  ],
  imports: [importsOf('xboxkrnl.exe', title, [13])],
}

const memory = createMemory()

function run(engine: Engine, slice = 1_000) {
  const machine = createMachine({
    image: program,
    sink: createSilentSink(),
    memory,
    engine,
    files: createTitleVfs({ source: memorySource(files), kind: 'folder', time: 0n }),
  })
  expect(runToEnd(machine, () => slice)).toMatchObject({ kind: 'finished' })
  const bytes = machine.views.readMemory(data, 0x200) ?? new Uint8Array(0x200)
  const view = new DataView(bytes.slice().buffer)
  return {
    results: Array.from({ length: 11 }, (_, i) => view.getUint32(at.results + i * 4).toString(16)),
    log: view.getUint32(at.log).toString(16),
    digest: machine.digest(),
    left: Object.values(bases).map(base => memory.accessAt(base)),
  }
}

describe('a library that is loaded while the title runs', () => {
  const first = run('interpreter')

  test('is bound to the library it needs, called by ordinal, and gone when it is unloaded', () => {
    expect(first.results.slice(0, 4)).toEqual(['0', '0', (5 * 2 + 100).toString(16), '0'])
    expect(first.left).toEqual([0, 0])
  })

  test('is told of its coming after those it needs, and of its going before them', () => {
    expect(first.log.startsWith('2651')).toBe(true)
  })

  test('may lie where another lay: the code of that one is forgotten', () => {
    expect(first.results.slice(4, 8)).toEqual(['0', '0', '6', '0'])
    expect(first.log).toBe('2651a9c')
  })

  test('that answers its entry with 0, is no library, or is not there, is a status of its own', () => {
    expect(first.results.slice(8)).toEqual(['c0000142', 'c000000f', 'c000007b'])
  })

  test('changes nothing between engines and slices', () => {
    expect(run('compiler')).toEqual(first)
    expect(run('tiered', 3)).toEqual(first)
  })
})

test('a library that is run by itself is told that it is loaded, and is over with its last thread', () => {
  const machine = createMachine({ image: alone, sink: createSilentSink(), memory })
  expect(runToEnd(machine)).toMatchObject({
    kind: 'finished',
    text: 'the library was told that it is loaded, and no thread of its own is left',
  })
  const view = new DataView((machine.views.readMemory(data, 0x200) ?? new Uint8Array(0x200)).slice().buffer)
  expect([view.getUint32(at.log), view.getUint32(at.results)]).toEqual([1, 77])
  const handle = view.getUint32(at.handle)
  expect(machine.views.readMemory(handle + LDR_DATA_TABLE_ENTRY.imageBase, 4)).toEqual(Uint8Array.of(0x82, 1, 0, 0))
})
