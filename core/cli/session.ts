/**
 * One run, from the first slice to the last word. The machine is synchronous: it runs a slice, then the host looks up, so
 * that timers, sockets and signals have their turn; a plugin that is full is waited for here, which holds the machine
 * and nothing else. However the run ends, the plugins get their end, so that nothing recorded is lost.
 */
import { exitStatus, Failure } from '../base/failure.ts'
import type { MachineViews } from '../facts/views.ts'
import type { Clock } from '../host/clock.ts'
import type { Host } from '../host/process.ts'
import type { RunEnd } from '../plugin/api.ts'
import type { Driver } from '../plugin/driver.ts'
import { failureText, statusOf } from './exit.ts'
import type { Interrupt } from './interrupt.ts'
import { createPace } from './pace.ts'
import type { Progress } from './progress.ts'

/** What of a machine a run needs. */
export interface Runnable {
  run(limit: number):
    | {
        readonly kind: Exclude<RunEnd['cause'], 'signal' | 'defect'>
        readonly text: string
        readonly met?: string
        readonly fault?: { readonly tid: number; readonly pc: number; readonly text: string }
      }
    | undefined
  readonly views: MachineViews
}

export interface Session {
  readonly host: Host
  readonly clock: Clock
  readonly machine: Runnable
  readonly driver: Driver
  readonly interrupt: Interrupt
  readonly progress: Progress
  /** Conditions were given that are to end the run. */
  readonly awaited: boolean
}

export interface Ended {
  readonly end: RunEnd
  /** What failed, when something of ours did. */
  readonly failure: unknown
}

const statuses: Readonly<Record<Exclude<RunEnd['cause'], 'signal'>, number>> = {
  finished: exitStatus.finished,
  limit: exitStatus.limit,
  until: exitStatus.finished,
  deadlock: exitStatus.deadlock,
  stuck: exitStatus.deadlock,
  fault: exitStatus.fault,
  defect: exitStatus.defect,
}

type Ending = Omit<RunEnd, 'verdicts'>

export async function runToEnd(session: Session): Promise<Ended> {
  const { interrupt, progress } = session
  let failure: unknown
  let ending: Ending
  try {
    ending = await slices(session)
  } catch (error) {
    failure = error
    ending = defectEnding(error)
  }
  progress.clear()
  try {
    const end = await finish(session, ending)
    if (failure === undefined && interrupt.defect !== undefined) failure = interrupt.defect.error
    return { end, failure }
  } catch (error) {
    return { end: { ...ending, ...defectEnding(failure ?? error), verdicts: [] }, failure: failure ?? error }
  }
}

/** How long the plugins may take in silence. */
const patience = 1_000

/** Ends the plugins. One that hangs on a collector is left by a signal, and the report says what it could not do. */
async function finish({ driver, interrupt, host }: Session, ending: Ending): Promise<RunEnd> {
  const remark = setTimeout(() => host.note('The run is over; the plugins finish. Ctrl-C leaves them.\n'), patience)
  const left = interrupt.again().then((): RunEnd => ({ ...ending, verdicts: [] }))
  const finishing = driver.finish(ending)
  // Whoever was left may still fail later; by then nobody waits for it.
  finishing.catch(() => {})
  try {
    return await Promise.race([finishing, left])
  } finally {
    clearTimeout(remark)
  }
}

async function slices({ host, clock, machine, driver, interrupt, progress, awaited }: Session): Promise<Ending> {
  const pace = createPace()
  const { views } = machine
  for (;;) {
    const before = clock.now()
    const stop = machine.run(pace.slice)
    pace.took(clock.now() - before)
    if (stop !== undefined) return endingOf(stop, awaited)
    driver.slice()
    progress.update(views.instructions, views.cycle / views.timebaseHz)
    await host.turn()
    const full = driver.ready()
    if (full !== undefined) await Promise.race([full, interrupt.came])
    if (interrupt.defect !== undefined) throw interrupt.defect.error
    if (interrupt.signal !== undefined)
      return {
        cause: 'signal',
        exitStatus: host.statusOf(interrupt.signal),
        text: `by ${interrupt.signal}`,
      }
  }
}

/** Whoever asked for an end has it: status 0. A title that is over before is not what was asked for. */
function endingOf({ kind, text, met, fault }: NonNullable<ReturnType<Runnable['run']>>, awaited: boolean): Ending {
  const unasked = awaited && kind === 'finished' ? exitStatus.unmet : statuses[kind]
  return {
    cause: kind,
    exitStatus: met === undefined ? unasked : exitStatus.finished,
    text,
    ...(met === undefined ? {} : { met }),
    ...(fault === undefined ? {} : { fault: { tid: fault.tid, pc: fault.pc, text: fault.text } }),
  }
}

function defectEnding(error: unknown): Ending {
  const text =
    error instanceof Failure
      ? error.message
      : `Xenoscope itself failed: ${
          failureText(error)
            .split('\n')[0]
            ?.replace(/^xenoscope: /, '') ?? ''
        }.`
  return { cause: 'defect', exitStatus: statusOf(error), text }
}
