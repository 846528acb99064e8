import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Delivery } from '../../../core/cpu/compiler/translation.ts'
import { createTranslatorThread, type TranslatorThread } from '../../../core/host/translator.ts'
import { requestOf, usualMode } from '../../kit/translation.ts'
import { codeBase, createWorkbench } from '../cpu/workbench.ts'

const request = requestOf({ mode: { ...usualMode, exact: true }, room: 1_000 })
const addresses = (count: number): number[] => Array.from({ length: count }, (_, i) => codeBase + 4 * i)

/** Nothing is translated: all that is asked for has to wait. */
function beginIn(translation: TranslatorThread): void {
  createWorkbench({}, false, { engine: 'tiered', translation, unitsInModule: 0 })
}
async function answerOf(translation: TranslatorThread): Promise<Delivery> {
  for (;;) {
    const answer = translation.answer()
    if (answer !== undefined) return answer
    await setTimeout(1)
  }
}

test('an answer is whole, however much longer or shorter it is than the one before', async () => {
  const translation = createTranslatorThread()
  beginIn(translation)
  for (const count of [1, 20_000, 3, 50_000, 0, 49_000]) {
    const entries = addresses(count)
    translation.ask({ ...request, entries })
    expect((await answerOf(translation)).translation.waiting).toEqual(entries)
  }
  translation.close()
})

test('what came for one processor, which did not take it, is none of the next one’s', async () => {
  const translation = createTranslatorThread()
  for (const count of [1, 20_000, 30_000]) {
    const entries = addresses(count)
    beginIn(translation)
    translation.ask({ ...request, entries })
    expect((await answerOf(translation)).translation.waiting).toEqual(entries)
    // So long that a message comes with it.
    translation.ask({ ...request, entries: addresses(100_000) })
    await setTimeout(200)
  }
  translation.close()
})
