/**
 * Why does it hang? A verdict for each thread that waits at the end of a run, and the account that supports it. It
 * collects bounded evidence from facts (evidence.ts), judges by pure functions over the views (blocks.ts, diagnosis.ts)
 * and writes the answer first (report.ts).
 */
import { z } from 'zod'
import { definePlugin } from '../../core/index.ts'
import type { BlockContext } from './blocks.ts'
import { createCodeHunt } from './code.ts'
import { collectedFacts, createCollector } from './collect.ts'
import { type Diagnosis, diagnose, verdictsOf } from './diagnosis.ts'
import { createNames } from './names.ts'
import { type Ending, sectionsOf } from './report.ts'

export default definePlugin({
  name: 'diagnose',
  about: 'says of each waiting thread what it waits for, and why that does not come',
  options: z.strictObject({}),
  create({ machine }) {
    const evidence = createCollector()
    let judged: { readonly context: BlockContext; readonly diagnosis: Diagnosis } | undefined
    let ended: Ending = { cause: 'finished' }
    return {
      facts: collectedFacts,
      fact: evidence.note,
      verdicts(end) {
        ended = end
        const context: BlockContext = {
          views: machine,
          evidence,
          names: createNames(machine),
          code: createCodeHunt(machine),
        }
        judged = { context, diagnosis: diagnose(context, end.cause) }
        return verdictsOf(context, judged.diagnosis)
      },
      report: () => (judged === undefined ? [] : sectionsOf(judged.context, judged.diagnosis, ended)),
      counters: evidence.counters,
    }
  },
})
