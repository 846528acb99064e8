import { definePlugin, type PluginInstance } from '../../core/index.ts'
import { auditedFacts, createAudit } from './audit.ts'
import { focusRule } from './focus.ts'
import { options } from './options.ts'
import { reportOf } from './report.ts'
import { defaultTrailLimits } from './trails.ts'

export default definePlugin({
  name: 'handle-audit',
  about: 'keeps a bounded trail of what each kernel object did, and of calls on values that name none',
  options,
  create({ run, machine }, chosen): PluginInstance {
    if (!chosen.enabled) return {}
    const focus = focusRule(run.focus, chosen)
    const audit = createAudit(machine, focus, {
      ...defaultTrailLimits,
      depth: chosen.depth,
      bytes: chosen.memory * 2 ** 20,
    })
    return {
      facts: auditedFacts,
      frames: focus.any ? ['object.created', 'object.adopted'] : [],
      record: audit.record,
      report: () => reportOf(audit, machine, { focus, report: run.focus.report, show: chosen.show }),
      counters: audit.counters,
    }
  },
})
