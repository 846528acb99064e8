/**
 * The thread of translator.ts. It looks for requests by itself, more seldom the longer there are none, and does not sleep
 * until it is woken: to wake it would cost the thread that runs the machine more than all else that it has to do for a
 * request, most of all where the two share a core.
 */
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { createTranslator, type Translator } from '../cpu/compiler/translator.ts'
import type { TranslatorAnswer, TranslatorMessage } from './translator.ts'
import { createExchange, createWords, place, requestIn, wordsOfTranslation } from './translator-words.ts'

/** Milliseconds from one look to the next, at first and at most. */
const shortestPause = 0.5
const longestPause = 16

parentPort?.once('message', (port: MessagePort) => {
  let translator: Translator | undefined
  let failed: { readonly error: unknown } | undefined
  let { counters, requests, answers } = createExchange()
  let setups = 0
  let served = 0

  function take(message: TranslatorMessage): void {
    requests = message.requests
    if (!('setup' in message)) return
    setups += 1
    served = 0
    counters = message.counters
    answers = message.answers
    failed = undefined
    try {
      translator = createTranslator(message.setup, () => performance.now())
    } catch (error) {
      failed = { error }
    }
  }

  /** Answers a request; what is to be sent with it, if there is anything. */
  function serve(): Omit<TranslatorAnswer, 'setups'> | undefined {
    try {
      if (failed !== undefined) return failed
      const translation = translator?.translate(requestIn(requests))
      if (translation === undefined) throw new Error('there is no translator')
      const module = translation.units.length === 0 ? undefined : new WebAssembly.Module(translation.bytes)
      const words = wordsOfTranslation(translation)
      const isLarge = words.length > answers.length
      if (isLarge) answers = createWords(words.length)
      answers.set(words)
      counters[place.words] = words.length
      return module || isLarge ? { ...(module && { module }), ...(isLarge && { answers }) } : undefined
    } catch (error) {
      return { error }
    }
  }

  let pause = shortestPause
  function look(): void {
    const before = counters
    // A request is counted after all that it needs was sent.
    const asked = Atomics.load(counters, place.asked)
    let message: TranslatorMessage | undefined
    do {
      message = receiveMessageOnPort(port)?.message
      if (message !== undefined) take(message)
    } while (message !== undefined)
    if (counters !== before) pause = shortestPause
    else if (asked === served) {
      Atomics.wait(counters, place.asked, asked, pause)
      pause = Math.min(2 * pause, longestPause)
    } else {
      pause = shortestPause
      served = asked
      const more = serve()
      if (more !== undefined) port.postMessage({ ...more, setups })
      counters[place.message] = Number(more !== undefined)
      Atomics.add(counters, place.answered, 1)
    }
    // What the host does between the turns of its loop gets its chance.
    setImmediate(look)
  }
  look()
})
