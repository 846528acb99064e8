/**
 * The thread of translator.ts. It looks for requests by itself, more seldom the longer there are none, and does not sleep
 * until it is woken: to wake it would cost the thread that runs the machine more than all else that it has to do for a
 * request, most of all where the two share a core.
 */
import { enableCompileCache } from 'node:module'
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads'
import type { Translator } from '../cpu/compiler/translator.ts'
import type { TranslatorAnswer, TranslatorMessage, TranslatorStart } from './translator.ts'

// The translator is in use three times sooner if the host has compiled it before.
enableCompileCache()
const { createTranslator } = await import('../cpu/compiler/translator.ts')

/** What a module was made of stays here: to take it over would cost the thread that runs the machine. */
const none = new Uint8Array(0)
/** Milliseconds from one look to the next, at first and at most. */
const shortestPause = 0.5
const longestPause = 16

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
      return { translation: { ...translation, bytes: none }, module, setups }
    } catch (error) {
      return { error, setups }
    }
  }

  const sleep = new Int32Array(new SharedArrayBuffer(4))
  let pause = shortestPause
  function look(): void {
    const message: TranslatorMessage | undefined = receiveMessageOnPort(port)?.message
    if (message === undefined) {
      Atomics.wait(sleep, 0, 0, pause)
      pause = Math.min(2 * pause, longestPause)
    } else {
      pause = shortestPause
      const answer = serve(message)
      if (answer !== undefined) {
        port.postMessage(answer)
        Atomics.add(answered, 0, 1)
      }
    }
    // What the host does between the turns of its loop gets its chance.
    setImmediate(look)
  }
  look()
})
