/**
 * The life of the plugins of one run: made before the title starts, fed by the bus, looked at between slices, waited for
 * when they are full, asked for verdicts, ended, asked for their report. Every step of every plugin is isolated: one
 * that fails is named and counted, and the others and the machine go on, unless the run is strict.
 */
import type { MachineViews } from '../facts/views.ts'
import type { OutputFile, PluginContext, PluginInstance, ReportSection, RunEnd, RunInfo, Verdict } from './api.ts'
import { type BalanceSheet, type Bus, createBus, type PluginFailure, type Subscriber } from './bus.ts'
import type { LoadedPlugin } from './load.ts'

export interface DriverOptions {
  readonly plugins: readonly LoadedPlugin[]
  readonly strict?: boolean
  /** Milliseconds of the host. */
  clock?(): number
  /** One line to the person who runs it. */
  log(line: string): void
  /** Makes a file of the run; undefined when nothing may be written. */
  output?(name: string): OutputFile | undefined
}

/** What a plugin cost and gave. */
export interface PluginSummary {
  readonly plugin: string
  readonly facts: number
  /** Estimated time spent in its fact handler; undefined without a clock. */
  readonly milliseconds: number | undefined
  /** How long the machine stood still because it was full. */
  readonly waitedMilliseconds: number | undefined
  readonly failures: number
  readonly muted: boolean
  /** The first failure, in words. */
  readonly firstFailure: string | undefined
  readonly counters: Readonly<Record<string, number>>
}

export interface Driver {
  /** What the machine gives its facts to. */
  readonly sink: Bus
  /** Makes the instances. The sink's masks are known from here on. */
  start(run: RunInfo, machine: MachineViews): void
  /** Between slices. */
  slice(): void
  /** A promise while some plugin is full. It never rejects. */
  ready(): Promise<void> | undefined
  /** Verdicts of all, then the end of all. Answers the end as the plugins saw it. */
  finish(end: Omit<RunEnd, 'verdicts'>): Promise<RunEnd>
  sections(): readonly ReportSection[]
  summary(): readonly PluginSummary[]
  balance(): BalanceSheet
}

interface Member {
  readonly subscriber: Subscriber
  waited: number
}

export function createDriver(options: DriverOptions): Driver {
  const members: Member[] = []
  const { clock, strict = false } = options
  const bus = createBus({ strict, failed: note, ...(clock === undefined ? {} : { clock }) })

  function note({ subscriber, muted }: PluginFailure): void {
    const { name, failures, firstFailure } = subscriber
    if (failures === 1) options.log(`${name}: ${firstFailure}`)
    if (muted) options.log(`${name}: failed ${failures} times and gets no more facts`)
  }

  const guard = <T>({ subscriber }: Member, at: string, hook: (instance: PluginInstance) => T): T | undefined =>
    bus.guard(subscriber, at, () => hook(subscriber.instance))

  /** Waits for what a hook answered; a rejection is a failure of the plugin. */
  async function settle({ subscriber }: Member, at: string, promise: void | Promise<void> | undefined): Promise<void> {
    try {
      await promise
    } catch (error) {
      bus.failure(subscriber, at, error)
    }
  }

  function start(run: RunInfo, machine: MachineViews): void {
    for (const { plugin, options: chosen } of options.plugins) {
      const context: PluginContext = {
        run,
        machine,
        output: name => options.output?.(name),
        log: line => options.log(`${plugin.name}: ${line}`),
      }
      members.push({ subscriber: bus.attach(plugin.name, () => plugin.create(context, chosen)), waited: 0 })
    }
  }

  async function wait(member: Member, promise: Promise<void>): Promise<void> {
    const from = clock?.() ?? 0
    await settle(member, 'ready', promise)
    member.waited += (clock?.() ?? 0) - from
  }

  function ready(): Promise<void> | undefined {
    let waits: Promise<void>[] | undefined
    for (const member of members) {
      if (member.subscriber.muted) continue
      const promise = guard(member, 'ready', instance => instance.ready?.())
      if (promise === undefined) continue
      waits ??= []
      waits.push(wait(member, promise))
    }
    return waits === undefined ? undefined : Promise.all(waits).then(() => {})
  }

  /** A strict run fails only after every plugin had its end: what one holds is not lost for another's failure. */
  async function finish(end: Omit<RunEnd, 'verdicts'>): Promise<RunEnd> {
    const verdicts: Verdict[] = []
    const failures: unknown[] = []
    const attempt = async (step: () => void | Promise<void>): Promise<void> => {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    for (const member of members)
      await attempt(() => {
        verdicts.push(...(guard(member, 'verdicts', instance => [...(instance.verdicts?.(end) ?? [])]) ?? []))
      })
    const whole: RunEnd = { ...end, verdicts }
    for (const member of members)
      await attempt(() =>
        settle(
          member,
          'end',
          guard(member, 'end', instance => instance.end?.(whole)),
        ),
      )
    if (failures.length > 0) throw failures[0]
    return whole
  }

  return {
    sink: bus,
    start,
    slice() {
      for (const member of members) if (!member.subscriber.muted) guard(member, 'slice', instance => instance.slice?.())
    },
    ready,
    finish,
    sections: () =>
      members.flatMap(member => guard(member, 'report', instance => [...(instance.report?.() ?? [])]) ?? []),
    summary() {
      const { plugins } = bus.balance()
      return members.map((member, i) => ({
        plugin: member.subscriber.name,
        facts: plugins[i]?.delivered ?? 0,
        milliseconds: plugins[i]?.milliseconds,
        waitedMilliseconds: clock === undefined ? undefined : member.waited,
        counters: guard(member, 'counters', instance => instance.counters?.()) ?? {},
        failures: member.subscriber.failures,
        muted: member.subscriber.muted,
        firstFailure: member.subscriber.firstFailure,
      }))
    },
    balance: () => bus.balance(),
  }
}
