import { describe, expect, test } from 'vitest'
import { away, code, createWorkbench, type Workbench } from './workbench.ts'

const routine = code + 0x400

/** A registration in the title's memory. */
const registration = (bench: Workbench, entry: number, priority: number): number => bench.words(entry, priority, 0, 0)

const pcOf = (bench: Workbench, tid: number): number => bench.frameOf(tid).pc

describe('a routine registered for threads', () => {
  test('is told of a thread by its maker before the first instruction, and then the call is over', () => {
    const bench = createWorkbench()
    const at = registration(bench, routine, 0)
    bench.call(1, 'ExRegisterThreadNotification', at, 1)
    const handleAt = bench.cell()
    const tidAt = bench.cell()
    const created = () => bench.call(1, 'ExCreateThread', handleAt, 0, tidAt, 0, code + 0x200, 0, 1 << 25)
    expect(created()).toBe(away)
    const tid = bench.memory.load32(tidAt)
    const body = bench.core.kernel.threads.byTid(tid)?.object.address
    const frame = bench.frameOf(1)
    expect([frame.pc, frame.word(3), frame.word(4), frame.word(5)]).toEqual([routine, at, body, 1])
    expect(bench.runs(tid)).toBe(false)
    bench.returnFrom(1, 99)
    expect(bench.result(1)).toBe(0)
    expect(bench.runs(tid)).toBe(true)
  })

  test('is told of the end by the thread that ends, while it is still whole', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const at = registration(bench, routine, 0)
    bench.call(1, 'ExRegisterThreadNotification', at, 1)
    bench.told()
    expect(bench.call(a.tid, 'ExTerminateThread', 7)).toBe(away)
    const frame = bench.frameOf(a.tid)
    expect([frame.pc, frame.word(3), frame.word(4), frame.word(5)]).toEqual([routine, at, a.at, 0])
    expect(bench.told('thread.exited')).toEqual([])
    bench.returnFrom(a.tid)
    expect(bench.told('thread.exited')).toMatchObject([{ thread: a.tid, code: 7 }])
  })

  test('comes before the rundown of APCs, also where the thread returns from its first function', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const apc = bench.cell(0x30)
    bench.call(1, 'ExRegisterThreadNotification', registration(bench, routine, 0), 1)
    bench.call(1, 'KeInitializeApc', apc, a.at, 0, code + 0x700, code + 0x720, 1, 0)
    bench.call(1, 'KeInsertQueueApc', apc, 0, 0, 0)
    const frame = bench.frameOf(a.tid)
    const trap = bench.core.kernel.traps.threadReturn
    frame.setWord(3, 5)
    frame.pc = trap + 4
    bench.core.call(bench.memory.load32(trap + 8))
    expect(pcOf(bench, a.tid)).toBe(routine)
    bench.returnFrom(a.tid)
    expect([pcOf(bench, a.tid), bench.frameOf(a.tid).word(3)]).toEqual([code + 0x700, apc])
    bench.told()
    bench.returnFrom(a.tid)
    expect(bench.told('thread.exited')).toMatchObject([{ code: 5 }])
  })

  test('a suspended thread stays suspended when everybody has been told', () => {
    const bench = createWorkbench()
    bench.call(1, 'ExRegisterThreadNotification', registration(bench, routine, 0), 1)
    const tidAt = bench.cell()
    bench.call(1, 'ExCreateThread', 0, 0, tidAt, 0, code + 0x200, 0, (1 << 25) | 1)
    bench.returnFrom(1)
    expect(bench.runs(bench.memory.load32(tidAt))).toBe(false)
  })

  test('higher priorities come first, equals in their order, and who was taken back not at all', () => {
    const bench = createWorkbench()
    const a = bench.thread(1)
    const [low, first, second, gone] = [
      registration(bench, routine, 1),
      registration(bench, routine + 0x10, 5),
      registration(bench, routine + 0x20, 5),
      registration(bench, routine + 0x30, 9),
    ]
    for (const at of [low, first, second, gone]) bench.call(1, 'ExRegisterThreadNotification', at, 1)
    bench.call(1, 'ExRegisterThreadNotification', gone, 0)
    bench.call(a.tid, 'ExTerminateThread', 0)
    const told = []
    for (; bench.core.kernel.threads.byTid(a.tid) !== undefined; bench.returnFrom(a.tid))
      told.push(bench.frameOf(a.tid).word(3))
    expect(told).toEqual([first, second, low])
  })
})

describe('a routine registered for the end of the title', () => {
  const finished = { kind: 'finished', exitCode: 0 }

  test('is called with nothing before the title ends, higher priorities first', () => {
    const bench = createWorkbench()
    bench.call(1, 'ExRegisterTitleTerminateNotification', registration(bench, routine, 1), 1)
    bench.call(1, 'ExRegisterTitleTerminateNotification', registration(bench, routine + 0x10, 0x7c800000), 1)
    expect(bench.call(1, 'XamLoaderTerminateTitle')).toBe(away)
    expect(pcOf(bench, 1)).toBe(routine + 0x10)
    expect(bench.core.stopped()).toBeUndefined()
    bench.returnFrom(1)
    expect(pcOf(bench, 1)).toBe(routine)
    bench.returnFrom(1)
    expect(bench.core.stopped()).toMatchObject({ ...finished, text: 'the title terminated itself' })
  })

  test('is called when the first thread ends', () => {
    const bench = createWorkbench()
    bench.call(1, 'ExRegisterTitleTerminateNotification', registration(bench, routine, 0), 1)
    bench.call(1, 'ExTerminateThread', 3)
    expect(pcOf(bench, 1)).toBe(routine)
    bench.returnFrom(1)
    expect(bench.core.stopped()).toMatchObject({ kind: 'finished', exitCode: 3 })
  })

  test('may end the title itself, and is not called again for that', () => {
    const bench = createWorkbench()
    bench.call(1, 'ExRegisterTitleTerminateNotification', registration(bench, routine, 0), 1)
    bench.call(1, 'XamLoaderTerminateTitle')
    bench.call(1, 'XamLoaderLaunchTitle', 0, 0)
    expect(bench.core.stopped()).toMatchObject({ ...finished, text: 'the title went back to the dashboard' })
  })

  test('hears nothing of a reset, nor of a title that stops at a bug check', () => {
    for (const name of ['HalReturnToFirmware', 'KeBugCheck']) {
      const bench = createWorkbench()
      bench.call(1, 'ExRegisterTitleTerminateNotification', registration(bench, routine, 0), 1)
      bench.call(1, name, 1)
      expect(bench.core.stopped()).toBeDefined()
    }
  })

  test('that was taken back is not called', () => {
    const bench = createWorkbench()
    const at = registration(bench, routine, 0)
    bench.call(1, 'ExRegisterTitleTerminateNotification', at, 1)
    bench.call(1, 'ExRegisterTitleTerminateNotification', at, 0)
    bench.call(1, 'XamLoaderTerminateTitle')
    expect(bench.core.stopped()).toMatchObject(finished)
  })
})
