import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TranslatedUnit, Translation, TranslationRequest } from '../../../core/cpu/compiler/translation.ts'
import {
  createWords,
  requestIn,
  translationIn,
  wordsOfRequest,
  wordsOfTranslation,
} from '../../../core/host/translator-words.ts'

const word = fc.integer({ min: 0, max: 0xffff_ffff })
const list = fc.array(word)
const milliseconds = fc.integer({ min: 0, max: 1_000_000 }).map(micro => micro / 1_000)

const request: fc.Arbitrary<TranslationRequest> = fc.record(
  {
    mode: fc.record({ wide: fc.boolean(), exact: fc.boolean(), fuses: fc.boolean(), quick: fc.boolean() }),
    entries: list,
    room: word,
    longest: fc.integer({ min: 1, max: 1_000 }),
    stops: list.map(all => new Set(all)),
    whole: list.map(all => new Set(all)),
    callTargets: list,
    jumps: fc.array(fc.tuple(word, word)),
    forget: fc.boolean(),
  },
  { requiredKeys: ['mode', 'entries', 'room', 'stops', 'whole', 'callTargets', 'jumps', 'forget'] },
)
const unit: fc.Arbitrary<TranslatedUnit> = fc
  .record({ entry: word, slot: word, instructions: word, milliseconds, blocks: fc.array(fc.tuple(word, word)) })
  .map(({ blocks, ...rest }) => ({
    ...rest,
    starts: Uint32Array.from(blocks, ([start]) => start),
    ends: Uint32Array.from(blocks, ([, end]) => end),
  }))
const translation: fc.Arbitrary<Translation> = fc.record({
  bytes: fc.constant(new Uint8Array(0)),
  size: word,
  units: fc.array(unit),
  instructions: word,
  pages: list,
  slots: word,
  refused: list,
  waiting: list,
  scattered: list,
  milliseconds,
})

test('a request is the same when it is read as when it was written', () => {
  fc.assert(
    fc.property(request, asked => {
      const words = createWords(wordsOfRequest(asked).length)
      words.fill(0xffff_ffff)
      words.set(wordsOfRequest(asked))
      expect(requestIn(words)).toEqual(asked)
    }),
  )
})

test('an answer is the same when it is read as when it was written', () => {
  fc.assert(
    fc.property(translation, answer => {
      expect(translationIn(Uint32Array.from(wordsOfTranslation(answer)))).toEqual(answer)
    }),
  )
})
