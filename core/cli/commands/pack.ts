import { basename } from 'node:path'
import { exitStatus, fail } from '../../base/failure.ts'
import { type Packed, type PackOptions, packElf } from '../../loader/pack.ts'
import type { OptionRow } from '../../options/rows.ts'
import { defineCommand } from '../command.ts'

/** What `xenoscope pack IN --out OUT` makes of a guest ELF: the container, and a map of its names. */
export function packGuest(bytes: Uint8Array, name: string, options: PackOptions = {}): Packed {
  return packElf(bytes, name, options)
}

const row = <const R extends Omit<OptionRow, 'since'>>(r: R): R & { readonly since: '0.1' } => ({ ...r, since: '0.1' })
const word = 0xffffffff

export const pack = defineCommand({
  name: 'pack',
  about: 'make a XEX2 of a guest program',
  arguments: [{ name: '<elf>', about: 'a static 32-bit big-endian PowerPC ELF' }],
  options: {
    out: row({ kind: 'path', argument: 'FILE', about: 'the XEX2 to write; beside the ELF unless given' }),
    map: row({ kind: 'path', argument: 'FILE', about: 'write the names, which the container has no room for, here' }),
    name: row({ kind: 'name', about: 'original file name in the container' }),
    titleId: row({ kind: 'address', range: [0, word], about: 'title id' }),
    mediaId: row({ kind: 'address', range: [0, word], about: 'media id' }),
    programVersion: row({ kind: 'text', argument: 'A.B.C.D', about: 'version of the program' }),
    frames: row({ kind: 'choice', choices: ['xbox', 'sysv'], about: 'frame layout; what the ELF says unless given' }),
    encryption: row({
      kind: 'choice',
      choices: ['none', 'devkit', 'retail'],
      default: 'none',
      about: 'key that the image is encrypted for',
    }),
    compression: row({
      kind: 'choice',
      choices: ['raw', 'basic'],
      default: 'basic',
      about: 'how the image is stored',
    }),
    stackSize: row({ kind: 'address', range: [0x4000, 0x1000000], about: 'bytes of the first thread’s stack' }),
    heapSize: row({ kind: 'address', range: [0, word], about: 'bytes of the default heap' }),
    tlsSlots: row({ kind: 'number', range: [1, 1024], about: 'thread-local slots' }),
    privileges: row({ kind: 'address', range: [0, word], about: 'system flags 0 to 31' }),
    library: row({ kind: 'flag', about: 'make a library, not a title' }),
  },
  run({ files, host }, [path = ''], values) {
    const { out, map, programVersion, library, ...given } = values
    const to = out ?? path.replace(/(\.elf)?$/, '.xex')
    if (to === path) throw fail('OPTION_INVALID', '--out', 'is the ELF itself')
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const packed = packGuest(files.read(path), basename(path), {
      ...set,
      ...(programVersion === undefined ? {} : { version: programVersion }),
      ...(library ? { library } : {}),
    })
    files.write(to, packed.xex)
    if (map !== undefined) files.write(map, packed.map)
    host.note(`${to}: ${packed.xex.length} bytes\n`)
    return exitStatus.finished
  },
})
