import { fileURLToPath } from 'node:url'
import { exitStatus } from '../../base/failure.ts'
import { runOptions } from '../../options/rows.ts'
import { defineCommand } from '../command.ts'
import type { Outcome } from '../report.ts'
import { wrapped } from '../text.ts'
import { runTitle } from './run.ts'

const title = fileURLToPath(new URL('../demo/demo.xex', import.meta.url))

/** What was planted in the bundled title: the event that its loader forgets on the way out. */
const planted = { thread: 'decoder', object: 'FooterReady', code: 'never-signalled' } as const

/** `xenoscope demo`, which is `npm start`: a title that hangs, explained. */
export const demo = defineCommand({
  name: 'demo',
  about: 'run the bundled title, which hangs, and find out why',
  arguments: [],
  options: runOptions,
  more: 'Exit status: 0 when the planted hang was found, else that of the run, or 70.',
  async run(outside, _given, values) {
    const { host } = outside
    const said = values.quiet || values.json
    if (!said) host.out(`${introduction.join('\n')}\n\n`)
    const { outcome, machine } = await runTitle(outside, title, values)
    const found = outcome.end.verdicts.some(
      ({ tid, serial, code, stuck }) =>
        stuck &&
        code === planted.code &&
        machine.views.thread(tid)?.name === planted.thread &&
        machine.views.object(serial)?.name === planted.object,
    )
    if (!said) host.out(`\n${closing(outcome, found, values.otlp).join('\n')}\n`)
    if (found) return exitStatus.finished
    return outcome.end.exitStatus === exitStatus.deadlock ? exitStatus.defect : outcome.end.exitStatus
  },
})

const introduction = wrapped(
  'The bundled title has four threads: a loader, a decoder, a renderer, and main, which waits for the renderer. It loads a ' +
    'level, and hangs. Somewhere a thread waits for an event that nobody will ever set. Which, and why?',
  100,
)

function closing({ run }: Outcome, found: boolean, otlp: string | undefined): string[] {
  if (!found) return ['The planted hang was not found.']
  const lines = ['The planted hang was found: the loader gives up without setting FooterReady.']
  if (run.out === undefined) return lines
  if (otlp === undefined)
    return [
      ...lines,
      '',
      'To see the same as traces, one for each kernel object:',
      `  upload ${run.out}/traces.jsonl on the search page of a Jaeger ("Upload"), or`,
      '  send them as they are made, and get the address of each trace:',
      '    npx xenoscope demo --otlp http://localhost:4318      (or set OTEL_EXPORTER_OTLP_ENDPOINT)',
      '  A Jaeger of your own: docker run --rm -p 16686:16686 -p 4318:4318 jaegertracing/jaeger:2.21.0',
    ]
  return lines
}
