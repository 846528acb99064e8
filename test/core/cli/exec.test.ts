import { describe, expect, test } from 'vitest'
import { createExecutor, exec } from '../../../core/cli/commands/exec.ts'
import { assembler } from '../../../core/cpu/isa.ts'

const base = 0x10000
const codeOf = (...lines: string[]): string =>
  assembler
    .words(lines, base)
    .map(word => word.toString(16).padStart(8, '0'))
    .join('')

const executor = createExecutor()
const ask = (request: object) => JSON.parse(executor.answer(JSON.stringify({ id: 'one', base, ...request })))

describe.each(['interpreter', 'compiler'])('exec with the %s', engine => {
  test('runs to the return and tells the registers asked for', () => {
    const code = codeOf('addi r3, r3, 5', 'stw r3, 0(r4)', 'cmpwi r3, 7', 'blr')
    const request = { engine, code, regs: { r3: '0x2', r4: 0x20000 }, mem: [{ addr: '0x20000', bytes: 'ffffffffff' }] }
    expect(ask({ ...request, out: ['r3', 'cr', 'lr'], outMem: [{ addr: 0x20000, len: 5 }] })).toEqual({
      id: 'one',
      status: 'ok',
      regs: { r3: '0x0000000000000007', cr: '0x20000000', lr: '0x00000000bffffff0' },
      mem: [{ addr: '0x00020000', bytes: '00000007ff' }],
      instructions: 4,
    })
  })

  test('returns to the LR that was given, also where that is code', () => {
    const code = codeOf('bl 0x1000c', 'addi r3, r3, 1', 'blr', 'addi r3, r3, 0x10', 'blr')
    expect(ask({ engine, code, entry: base + 12, regs: { lr: base + 4 }, out: ['r3'] })).toMatchObject({
      status: 'ok',
      regs: { r3: '0x0000000000000010' },
      instructions: 2,
    })
  })

  test('stops at the limit, exactly', () => {
    expect(ask({ engine, code: codeOf('addi r3, r3, 1', 'b 0x10000'), max: 101, out: ['r3'] })).toMatchObject({
      status: 'limit',
      regs: { r3: '0x0000000000000033' },
      instructions: 101,
    })
  })

  test('names the fault, with nothing of the instruction done', () => {
    expect(ask({ engine, code: codeOf('lwzu r3, 4(r5)', 'blr'), out: ['r5'] })).toMatchObject({
      status: 'fault',
      regs: { r5: '0x0000000000000000' },
      instructions: 0,
      error: 'load of 0x00000004 at 0x00010000: lwzu r3, 4(r5) (0x84650004)',
    })
    expect(ask({ engine, code: '00000000' }).error).toBe('illegal at 0x00010000: .long 0x00000000 (0x00000000)')
    expect(ask({ engine, code: codeOf('ba 0x100') }).error).toBe('fetch at 0x00000100, which is not executable memory')
  })

  test('takes 64-bit mode by request, and VSCR.NJ as set unless told otherwise', () => {
    const code = codeOf('add. r3, r3, r3', 'blr')
    const regs = { r3: '0x80000000' }
    expect(ask({ engine, code, regs, sf: 0, out: ['cr', 'vscr'] }).regs).toEqual({
      cr: '0x20000000',
      vscr: '0x00010000',
    })
    expect(ask({ engine, code, regs, sf: 1, out: ['cr'] }).regs).toEqual({ cr: '0x40000000' })
    expect(ask({ engine, code, regs: { vscr: 0 }, out: ['vscr'] }).regs).toEqual({ vscr: '0x00000000' })
  })

  test('takes and gives back every register, with all its bits', () => {
    const regs: Record<string, string> = {}
    const give = (name: string, digits: number, value: bigint): void => {
      regs[name] = `0x${BigInt.asUintN(4 * digits, value)
        .toString(16)
        .padStart(digits, '0')}`
    }
    const mixed = 0x9e3779b97f4a7c15f39cc0605cedc835n
    for (let n = 0; n < 32; n += 1) {
      give(`r${n}`, 16, mixed * BigInt(n + 1))
      give(`f${n}`, 16, mixed * BigInt(n + 33))
    }
    for (let n = 0; n < 128; n += 1) give(`v${n}`, 32, mixed * BigInt(n + 65))
    give('ctr', 16, mixed)
    give('lr', 16, 0x12345678bffffff0n)
    give('cr', 8, 0x87654321n)
    give('xer', 8, 0xe000007fn)
    give('fpscr', 8, 0x0000f003n)
    give('vscr', 8, 0x00010001n)
    give('vrsave', 8, 0xdeadbeefn)
    const answer = ask({ engine, code: codeOf('nop', 'blr'), regs })
    expect(answer.regs).toEqual(regs)
    expect(ask({ engine, code: codeOf('nop', 'blr'), regs, out: Object.keys(regs) }).regs).toEqual(regs)
  })

  test('forgets the memory and the code of the request before', () => {
    const code = codeOf('lwz r3, 0(r4)', 'blr')
    const mem = [{ addr: 0x30000, bytes: 'deadbeef' }]
    expect(ask({ engine, code, mem, regs: { r4: 0x30000 } }).status).toBe('ok')
    expect(ask({ engine, code, regs: { r4: 0x30000 } }).status).toBe('fault')
    expect(ask({ engine, code: codeOf('li r3, 9', 'blr'), out: ['r3'] }).regs).toEqual({ r3: '0x0000000000000009' })
  })
})

