import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { status } from '../../../core/kernel/status.ts'
import { createWorkbench, type Workbench } from './workbench.ts'

/** Puts bytes at a fresh place, with a NUL behind. */
function narrow(bench: Workbench, text: string): number {
  const at = bench.cell(text.length + 1)
  bench.memory.write(at, new Uint8Array([...Buffer.from(text, 'latin1'), 0]))
  return at
}

function wide(bench: Workbench, text: string): number {
  const at = bench.cell(text.length * 2 + 2)
  for (let i = 0; i < text.length; i += 1) bench.memory.store16(at + i * 2, text.charCodeAt(i))
  bench.memory.store16(at + text.length * 2, 0)
  return at
}

const ansi = (bench: Workbench, text: string, room = text.length): number =>
  bench.words((text.length << 16) | room, narrow(bench, text.padEnd(room)))

function wideAt(bench: Workbench, at: number): string {
  let text = ''
  for (let unit = bench.memory.load16(at); unit !== 0; unit = bench.memory.load16(at + text.length * 2))
    text += String.fromCharCode(unit)
  return text
}

test('a counted string is made of a text without copying it', () => {
  const bench = createWorkbench()
  const text = narrow(bench, 'game:\\x')
  const at = bench.cell()
  bench.call(1, 'RtlInitAnsiString', at, text)
  expect([bench.memory.load16(at), bench.memory.load16(at + 2), bench.memory.load32(at + 4)]).toEqual([7, 8, text])
  bench.call(1, 'RtlInitAnsiString', at, 0)
  expect([bench.memory.load32(at), bench.memory.load32(at + 4)]).toEqual([0, 0])
  bench.call(1, 'RtlInitUnicodeString', at, wide(bench, 'ab'))
  expect([bench.memory.load16(at), bench.memory.load16(at + 2)]).toEqual([4, 6])
})

test('a wide string becomes a narrow one in memory of the kernel, until it is freed', () => {
  const bench = createWorkbench()
  const source = bench.cell()
  bench.call(1, 'RtlInitUnicodeString', source, wide(bench, 'snow☃'))
  const target = bench.cell()
  const used = bench.core.kernel.pool.used
  expect(bench.call(1, 'RtlUnicodeStringToAnsiString', target, source, 1)).toBe(0)
  expect(bench.memory.text(bench.memory.load32(target + 4))).toBe('snow?')
  expect(bench.core.kernel.pool.used).toBeGreaterThan(used)
  bench.call(1, 'RtlFreeAnsiString', target)
  expect(bench.core.kernel.pool.used).toBe(used)
  expect(bench.memory.load32(target + 4)).toBe(0)
  const small = ansi(bench, '', 4)
  expect(bench.call(1, 'RtlUnicodeStringToAnsiString', small, source, 0)).toBe(status.BUFFER_OVERFLOW)
  expect(bench.memory.text(bench.memory.load32(small + 4))).toBe('sno')
})

test('narrow text becomes wide and back, as much as fits', () => {
  const bench = createWorkbench()
  const units = bench.cell(32)
  const written = bench.cell()
  bench.call(1, 'RtlMultiByteToUnicodeN', units, 8, written, narrow(bench, 'h\xe9llo'), 5)
  expect(bench.memory.load32(written)).toBe(8)
  expect(wideAt(bench, units).slice(0, 4)).toBe('h\xe9ll')
  const bytes = bench.cell(32)
  bench.call(1, 'RtlUnicodeToMultiByteN', bytes, 3, written, units, 8)
  expect(bench.memory.text(bytes, 3)).toBe('h\xe9l')
})

