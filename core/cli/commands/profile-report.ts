/** Where the instructions of a run went, as a section of its report. */
import { hex32 } from '../../base/words.ts'
import { causeNames, exitCauses, type FunctionProfile, type ProfileReport } from '../../cpu/profile.ts'
import type { Machine } from '../../machine/machine.ts'
import type { ReportSection } from '../../plugin/api.ts'
import { columns, grouped } from '../text.ts'

/** Functions that the report lists; `data` has all. */
const shown = 25

const milliseconds = (ms: number): string => `${ms.toFixed(ms < 10 ? 2 : 0)} ms`

const exitsText = (exits: FunctionProfile['exits']): string =>
  causeNames
    .filter(cause => exits[cause] > 0)
    .map(cause => `${cause} ${grouped(exits[cause])}`)
    .join(', ')

export function profileSections(machine: Pick<Machine, 'profile' | 'views'>): ReportSection[] {
  const profile = machine.profile()
  if (profile === undefined) return []
  const { nameOf } = machine.views
  const functions = profile.functions.map(one => ({ ...one, name: nameOf(one.address) }))
  const lines = [
    `${grouped(profile.samples)} samples, one every ${grouped(profile.samplePeriod)} instructions.`,
    ...compileLines(profile),
  ]
  const rows = functions
    .slice(0, shown)
    .map(({ name, address, samples, tier, units, compileMilliseconds, exits }) => [
      `${((100 * samples) / Math.max(profile.samples, 1)).toFixed(1)} %`.padStart(7),
      name === hex32(address) ? `near ${name}` : name,
      tier,
      units === 0 ? '' : milliseconds(compileMilliseconds),
      exitsText(exits),
    ])
  if (rows.length > 0)
    lines.push('', ...columns([['share', 'function', 'tier', 'compiling', 'exits that went on here'], ...rows]))
  if (functions.length > shown) lines.push(`and ${grouped(functions.length - shown)} more, in --json`)
  const kinds = causeNames.filter(cause => profile.exits[cause] > 0)
  if (kinds.length > 0)
    lines.push(
      '',
      'Compiled code was left for the interpreter:',
      ...columns(kinds.map(cause => [`  ${grouped(profile.exits[cause])}`, cause, exitCauses[cause]])),
    )
  return [{ title: 'Profile', lines, data: { ...profile, functions } }]
}

function compileLines({ compile, stall }: ProfileReport): string[] {
  if (compile.units === 0) return ['Nothing was compiled.']
  const per = (ms: number): string => `${((1000 * ms) / compile.instructions).toFixed(2)} ms`
  const { translateMilliseconds, instantiateMilliseconds } = compile
  return [
    `Compiled ${grouped(compile.units)} units, ${grouped(compile.instructions)} instructions, to ${grouped(compile.bytes)} bytes: ` +
      `${milliseconds(translateMilliseconds)} to translate, ${milliseconds(instantiateMilliseconds)} to instantiate`,
    `(${per(translateMilliseconds)} and ${per(instantiateMilliseconds)} per 1,000 instructions); the title stood still ` +
      `${grouped(stall.times)} times, ${milliseconds(stall.milliseconds)} in all, ${milliseconds(stall.longestMilliseconds)} at most.`,
  ]
}
