import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { createSilentSink, type FactSink } from '../../../core/facts/sink.ts'
import { factNames, maskOf } from '../../../core/index.ts'
import type { Image } from '../../../core/loader/image.ts'
import { parseImage } from '../../../core/loader/load.ts'
import type { StopReason } from '../../../core/machine/loop.ts'
import { createMachine, type Machine } from '../../../core/machine/machine.ts'
import type { MachineOptions } from '../../../core/machine/options.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { emptySource } from '../../../core/vfs/source.ts'
import { createTitleVfs } from '../../../core/vfs/volumes.ts'

const images = new Map<string, Image>()

export function imageOf(path: string): Image {
  const known = images.get(path)
  if (known !== undefined) return known
  const image = parseImage(readFileSync(path), basename(path))
  images.set(path, image)
  return image
}

/** 4 GiB of addresses: one memory for all the machines of a test file, one after the other. */
const memory = createMemory()

export interface Made {
  readonly machine: Machine
  readonly printed: string[]
}

/** A machine with a guest program in it, in the place of the one before; it stops by itself at the latest after 200 million instructions. */
export function machineOf(
  path: string,
  sink: FactSink = createSilentSink(),
  options: Partial<MachineOptions> = {},
): Made {
  const printed: string[] = []
  const machine = createMachine({
    image: imageOf(path),
    sink,
    memory,
    print: text => printed.push(text),
    files: createTitleVfs({ source: emptySource, kind: 'folder', time: 0n }),
    options: { limit: 200_000_000, ...options },
  })
  return { machine, printed }
}

export function runToEnd(machine: Machine, slice: () => number = () => 10_000_000): StopReason {
  for (;;) {
    const stop = machine.run(slice())
    if (stop !== undefined) return stop
  }
}

/** A sink that takes every fact with its frames, and keeps nothing but how many there were. */
export function createGreedySink(): FactSink & { taken: number } {
  return {
    mask: maskOf(factNames),
    framesMask: maskOf(factNames),
    sequence: 0,
    taken: 0,
    accept() {
      this.taken += 1
    },
  }
}
