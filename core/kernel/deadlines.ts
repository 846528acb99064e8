/** What happens at a guest time: timers expire, waits time out, requests complete; and the clock the title reads. */
import { fail } from '../base/failure.ts'
import { limits } from '../base/limits.ts'
import type { Kernel } from './context.ts'
import type { Later } from './outcome.ts'
import { takeRequest } from './requests.ts'
import { status } from './status.ts'
import { TIME_STAMP_BUNDLE } from './structs.ts'
import type { Clocks, Deadline } from './time.ts'
import { waitEnd } from './wait.ts'

export interface Deadlines {
  /** Serves every deadline that is reached, and writes the clocks. */
  serve(): void
  /** Writes the clocks where titles read them without a call. */
  writeClock(): void
}

export interface DeadlinePorts {
  readonly kernel: Kernel
  /** Runs a continuation with no thread acting. */
  complete(later: Later): void
}

export function createDeadlines({ kernel, complete }: DeadlinePorts): Deadlines {
  const { memory, time, audit, dispatcher, threads, timers, ports } = kernel
  const clocks: Clocks = { interruptHigh: 0, interruptLow: 0, systemHigh: 0, systemLow: 0, milliseconds: 0 }

  function writeClock(): void {
    const bundle = kernel.variable('KeTimeStampBundle')
    if (bundle === 0) return
    time.readClocks(clocks)
    memory.store32(bundle + TIME_STAMP_BUNDLE.interruptTime, clocks.interruptHigh)
    memory.store32(bundle + TIME_STAMP_BUNDLE.interruptTime + 4, clocks.interruptLow)
    memory.store32(bundle + TIME_STAMP_BUNDLE.systemTime, clocks.systemHigh)
    memory.store32(bundle + TIME_STAMP_BUNDLE.systemTime + 4, clocks.systemLow)
    memory.store32(bundle + TIME_STAMP_BUNDLE.tickCount, clocks.milliseconds)
  }

  function serveOne({ kind, id }: Deadline): void {
    if (kind === 'timer') timers.expire(id)
    else if (kind === 'wait') {
      const thread = threads.all.get(id)
      if (thread !== undefined)
        audit.as('deadline', 'timer', () => dispatcher.end(thread, status.TIMEOUT, waitEnd.timedOut, 0))
    } else if (kind === 'request') {
      const request = takeRequest(kernel, id)
      if (request !== undefined) audit.as('io-completion', 'device', () => complete(request))
    } else ports.onDeadline?.(kind, id)
  }

  return {
    serve() {
      let served = 0
      for (let due = time.takeDue(); due !== undefined; due = time.takeDue()) {
        served += 1
        if (served > limits.deadlinesAtOnce.value)
          throw fail('DEFECT', `${due.kind} ${due.id}`, `is due at tick ${due.at} again and again`)
        serveOne(due)
      }
      writeClock()
    },
    writeClock,
  }
}
