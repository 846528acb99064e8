/** Video, audio and input as the kernel stands between the title and the devices. */
import { expect, test } from 'vitest'
import { createPads } from '../../../core/devices/input.ts'
import { audioSlotFree } from '../../../core/kernel/audio.ts'
import type { KernelPorts } from '../../../core/kernel/ports.ts'
import { fenceWritten, framePresented, graphicsInterrupt } from '../../../core/kernel/video.ts'
import { code, createWorkbench, parked, type Workbench } from './workbench.ts'

const callback = code + 0x800

function videoBench(): { bench: Workbench; asked: unknown[][] } {
  const asked: unknown[][] = []
  const ports: Partial<KernelPorts> = {
    video: {
      setRing: (...given) => asked.push(['ring', ...given]),
      setReadPointerWriteBack: (...given) => asked.push(['write-back', ...given]),
    },
  }
  return { bench: createWorkbench({}, ports), asked }
}

test('the ring is as long as its logarithm says, at its physical address', () => {
  const { bench, asked } = videoBench()
  bench.call(1, 'VdInitializeRingBuffer', 0x1fff0000, 12)
  bench.call(1, 'VdEnableRingBufferRPtrWriteBack', 0x1ffe003c, 6)
  expect(asked).toEqual([
    ['ring', 0x1fff0000, 0x8000],
    ['write-back', 0x1ffe003c],
  ])
})

test('a vertical blank runs the callback on the interrupt context of its hardware thread, with its argument', () => {
  const { bench } = videoBench()
  const { kernel } = bench.core
  expect(graphicsInterrupt(kernel, 0, 2, 1)).toBe(false)
  bench.call(1, 'VdSetGraphicsInterruptCallback', callback, 0x1234)
  expect(graphicsInterrupt(kernel, 0, 2, 1)).toBe(true)
  bench.core.begin(2)
  expect([kernel.frame.pc, kernel.frame.word(3), kernel.frame.word(4)]).toEqual([callback, 0, 0x1234])
  expect(kernel.memory.load8(kernel.frame.word(13) + 0x10c)).toBe(2)
  bench.call(1, 'VdSetGraphicsInterruptCallback', 0, 0)
  expect(graphicsInterrupt(kernel, 0, 2, 1)).toBe(false)
})

test('vertical blanks that nobody took are one, commands of the stream are each their own', () => {
  const { bench } = videoBench()
  const { kernel } = bench.core
  bench.call(1, 'VdSetGraphicsInterruptCallback', callback, 0)
  expect([0, 0, 1, 1].map(source => graphicsInterrupt(kernel, source, 5, 1))).toEqual([true, false, true, true])
  expect(kernel.scheduler.hardware[5]?.work.length).toBe(3)
})

test('an interrupt is told when its callback begins to run, and which of its source it was', () => {
  const { bench } = videoBench()
  const { kernel } = bench.core
  bench.call(1, 'VdSetGraphicsInterruptCallback', callback, 0)
  const told = () => bench.told('interrupt.begun')
  graphicsInterrupt(kernel, 1, 2, 7)
  graphicsInterrupt(kernel, 0, 2, 12)
  expect(told()).toEqual([])
  bench.core.begin(2)
  expect(told()).toMatchObject([
    { origin: 1, n: 7, routine: callback, hardwareThread: 2, actor: 'interrupt', tid: 0, lr: 0, serial: 0 },
  ])
})

test('a fence is the command stream’s: no thread acts, and the fact says where, what and by which packet', () => {
  const bench = createWorkbench()
  bench.told()
  fenceWritten(bench.core.kernel, 0x1fc00000, 77, 0x58)
  expect(bench.told()).toMatchObject([
    { kind: 'fence.written', address: 0x1fc00000, value: 77, packet: 0x58, tid: 0, actor: 'device' },
  ])
})

test('a frame on show is told by the command stream, with its number and its front buffer', () => {
  const { bench } = videoBench()
  framePresented(bench.core.kernel, 3, 0x1fa54000, 1280, 720)
  expect(bench.told('frame.presented')).toMatchObject([
    { n: 3, frontBuffer: 0x1fa54000, width: 1280, height: 720, actor: 'device', tid: 0, lr: 0 },
  ])
})

