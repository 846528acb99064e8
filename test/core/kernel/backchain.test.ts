import { describe, expect, test } from 'vitest'
import { createStackTable, type WalkPorts, walkFrames } from '../../../core/kernel/backchain.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { access } from '../../../core/memory/map.ts'

const stack = { low: 0x70000000, high: 0x70010000 }
const code = 0x82000000
const memory = createMemory()
memory.commit(stack.low, 0x10000, access.read | access.write)
memory.commit(code, 0x10000, access.read | access.execute)
const ports: WalkPorts = { memory, framesOf: () => 'xbox', root: 0x80040100 }

/** Lays out frames of 0x60 bytes from the top down; the stack pointer of the innermost. */
function frames(returns: readonly number[], slot: number): number {
  memory.fill(stack.low, 0x10000, 0)
  let sp = stack.high - 0x80
  for (const lr of returns) {
    memory.store32(sp - 0x60, sp)
    memory.store32(sp + slot, lr)
    sp -= 0x60
  }
  return sp
}

const returns = [code + 0x10, code + 0x20, code + 0x30]

describe('a walk of the back chain', () => {
  test('goes from the live registers to the root of the thread', () => {
    const sp = frames(returns, -8)
    const walk = walkFrames(ports, sp, code + 0x40, stack, 6)
    expect(walk.stop).toBe('end')
    expect(walk.frames.map(frame => frame.lr - code)).toEqual([0x40, 0x30, 0x20, 0x10])
    expect(walk.frames.map(frame => frame.fp)).toEqual([sp, sp + 0x60, sp + 0xc0, sp + 0x120])
  })

  test('finds the return address above the back chain in System V frames', () => {
    const sp = frames(returns, 4)
    const walk = walkFrames({ ...ports, framesOf: () => 'sysv' }, sp, code + 0x40, stack, 6)
    expect(walk.frames.map(frame => frame.lr - code)).toEqual([0x40, 0x30, 0x20, 0x10])
  })

  test('stops at the limit', () => {
    const walk = walkFrames(ports, frames(returns, -8), code + 0x40, stack, 2)
    expect(walk).toMatchObject({ stop: 'limit', frames: { length: 2 } })
  })

  test.each([
    ['misaligned', (sp: number) => memory.store32(sp, sp + 0x61)],
    ['backwards', (sp: number) => memory.store32(sp, sp - 0x60)],
    ['outside-stack', (sp: number) => memory.store32(sp, 0x7fff0000)],
    ['not-code', (sp: number) => memory.store32(sp + 0x60 - 8, 0x40000000)],
  ] as const)('stops at the first frame that makes no sense: %s', (reason, spoil) => {
    const sp = frames(returns, -8)
    spoil(sp)
    expect(walkFrames(ports, sp, code + 0x40, stack, 6)).toEqual({
      frames: [{ fp: sp, lr: code + 0x40 }],
      stop: reason,
    })
  })

  test('does not leave a stack pointer that is nowhere', () => {
    expect(walkFrames(ports, 0x60000000, code, stack, 6).stop).toBe('outside-stack')
    expect(walkFrames(ports, 0x60000000, code, { low: 0, high: 0xffffffff }, 6).stop).toBe('unreadable')
  })

  test('ends where the first function of a thread returns to', () => {
    const sp = frames([ports.root, code + 0x20], -8)
    expect(walkFrames(ports, sp, code + 0x40, stack, 6)).toMatchObject({ stop: 'end', frames: { length: 2 } })
  })
})

describe('stacks', () => {
  const walk = (lr: number) => ({ frames: [{ fp: 0x70000100, lr }], stop: 'end' as const })

  test('that are equal have one number', () => {
    const table = createStackTable(8)
    const first = table.intern(walk(1))
    expect(table.intern(walk(2))).not.toBe(first)
    expect(table.intern(walk(1))).toBe(first)
    expect(table.get(first)).toEqual(walk(1))
  })

  test('are kept up to a bound, oldest first, and numbers never come back', () => {
    const table = createStackTable(2)
    const ids = [1, 2, 3].map(lr => table.intern(walk(lr)))
    expect(table.get(ids[0] ?? 0)).toBeUndefined()
    expect(table.evicted).toBe(1)
    expect(ids).not.toContain(table.intern(walk(1)))
  })
})
