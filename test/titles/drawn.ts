/**
 * What a title has drawn by a frame, as JSON: `node test/titles/drawn.ts TITLE SWAPS ENGINE [SCRIPT]`. Nothing is drawn, so
 * what can be compared is what would be: how many draws, and the shader constants in force when the frame is on show.
 */
import { readFileSync } from 'node:fs'
import { parseConditions } from '../../core/base/condition.ts'
import { openTitle } from '../../core/cli/title.ts'
import type { Engine } from '../../core/cpu/run.ts'
import { createSilentSink } from '../../core/facts/sink.ts'
import { parseImage } from '../../core/loader/load.ts'
import { createMachine } from '../../core/machine/machine.ts'
import type { Drawn } from './judge.ts'

const slice = 2_000_000
const mostInstructions = 100_000_000_000
/** Bytes of the shader constants in the register file of the GPU: 512 of four floats. */
const constants = [0x4000 * 4, 0x4800 * 4] as const

interface Saved {
  readonly state: { readonly others: readonly (readonly [string, { readonly registers?: Uint8Array }])[] }
}

async function main(): Promise<void> {
  const [path = '', swaps = '600', engine = 'interpreter', script] = process.argv.slice(2)
  const media = openTitle(path)
  const machine = createMachine({
    image: parseImage(media.bytes, media.name),
    options: { limit: mostInstructions, until: parseConditions(`swaps:${swaps}`) ?? [] },
    sink: createSilentSink(),
    files: media.files,
    input: script === undefined ? '' : readFileSync(script, 'utf8'),
    engine: engine as Engine,
  })
  // The host turns between slices, so that what is translated beside the machine comes in.
  while (machine.run(slice) === undefined) await new Promise<void>(resolve => setImmediate(resolve))
  const saved = machine.save() as unknown as Saved
  const gpu = saved.state.others.find(([name]) => name === 'gpu')?.[1]
  const counters = machine.views.counters()
  const drawn: Drawn = {
    digest: machine.digest(),
    instructions: machine.instructions,
    frames: counters.gpu_swaps_total ?? 0,
    draws: counters.gpu_draws_left_out_total ?? 0,
    constants: [...new Uint32Array(gpu?.registers?.slice(...constants).buffer ?? new ArrayBuffer())],
  }
  console.log(JSON.stringify(drawn))
}

await main()
