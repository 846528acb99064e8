/** The thread of translator.ts. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { createTranslator, type TranslationRequest } from '../cpu/compiler/translator.ts'
import type { TranslatorAnswer, TranslatorStart } from './translator.ts'

parentPort?.once('message', ({ setup, answered, port }: TranslatorStart & { readonly port: MessagePort }) => {
  const translator = createTranslator(setup, () => performance.now())
  function serve(request: TranslationRequest): TranslatorAnswer {
    try {
      const translation = translator.translate(request)
      const module = translation.units.length === 0 ? undefined : new WebAssembly.Module(translation.bytes)
      return { translation, module }
    } catch (error) {
      return { error }
    }
  }
  port.on('message', (request: TranslationRequest) => {
    port.postMessage(serve(request))
    Atomics.add(answered, 0, 1)
  })
})
