/** A title with a list of achievements in its image: packed with it, loaded, run, and asked of by the title's own code. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Engine } from '../../../core/cpu/run.ts'
import { createSilentSink } from '../../../core/facts/sink.ts'
import { parseImage } from '../../../core/loader/load.ts'
import { packElf } from '../../../core/loader/pack.ts'
import { createMachine } from '../../../core/machine/machine.ts'
import { createMemory } from '../../../core/memory/guest.ts'
import { guest } from '../../guests/expectations.ts'
import { makeTitleData } from '../../kit/title-data.ts'
import { runToEnd } from './guests.ts'

const resource = makeTitleData({
  texts: { 1: { 1: 'First', 2: 'Done', 3: 'Do it', 4: 'Second', 5: 'Third' } },
  achievements: [
    { id: 7, label: 1, description: 2, unachieved: 3, score: 20 },
    { id: 8, label: 4, description: 2, unachieved: 3, score: 5 },
    { id: 9, label: 5, description: 2, unachieved: 3, score: 115 },
  ],
})

const memory = createMemory()

test.each<Engine>(['interpreter', 'compiler'])('a title lists them, achieves one and lists them again (%s)', engine => {
  const { elf } = guest('achievements')
  const { xex } = packElf(readFileSync(elf), 'achievements.elf', {
    titleId: 0x58450001,
    resources: [{ name: '58450001', bytes: resource }],
  })
  const printed: string[] = []
  const machine = createMachine({
    image: parseImage(xex, 'achievements.xex'),
    sink: createSilentSink(),
    memory,
    engine,
    print: text => printed.push(text),
    options: { limit: 10_000_000 },
  })
  expect(runToEnd(machine).kind).toBe('finished')
  expect(printed).toEqual([
    'First: Do it 20',
    'Second: Do it 5',
    'Third: Do it 115',
    '[achievements] 7 unlocked: “First”, 20 points',
    'First: Done 20',
    'Second: Do it 5',
    'Third: Do it 115',
    'ok: 6 of 6',
  ])
})