test('exec tells every register when none is asked for', () => {
  const { regs } = ask({
    code: codeOf('blr'),
    regs: { v127: '0x00112233445566778899aabbccddeeff', f31: '0x7ff0000000000001' },
  })
  expect(Object.keys(regs)).toHaveLength(32 + 32 + 128 + 7)
  expect(regs).toMatchObject({ v127: '0x00112233445566778899aabbccddeeff', f31: '0x7ff0000000000001' })
})

test('a kernel call finds no kernel, in either engine', () => {
  for (const engine of ['interpreter', 'compiler'])
    expect(ask({ engine, code: codeOf('sc 2', 'blr', 'nop', 'nop') })).toMatchObject({
      status: 'fault',
      error: 'kernel call 1610612736: there is no kernel here',
    })
})

test.each([
  ['{', 'not JSON'],
  ['[]', 'a request is a JSON object'],
  ['{"id":1}', 'base is no number'],
  ['{"id":1,"base":0,"code":"0"}', 'code is no text of pairs of hex digits'],
  ['{"id":1,"base":2,"code":"00000000"}', 'multiples of 4'],
  ['{"id":1,"base":0,"code":"","bass":1}', 'unknown key bass'],
  ['{"id":1,"base":0,"code":"","regs":{"r32":1}}', 'no register is called r32'],
  ['{"id":1,"base":0,"code":"","regs":{"r3":"-1"}}', 'r3 is no number'],
  ['{"id":1,"base":0,"code":"","regs":{"cr":"0x100000000"}}', 'cr is no number'],
  ['{"id":1,"base":0,"code":"","mem":[{"addr":0}]}', 'mem.bytes is no text'],
  ['{"id":1,"base":0,"code":"","engine":"jit"}', 'engine is neither'],
  ['{"id":1,"base":0,"code":"","outMem":[{"addr":0,"len":4}]}', 'is not memory of the request'],
  ['{"id":1,"base":"0xfffffffc","code":"0000000000000000"}', 'past the end'],
])('the request %s is refused, and the next one answered', async (line, error) => {
  const answers: string[] = []
  async function* input() {
    yield line
    yield ''
    yield JSON.stringify({ id: 2, base, code: codeOf('blr'), out: [] })
  }
  const status = await exec(input(), text => {
    answers.push(text)
  })
  expect(status).toBe(2)
  expect(JSON.parse(answers[0] ?? '')).toMatchObject({ status: 'fault', error: expect.stringContaining(error) })
  expect(JSON.parse(answers[1] ?? '')).toMatchObject({ id: 2, status: 'ok' })
})

test('exec answers with 0 when every line was a request, also where code faults', async () => {
  async function* input() {
    yield JSON.stringify({ base, code: '00000000', out: [] })
  }
  expect(await exec(input(), () => {})).toBe(0)
})
