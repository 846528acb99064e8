/** Game pads as a title asks for them: what they show, and what was pressed as keys. */
import { expect, test } from 'vitest'
import { createPads } from '../../../core/devices/input.ts'
import { win32 } from '../../../core/kernel/status.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

const second = 50_000_000
const kinds = { pad: 1, keyboard: 2, any: 0xff } as const
const any = 0xff

interface PadBench extends Workbench {
  /** Lets milliseconds pass, for the title and for who plays. */
  wait(milliseconds: number): void
}

function padBench(script: string): PadBench {
  const pads = createPads(script, second)
  const bench: Workbench = createWorkbench(
    {},
    { input: { pad: index => pads.at(index, bench.core.kernel.time.now()) } },
  )
  return Object.assign(bench, { wait: (milliseconds: number) => bench.pass((milliseconds * second) / 1000) })
}

/** Every key there is to be told, with its flags; the code of the call that had none. */
function keys(bench: Workbench, user = 0, which: number = kinds.pad): (string | number)[] {
  const at = bench.cell()
  const told: (string | number)[] = []
  for (;;) {
    const code = Number(bench.call(1, 'XamInputGetKeystroke', user, which, at))
    if (code !== 0) return [...told, code]
    told.push(`${bench.memory.load16(at).toString(16)}:${bench.memory.load16(at + 4)} ${bench.memory.load8(at + 6)}`)
  }
}

test('a button that is pressed is a key that goes down, repeats while it is held, and goes up', () => {
  const bench = padBench('100ms 0 press a 650ms')
  expect(keys(bench)).toEqual([win32.EMPTY])
  bench.wait(200)
  expect(keys(bench)).toEqual(['5800:1 0', win32.EMPTY])
  bench.wait(350)
  expect(keys(bench)).toEqual([win32.EMPTY])
  bench.wait(100)
  expect(keys(bench)).toEqual(['5800:5 0', win32.EMPTY])
  bench.wait(90)
  expect(keys(bench)).toEqual([win32.EMPTY])
  bench.wait(60)
  expect(keys(bench)).toEqual(['5800:2 0', win32.EMPTY])
})

test('each button, trigger and direction of a stick has a key of its own', () => {
  const buttons = ['a', 'b', 'x', 'y', 'rb', 'lb', 'up', 'down', 'left', 'right', 'start', 'back', 'ls', 'rs']
  const bench = padBench(`${buttons.map(name => `10ms 0 press ${name}`).join('\n')}\n10ms 0 lt 255\n10ms 0 rt 31`)
  bench.wait(20)
  const down = keys(bench).slice(0, -1)
  expect(down.map(key => Number.parseInt(String(key), 16) & 0xff)).toEqual([
    0, 1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 6, 7,
  ])
})

test.each([
  ['up', 0, 32767, '20'],
  ['down', 0, -32768, '21'],
  ['right', 32767, 0, '22'],
  ['left', -32768, 0, '23'],
  ['up and left', -20000, 20000, '24'],
  ['up and right', 20000, 20000, '25'],
  ['down and right', 20000, -20000, '26'],
  ['down and left', -20000, -20000, '27'],
])('a stick that points %s is a key, and the other stick is another', (_, x, y, key) => {
  const bench = padBench(`1ms 0 lx ${x}\n1ms 0 ly ${y}\n1s 0 lx 0\n1s 0 ly 0\n1s 0 rx ${x}\n1s 0 ry ${y}`)
  bench.wait(10)
  expect(keys(bench)).toEqual([`58${key}:1 0`, win32.EMPTY])
  bench.wait(1_000)
  expect(keys(bench)).toEqual([`58${key}:2 0`, `58${Number(key) + 10}:1 0`, win32.EMPTY])
})

test('who asks for any pad is told whose key it was, and a pad that is not there says so', () => {
  const bench = padBench('1ms 2 connect\n2ms 2 press b')
  expect(keys(bench, 2)).toEqual([win32.DEVICE_NOT_CONNECTED])
  bench.wait(10)
  const [user, at] = [bench.words(any), bench.cell()]
  expect(bench.call(1, 'XamInputGetKeystrokeEx', user, kinds.any, at)).toBe(0)
  expect([bench.memory.load32(user), bench.memory.load16(at), bench.memory.load8(at + 6)]).toEqual([2, 0x5801, 2])
  bench.memory.store32(user, any)
  expect(bench.call(1, 'XamInputGetKeystrokeEx', user, kinds.any, at)).toBe(win32.EMPTY)
  expect(bench.memory.load32(user)).toBe(any)
  expect(keys(bench, 7)).toEqual([win32.DEVICE_NOT_CONNECTED])
})

test('who asks for keyboards alone finds none', () => {
  const bench = padBench('1ms 0 press a')
  bench.wait(10)
  expect(keys(bench, 0, kinds.keyboard)).toEqual([win32.DEVICE_NOT_CONNECTED])
  const at = bench.cell(0x20)
  for (const name of ['XamInputGetState', 'XamInputGetCapabilities']) {
    expect(bench.call(1, name, 0, kinds.keyboard, at), name).toBe(win32.DEVICE_NOT_CONNECTED)
    expect(
      [0, kinds.pad, kinds.any].map(which => bench.call(1, name, 0, which, at)),
      name,
    ).toEqual([0, 0, 0])
  }
})
