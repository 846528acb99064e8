import { describe, expect, test } from 'vitest'
import { guests } from '../../guests/expectations.ts'
import { machineOf, runToEnd } from './guests.ts'

describe.each(guests())('$name', guest => {
  test.each([
    ['ELF', guest.elf],
    ['XEX2', guest.xex],
  ])('as %s ends as it says, and prints what it says', (_, path) => {
    const { machine, printed } = machineOf(path)
    const stop = runToEnd(machine)
    expect({ kind: stop.kind, exit: stop.exitCode ?? 0 }, stop.text).toEqual({ kind: guest.stop, exit: 0 })
    expect(printed).toEqual(guest.prints)
    expect(
      machine.views
        .missingExports()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(guest.missing.toSorted())
    if (guest.fault !== undefined) {
      const { symbol, offset, address } = guest.fault
      expect(stop.fault).toMatchObject({ code: 'load', tid: 1, ...(address === undefined ? {} : { address }) })
      if (path === guest.elf)
        expect(machine.views.nameOf(stop.fault?.pc ?? 0)).toBe(`${symbol}+0x${offset.toString(16).toUpperCase()}`)
    }
  })
})
