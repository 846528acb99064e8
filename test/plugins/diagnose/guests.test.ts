import { describe, expect, test } from 'vitest'
import { demo, type Guest, guests, type StuckWait } from '../../guests/expectations.ts'
import { type Ran, runFile } from '../../kit/runs.ts'

/** What the diagnosis said of stuck threads, an object a row, in the form of the guests' comments. */
function stuckWaits({ machine, verdicts }: Ran): StuckWait[] {
  const stuckThreads = new Set(verdicts.filter(({ stuck }) => stuck).map(({ tid }) => tid))
  return verdicts
    .filter(({ tid }) => stuckThreads.has(tid))
    .map(({ tid, serial, code }): StuckWait => {
      const object = machine.views.object(serial)
      const handle = object?.handles[0] ?? 0
      const place =
        object === undefined || handle !== 0 ? {} : placeOf(object.address, machine.views.nameOf(object.address))
      return {
        thread: machine.views.thread(tid)?.name ?? '',
        on: object?.kind ?? '',
        ...(object?.name ? { name: object.name } : {}),
        ...(handle === 0 ? place : { handle }),
        verdict: code,
      }
    })
}

const placeOf = (address: number, name: string) => (name.startsWith('0x') ? { handle: address } : { symbol: name })

const sorted = (waits: readonly StuckWait[]) =>
  waits.toSorted((a, b) => JSON.stringify([a.thread, a.handle]).localeCompare(JSON.stringify([b.thread, b.handle])))

const hanging = [...guests(), demo()].filter(({ stuck }) => stuck.length > 0)

describe.each(hanging)('$name: $story', (guest: Guest) => {
  test('the diagnosis says who is stuck, on what, and why', async () => {
    const ran = await runFile(guest.elf, { plugins: ['diagnose'] })
    expect(ran.end.exitStatus).toBe(guest.exit)
    const expected = guest.stuck.map(({ class: _class, member: _member, ...wait }) => wait)
    expect(sorted(stuckWaits(ran))).toMatchObject(sorted(expected))
    for (const { class: name, member = 0 } of guest.stuck)
      if (name !== undefined)
        expect(ran.verdicts.map(({ text }) => text).join('\n')).toContain(
          `(${name}+0x${member.toString(16).toUpperCase()})`,
        )
  })
})