test('strings are copied, appended to and compared within their room', () => {
  const bench = createWorkbench()
  const target = ansi(bench, 'abc', 5)
  expect(bench.call(1, 'RtlAppendStringToString', target, ansi(bench, 'de'))).toBe(0)
  expect(bench.call(1, 'RtlAppendStringToString', target, ansi(bench, 'f'))).toBe(status.BUFFER_TOO_SMALL)
  expect(bench.call(1, 'RtlCompareString', target, ansi(bench, 'ABCDE'), 1)).toBe(0)
  expect(Number(bench.call(1, 'RtlCompareString', target, ansi(bench, 'ABCDE'), 0)) | 0).toBeGreaterThan(0)
  expect(Number(bench.call(1, 'RtlCompareString', target, ansi(bench, 'abcdef'), 0)) | 0).toBeLessThan(0)
  bench.call(1, 'RtlCopyString', target, ansi(bench, 'longer than that'))
  expect(bench.call(1, 'RtlCompareString', target, ansi(bench, 'longe'), 0)).toBe(0)
  expect(bench.call(1, 'RtlUpperChar', 0xe9)).toBe(0xc9)
  expect(bench.call(1, 'RtlLowerChar', 0x5a)).toBe(0x7a)
  expect(bench.call(1, 'RtlUpcaseUnicodeChar', 0x3b1)).toBe(0x391)
})

test('arguments of a format come from registers, then from the stack', () => {
  const bench = createWorkbench()
  const at = bench.cell(64)
  const format = narrow(bench, '%d %d %d %d %d %d %s %d')
  const count = bench.call(1, 'sprintf', at, format, 1, 2, 3, 4, 5, 6, narrow(bench, 'seven'), 8n)
  expect(bench.memory.text(at)).toBe('1 2 3 4 5 6 seven 8')
  expect(count).toBe(19)
})

test('the counted functions put no NUL where the text just fits, and say when it does not', () => {
  const bench = createWorkbench()
  const at = bench.cell()
  bench.memory.fill(at, 16, 0x2a)
  expect(bench.call(1, '_snprintf', at, 3, narrow(bench, 'abc'))).toBe(3)
  expect(bench.memory.text(at, 5)).toBe('abc**')
  expect(Number(bench.call(1, '_snprintf', at, 2, narrow(bench, 'xyz'))) | 0).toBe(-1)
  expect(bench.memory.text(at, 5)).toBe('xyc**')
  expect(bench.call(1, '_snprintf', at, 4, narrow(bench, 'q'))).toBe(1)
  expect(bench.memory.text(at)).toBe('q')
  expect(bench.call(1, '_scprintf', narrow(bench, '%05d'), 7)).toBe(5)
})

test('a list of arguments is 8-byte slots in memory', () => {
  const bench = createWorkbench()
  const list = bench.cell(32)
  bench.memory.store64(list, 42n)
  bench.memory.store64(list + 8, 0x3ff8000000000000n)
  const at = bench.cell(32)
  expect(bench.call(1, '_vsnprintf', at, 32, narrow(bench, '%d %.2f'), list)).toBe(7)
  expect(bench.memory.text(at)).toBe('42 1.50')
  expect(bench.call(1, 'vsprintf', at, narrow(bench, '%d'), list)).toBe(2)
})

test('wide formats make wide text', () => {
  const bench = createWorkbench()
  const at = bench.cell(32)
  expect(bench.call(1, 'swprintf', at, wide(bench, '%s-%S'), wide(bench, 'w'), narrow(bench, 'n'))).toBe(3)
  expect(wideAt(bench, at)).toBe('w-n')
  expect(Number(bench.call(1, '_snwprintf', at, 2, wide(bench, 'abc'))) | 0).toBe(-1)
})

test('what the title prints reaches its developers', () => {
  const bench = createWorkbench()
  bench.call(1, 'DbgPrint', narrow(bench, 'error %x'), 0xdead)
  bench.call(1, 'OutputDebugStringA', narrow(bench, 'plain'))
  expect(bench.printed).toEqual(['error dead', 'plain'])
})