test('a swap overwrites the 64 dwords set aside with packets that count the frame when the stream reaches it', () => {
  const { bench } = videoBench()
  const target = bench.cell(0x100)
  bench.memory.fill(target, 0x100, 0xff)
  const fetch = bench.words(0x00000002, 0xbfa54006, 3, 4, 5, 6)
  const surface = 0xbfa54000
  bench.call(1, 'VdSwap', target, fetch, 0, 0, 0, bench.words(surface), 0, 0, bench.words(1280), bench.words(720))
  const dwords = Array.from({ length: 64 }, (_, i) => bench.memory.load32(target + i * 4))
  expect(dwords.slice(0, 12)).toEqual([
    0x00054800, 2, 0x1fa54006, 3, 4, 5, 6, 0xc0036400, 0x53574150, 0x1fa54000, 1280, 720,
  ])
  expect(new Set(dwords.slice(12))).toEqual(new Set([0x80000000]))
})

test('questions about the picture are answered for 1280 by 720 at 60 Hz', () => {
  const { bench } = videoBench()
  const at = bench.cell(0x60)
  bench.call(1, 'VdQueryVideoMode', at)
  expect([0, 1, 2, 3, 4, 5].map(i => bench.memory.load32(at + i * 4))).toEqual([1280, 720, 0, 1, 1, 0x42700000])
  bench.call(1, 'VdGetCurrentDisplayInformation', at)
  expect([bench.memory.load16(at), bench.memory.load16(at + 2), bench.memory.load16(at + 0x48)]).toEqual([
    1280, 720, 1280,
  ])
  expect(bench.call(1, 'VdQueryVideoFlags')).toBe(3)
  expect(bench.call(1, 'VdIsHSIOTrainingSucceeded')).toBe(1)
  expect(bench.call(1, 'VdRetrainEDRAM', 0, 0, 0, 0, 0, 0)).toBe(0)
})

test('the command buffer of the system is a block of zeros with a token in it', () => {
  const { bench } = videoBench()
  const buffer = bench.cell(0xa0)
  bench.memory.fill(buffer, 0xa0, 0xff)
  const token = bench.cell()
  bench.call(1, 'VdGetSystemCommandBuffer', buffer, token)
  expect(bench.memory.load32(buffer)).not.toBe(0)
  expect(bench.memory.load32(token)).not.toBe(0)
  expect([bench.memory.load32(buffer + 0x90), bench.memory.load32(buffer + 0x94)]).toEqual([0, 0xffffffff])
})

test('the scaler fills its buffer with no-operations, and says how many', () => {
  const { bench } = videoBench()
  const target = bench.cell(0x20)
  expect(bench.call(1, 'VdInitializeScalerCommandBuffer', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, target, 4)).toBe(4)
  expect([3, 4].map(i => bench.memory.load32(target + i * 4))).toEqual([0x80000000, 0])
})

test('a persisted display is memory that can be given back', () => {
  const { bench } = videoBench()
  const out = bench.cell()
  expect(bench.call(1, 'VdPersistDisplay', 0, out)).toBe(1)
  const block = bench.memory.load32(out)
  bench.memory.store32(block, 1)
  bench.call(1, 'MmFreePhysicalMemory', 0, block)
  expect(bench.call(1, 'MmIsAddressValid', block)).toBe(0)
})

interface AudioBench {
  readonly bench: Workbench
  readonly submitted: number[]
  readonly driver: number
  readonly tid: number
}

function audioBench(): AudioBench {
  const submitted: number[] = []
  const clients = new Set<number>()
  const bench = createWorkbench(
    {},
    {
      audio: {
        register() {
          clients.add(clients.size)
          return clients.size - 1
        },
        unregister: client => clients.delete(client),
        submit(client) {
          submitted.push(client)
          return clients.has(client)
        },
      },
    },
  )
  const driverAt = bench.cell()
  expect(bench.call(1, 'XAudioRegisterRenderDriverClient', bench.words(callback, 0x99), driverAt)).toBe(0)
  const worker = [...bench.core.kernel.threads.all.values()].find(thread => thread.name === 'audio 0')
  return { bench, submitted, driver: bench.memory.load32(driverAt), tid: worker?.tid ?? 0 }
}

test('an audio client is called on a thread of its own with a pointer to its argument, once a slot', () => {
  const { bench, tid } = audioBench()
  const { kernel } = bench.core
  expect(bench.runs(tid)).toBe(false)
  expect(audioSlotFree(kernel, 0)).toBe(true)
  const frame = bench.frameOf(tid)
  expect(frame.pc).toBe(callback)
  expect(bench.memory.load32(frame.word(3))).toBe(0x99)
  expect(audioSlotFree(kernel, 0)).toBe(false)
  bench.returnFrom(tid)
  expect(bench.runs(tid)).toBe(false)
  expect(audioSlotFree(kernel, 0)).toBe(true)
  expect(bench.frameOf(tid).pc).toBe(callback)
})

