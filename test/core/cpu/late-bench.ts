import type { TranslatedUnit } from '../../../core/cpu/compiler/translation.ts'
import { createProfile } from '../../../core/cpu/profile.ts'
import type { CpuSettings } from '../../../core/cpu/run.ts'
import { lateTranslation } from '../../kit/translation.ts'
import { codeBase, createWorkbench, exitsOf } from './workbench.ts'

export const at = (line: number): number => codeBase + 4 * line
export const to = (line: number): string => `${at(line)}`

/** A processor whose translator answers so many runs late, what it was asked for, and what it made. */
export function startLate(delay: number, settings: CpuSettings = {}) {
  const late = lateTranslation([delay])
  const asked: number[] = []
  const units: TranslatedUnit[] = []
  const profile = createProfile({ now: () => 0, functionOf: pc => pc })
  const translation = {
    begin: late.begin,
    answer() {
      const answer = late.answer()
      units.push(...(answer?.translation.units ?? []))
      return answer
    },
    ask(request: Parameters<typeof late.ask>[0]) {
      asked.push(...request.entries)
      late.ask(request)
    },
  }
  const bench = createWorkbench({}, false, { engine: 'tiered', translation, profile, ...settings })
  const { cpu } = bench
  function run(instructions: number): void {
    for (const end = cpu.retired + instructions; cpu.retired < end; ) cpu.run(200_000)
  }
  function runAt(pc: number, instructions: number): void {
    cpu.registers().pc = pc
    run(instructions)
  }
  const isPending = (): boolean => late.asked !== undefined
  function runUntilPending(): void {
    for (let turn = 0; !isPending(); turn += 1) {
      if (turn === 2_000) throw new Error('nothing was asked for')
      cpu.run(50_000)
    }
  }
  const left = (): { all: number; budget: number } => ({
    all: exitsOf(profile),
    budget: profile.report().exits.budget,
  })
  /** Ways out of compiled code in so many instructions. */
  function exits(instructions: number): number {
    const before = left().all
    run(instructions)
    return left().all - before
  }
  /**
   * Of a hundred slices, those that ended in compiled code, which was hardly left for anything else: a few times where they
   * end, since a long case asks for more than is left.
   */
  function compiledSlices(): number {
    let compiled = 0
    for (let slice = 0; slice < 100; slice += 1) {
      const before = left()
      cpu.run(10_007)
      const after = left()
      const ended = after.budget - before.budget
      if (ended > 0 && after.all - before.all - ended < 20) compiled += 1
    }
    return compiled
  }
  return { ...bench, asked, units, run, runAt, runUntilPending, isPending, exits, compiledSlices }
}