test('a time and its fields are each made of the other', () => {
  const bench = createWorkbench()
  const fields = bench.cell()
  const time = bench.long(127_794_240_123_450_000n)
  bench.call(1, 'RtlTimeToTimeFields', time, fields)
  expect([0, 2, 4].map(at => bench.memory.load16(fields + at))).toEqual([2005, 12, 19])
  const back = bench.cell()
  expect(bench.call(1, 'RtlTimeFieldsToTime', fields, back)).toBe(1)
  expect(bench.memory.load64(back)).toBe(127_794_240_123_450_000n)
  bench.memory.store16(fields + 2, 13)
  expect(bench.call(1, 'RtlTimeFieldsToTime', fields, back)).toBe(0)
})

test('a status is an error of the Win32 layer', () => {
  expect(createWorkbench().call(1, 'RtlNtStatusToDosError', status.OBJECT_NAME_NOT_FOUND)).toBe(2)
})

test('a checksum goes on from its seed', () => {
  const bench = createWorkbench()
  const at = narrow(bench, 'hello')
  fc.assert(
    fc.property(fc.nat(5), cut => {
      const first = bench.call(1, 'RtlComputeCrc32', 0, at, cut)
      expect(bench.call(1, 'RtlComputeCrc32', Number(first), at + cut, 5 - cut)).toBe(crc32('hello'))
    }),
    { numRuns: 10 },
  )
})

test.each<[string, number, number, number, number | bigint]>([
  ['the television region', 2, 2, 4, 0x1000n],
  ['the language', 3, 9, 4, 1n],
  ['the video flags', 3, 0xa, 4, 0x40000n],
])('the console says %s', (_what, category, setting, size, expected) => {
  const bench = createWorkbench()
  const at = bench.cell()
  const needed = bench.cell()
  expect(bench.call(1, 'ExGetXConfigSetting', category, setting, at, size, needed)).toBe(0)
  expect(BigInt(bench.memory.load32(at))).toBe(expected)
  expect(bench.memory.load16(needed)).toBe(size)
})

test.each([
  ['a category that does not exist', 0x40, 1, 4, status.INVALID_PARAMETER_1],
  ['a setting that does not exist', 3, 0x99, 4, status.INVALID_PARAMETER_2],
  ['a buffer that is too small', 3, 9, 2, status.BUFFER_TOO_SMALL],
])('%s is refused', (_what, category, setting, size, code) => {
  const bench = createWorkbench()
  expect(bench.call(1, 'ExGetXConfigSetting', category, setting, bench.cell(), size, 0)).toBe(code)
})

test('a size without a buffer is refused, and no buffer at all asks for the size', () => {
  const bench = createWorkbench()
  const needed = bench.cell()
  expect(bench.call(1, 'ExGetXConfigSetting', 3, 9, 0, 4, needed)).toBe(status.INVALID_PARAMETER_3)
  expect(bench.call(1, 'ExGetXConfigSetting', 3, 9, 0, 0, needed)).toBe(0)
  expect(bench.memory.load16(needed)).toBe(4)
})

test('a setting that a title changes is read back, at its own size alone', () => {
  const bench = createWorkbench()
  const [at, back] = [bench.words(7), bench.cell()]
  expect(bench.call(1, 'ExSetXConfigSetting', 3, 9, at, 4)).toBe(0)
  expect(bench.call(1, 'ExGetXConfigSetting', 3, 9, back, 4, 0)).toBe(0)
  expect(bench.memory.load32(back)).toBe(7)
  expect([
    bench.call(1, 'ExSetXConfigSetting', 0x40, 9, at, 4),
    bench.call(1, 'ExSetXConfigSetting', 3, 0x99, at, 4),
    bench.call(1, 'ExSetXConfigSetting', 3, 9, 0, 4),
    bench.call(1, 'ExSetXConfigSetting', 3, 9, at, 2),
  ]).toEqual([
    status.INVALID_PARAMETER_1,
    status.INVALID_PARAMETER_2,
    status.INVALID_PARAMETER_3,
    status.INVALID_PARAMETER_4,
  ])
})
