/** What the running title says of itself in its own resource, read where it lies in memory. */
import { Failure } from '../base/failure.ts'
import { readTitleData, type TitleData, titleDataName } from '../base/title-data.ts'
import type { Kernel } from './context.ts'
import { kernelState } from './outcome.ts'
import { settingBytes } from './settings.ts'
import { headerField, headerKey, resourceOf } from './xex-header.ts'

/** The title's number, 0 when it has none. */
export function titleId(k: Kernel): number {
  const at = headerField(k.memory, k.modules.title?.header ?? 0, headerKey.executionInfo)
  return at === 0 ? 0 : k.memory.load32(at + 0xc)
}

const unreadable = kernelState('title-data', () => ({ isTold: false }))

/** Undefined when the title has no such resource, or one that cannot be read, which is said once. */
export function titleData(k: Kernel): TitleData | undefined {
  const { title } = k.modules
  if (title === undefined) return undefined
  const name = titleDataName(titleId(k))
  const found = resourceOf(k.memory, title.header, name)
  if (found === undefined) return undefined
  const isInImage = found.address >= title.base && found.address + found.size <= title.base + title.size
  try {
    return readTitleData(isInImage ? k.memory.read(found.address, found.size) : new Uint8Array(0), `resource ${name}`)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const state = k.state(unreadable)
    if (!state.isTold) k.ports.print(`[title] ${error.message}`)
    state.isTold = true
    return undefined
  }
}

const language = { category: 3, setting: 9 } as const

/** The language that the console speaks: no number of one is larger than the last byte of the setting. */
export const consoleLanguage = (k: Kernel): number => settingBytes(k, language.category, language.setting)?.at(-1) ?? 0