test('a callback may wait, and goes on when it is woken', () => {
  const { bench, tid } = audioBench()
  audioSlotFree(bench.core.kernel, 0)
  const event = bench.cell()
  bench.call(1, 'KeInitializeEvent', event, 1, 0)
  expect(bench.call(tid, 'KeWaitForSingleObject', event, 3, 1, 0, 0)).toBe(parked)
  expect(audioSlotFree(bench.core.kernel, 0)).toBe(false)
  bench.call(1, 'KeSetEvent', event, 0, 0)
  expect(bench.result(tid)).toBe(0)
})

test('frames are taken from clients that are registered', () => {
  const { bench, driver, submitted } = audioBench()
  expect(driver >>> 16).toBe(0x4155)
  expect(bench.call(1, 'XAudioSubmitRenderDriverFrame', driver, 0)).toBe(0)
  expect(Number(bench.call(1, 'XAudioSubmitRenderDriverFrame', driver + 1, 0))).not.toBe(0)
  expect(submitted).toEqual([0])
})

test('a client that leaves takes its thread with it, from within its callback too', () => {
  const { bench, driver, tid } = audioBench()
  audioSlotFree(bench.core.kernel, 0)
  const { lr } = bench.frameOf(tid)
  expect(bench.call(tid, 'XAudioUnregisterRenderDriverClient', driver)).toBe(0)
  expect(audioSlotFree(bench.core.kernel, 0)).toBe(false)
  bench.frameOf(tid).lr = lr
  bench.returnFrom(tid)
  expect(bench.core.kernel.threads.byTid(tid)).toBeUndefined()
})

test('a client that leaves while it waits is gone as well', () => {
  const { bench, driver, tid } = audioBench()
  bench.runs(tid)
  expect(bench.call(1, 'XAudioUnregisterRenderDriverClient', driver)).toBe(0)
  bench.runs(tid)
  expect(bench.core.kernel.threads.byTid(tid)).toBeUndefined()
})

function padBench(script: string): { bench: Workbench; clock: { now: number } } {
  const pads = createPads(script, 50_000_000)
  const clock = { now: 0 }
  return { bench: createWorkbench({}, { input: { pad: index => pads.at(index, clock.now) } }), clock }
}

test('a pad shows the script at the time it is asked, and the others are not connected', () => {
  const { bench, clock } = padBench('1s 0 press a\n1s 0 press guide\n+1s 0 lx -2')
  const at = bench.cell()
  expect(bench.call(1, 'XamInputGetState', 0, 1, at)).toBe(0)
  expect([bench.memory.load32(at), bench.memory.load16(at + 4)]).toEqual([0, 0])
  clock.now = 50_000_000
  bench.call(1, 'XamInputGetState', 0, 1, at)
  expect([bench.memory.load32(at), bench.memory.load16(at + 4)]).toEqual([2, 0x1000])
  clock.now = 100_000_000
  bench.call(1, 'XamInputGetState', 0xff, 1, at)
  expect(bench.memory.load16(at + 8)).toBe(0xfffe)
  for (const pad of [1, 2, 3, 4]) expect(bench.call(1, 'XamInputGetState', pad, 1, at)).toBe(0x48f)
  expect(bench.call(1, 'XamInputGetCapabilities', 0, 1, at)).toBe(0)
  expect(bench.call(1, 'XamInputGetCapabilities', 1, 1, at)).toBe(0x48f)
})

test('the message of a box is printed, and its first button is pressed', () => {
  const bench = createWorkbench()
  const wide = (text: string): number => {
    const at = bench.cell(text.length * 2 + 2)
    for (let i = 0; i < text.length; i += 1) bench.memory.store16(at + i * 2, text.charCodeAt(i))
    return at
  }
  const overlapped = bench.cell(0x1c)
  const result = bench.words(7)
  const answer = bench.call(
    1,
    'XamShowMessageBoxUIEx',
    0,
    wide('Title'),
    wide('No media'),
    1,
    0,
    0,
    0,
    0,
    result,
    overlapped,
  )
  expect(answer).toBe(0x3e5)
  expect(bench.printed.join()).toContain('Title: No media')
  expect(bench.call(1, 'XamIsUIActive')).toBe(1)
  bench.pass(10_000_000)
  expect(bench.call(1, 'XamIsUIActive')).toBe(0)
  expect([bench.memory.load32(overlapped), bench.memory.load32(result)]).toEqual([0, 0])
})

test('a dirty disc is the end of the title', () => {
  const bench = createWorkbench()
  bench.call(1, 'XamShowDirtyDiscErrorUI', 0)
  expect(bench.core.stopped()?.text).toContain('disc')
})
