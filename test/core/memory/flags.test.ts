import { describe, expect, it } from 'vitest'
import { createPageFlags } from '../../../core/memory/flags.ts'
import { access, hostMap, plain } from '../../../core/memory/map.ts'

describe('the answers of pages', () => {
  const memory = new Uint8Array(hostMap.plainPages + 0x10_0000)
  const flags = createPageFlags(memory)
  const answers = (page: number): number => memory[hostMap.plainPages + page] ?? 0
  const { read, write, device, code } = access
  const all = (plain.load | plain.store) * (1 + plain.from)

  it('say of an access that begins in a page what both that page and the next allow', () => {
    flags.set(16, read | write)
    expect(answers(16)).toBe(plain.load | plain.store)
    flags.set(17, read | write)
    expect(answers(16)).toBe(all)
    flags.set(17, read)
    expect(answers(16)).toBe(plain.load | plain.store | (plain.load * plain.from))
    expect(answers(17)).toBe(plain.load)
    flags.set(17, 0)
    expect(answers(16)).toBe(plain.load | plain.store)
  })

  it('allow no store where nothing may be loaded, so that who does both asks for stores alone', () => {
    flags.set(48, write)
    flags.set(49, read | write)
    expect(answers(48)).toBe(0)
  })

  it('keep stores off code, and everything off devices, from the page before as well', () => {
    flags.set(32, read | write)
    flags.set(33, read | write | code)
    expect(answers(32)).toBe(plain.load | plain.store | (plain.load * plain.from))
    expect(answers(33)).toBe(plain.load)
    flags.set(33, read | write | device)
    expect(answers(32)).toBe(plain.load | plain.store)
    expect(answers(33)).toBe(0)
  })
})
