import type { Delivery, TranslationPort, TranslationRequest } from '../../core/cpu/compiler/translation.ts'
import { createTranslator, type Translator } from '../../core/cpu/compiler/translator.ts'
import type { Mode } from '../../core/cpu/wasm/program.ts'

/** That of titles where nobody asks for another. */
export const usualMode: Mode = { wide: false, exact: false, fuses: true }

/** A request for nothing, but for what is said. */
export const requestOf = (more: Partial<TranslationRequest>): TranslationRequest => ({
  mode: usualMode,
  entries: [],
  room: 0,
  stops: new Set(),
  whole: new Set(),
  callTargets: [],
  jumps: [],
  forget: false,
  ...more,
})

export interface LateTranslation extends TranslationPort {
  /** Answers that were taken. */
  readonly taken: number
  /** What has been asked and not taken. */
  readonly asked: TranslationRequest | undefined
}

/** A translator that lets the processor ask in vain so many times, going round the list, before it answers. */
export function lateTranslation(delays: readonly number[]): LateTranslation {
  let translator: Translator | undefined
  let ready: Delivery | undefined
  let asked: TranslationRequest | undefined
  let waits = 0
  let taken = 0
  return {
    get taken() {
      return taken
    },
    get asked() {
      return asked
    },
    begin(setup) {
      translator = createTranslator(setup)
    },
    ask(request) {
      if (asked !== undefined) throw new Error('a request before the answer to the last')
      asked = structuredClone(request)
      const translation = translator?.translate(asked)
      if (translation === undefined) throw new Error('a request before the beginning')
      const module = translation.units.length === 0 ? undefined : new WebAssembly.Module(translation.bytes)
      ready = { translation, module }
      waits = delays[taken % delays.length] ?? 0
    },
    answer() {
      if (waits > 0) {
        waits -= 1
        return undefined
      }
      const answer = ready
      ready = undefined
      asked = undefined
      if (answer !== undefined) taken += 1
      return answer
    },
  }
}
