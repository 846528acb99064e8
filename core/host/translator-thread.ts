/** The thread of translator.ts. */
import { enableCompileCache } from 'node:module'
import { type MessagePort, parentPort } from 'node:worker_threads'
import type { Translator } from '../cpu/compiler/translator.ts'
import type { TranslatorAnswer, TranslatorMessage, TranslatorStart } from './translator.ts'

// The translator is in use three times sooner if the host has compiled it before.
enableCompileCache()
const { createTranslator } = await import('../cpu/compiler/translator.ts')

parentPort?.once('message', ({ answered, port }: TranslatorStart & { readonly port: MessagePort }) => {
  let translator: Translator | undefined
  let setups = 0
  function serve(message: TranslatorMessage): TranslatorAnswer | undefined {
    try {
      if ('setup' in message) {
        setups += 1
        translator = createTranslator(message.setup, () => performance.now())
        return undefined
      }
      const translation = translator?.translate(message.request)
      if (translation === undefined) throw new Error('there is no translator')
      const module = translation.units.length === 0 ? undefined : new WebAssembly.Module(translation.bytes)
      return { translation, module, setups }
    } catch (error) {
      return { error, setups }
    }
  }
  port.on('message', (message: TranslatorMessage) => {
    const answer = serve(message)
    if (answer === undefined) return
    port.postMessage(answer)
    Atomics.add(answered, 0, 1)
  })
})
