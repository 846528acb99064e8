import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Delivery } from '../../../core/cpu/compiler/tier.ts'
import type { TranslationRequest } from '../../../core/cpu/compiler/translator.ts'
import { createTranslatorThread } from '../../../core/host/translator.ts'
import { codeBase, createWorkbench } from '../cpu/workbench.ts'

const request: TranslationRequest = {
  mode: { wide: false, exact: true, fuses: true },
  entries: [],
  room: 1_000,
  stops: new Set(),
  whole: new Set(),
  callTargets: [],
  jumps: [],
  forget: false,
}
const addresses = (count: number): number[] => Array.from({ length: count }, (_, i) => codeBase + 4 * i)

test('an answer is whole, however much longer or shorter it is than the one before', async () => {
  const translation = createTranslatorThread()
  // So large a title that the thread is told of it at once. Nothing is translated: all that is asked for has to wait.
  const functions = new Map(addresses(1_000).map(address => [address, 4]))
  createWorkbench({}, false, { engine: 'tiered', translation, functions, unitsInModule: 0 })
  async function answerTo(entries: readonly number[]): Promise<Delivery> {
    translation.ask({ ...request, entries })
    for (;;) {
      const answer = translation.answer()
      if (answer !== undefined) return answer
      await setTimeout(1)
    }
  }
  for (const count of [1, 20_000, 3, 50_000, 0, 49_000]) {
    const entries = addresses(count)
    expect((await answerTo(entries)).translation.waiting).toEqual(entries)
  }
  translation.close()
})
