import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createFolder } from '../../../core/host/folder.ts'

const outside = mkdtempSync(join(tmpdir(), 'folder-'))
afterAll(() => rmSync(outside, { recursive: true }))

test('a folder of the host shows plain files and folders, and no link out of it', () => {
  const root = join(outside, 'title')
  mkdirSync(join(root, 'Media'), { recursive: true })
  writeFileSync(join(outside, 'secret'), 'secret')
  writeFileSync(join(root, 'Media', 'a.bin'), 'abcdef')
  symlinkSync(join(outside, 'secret'), join(root, 'link'))
  symlinkSync(outside, join(root, 'up'))
  const folder = createFolder(root)
  expect(folder.list([])).toEqual([{ name: 'Media', directory: true, size: 0 }])
  expect(folder.list(['Media'])).toEqual([{ name: 'a.bin', directory: false, size: 6 }])
  const bytes = new Uint8Array(8)
  expect(folder.read(['Media', 'a.bin'], 2, bytes)).toBe(4)
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('cdef')
  expect(folder.read(['link'], 0, bytes)).toBe(0)
  expect(folder.list(['nothing'])).toEqual([])
  folder.close()
  expect(createFolder(root, join(root, 'Media')).list([])).toEqual([])
})

test('more files can be read than are kept open', () => {
  const root = join(outside, 'many')
  mkdirSync(root)
  for (let i = 0; i < 40; i += 1) writeFileSync(join(root, `${i}`), `${i}`)
  const folder = createFolder(root)
  for (let round = 0; round < 2; round += 1)
    for (let i = 0; i < 40; i += 1) {
      const bytes = new Uint8Array(4)
      expect(new TextDecoder().decode(bytes.subarray(0, folder.read([`${i}`], 0, bytes)))).toBe(`${i}`)
    }
  folder.close()
})
