/**
 * The compiler's translator in a thread of its own. Requests and answers are numbers in memory that both threads see
 * (translator-words.ts), and modules come as messages, which are taken without turning the event loop, since the thread
 * that runs the machine seldom does. It starts at once, since that takes it longer than anything else has to wait; it keeps
 * nobody from exiting.
 */
import { extname } from 'node:path'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { TranslationPort, TranslatorSetup } from '../cpu/compiler/translation.ts'
import { createExchange, createWords, type Exchange, place, translationIn, wordsOfRequest } from './translator-words.ts'

/** Messages to the thread: what all requests from then on are for, and where they will be if they need more room. */
export type TranslatorMessage = ({ readonly setup: TranslatorSetup } & Exchange) | Pick<Exchange, 'requests'>
/** What comes with an answer that has more than numbers, or is elsewhere than those before it. */
export interface TranslatorAnswer extends Partial<Pick<Exchange, 'answers'>> {
  /** How many setups there had been. */
  readonly setups: number
  readonly module?: WebAssembly.Module
  readonly error?: unknown
}

/** Serves one processor after the other. */
export interface TranslatorThread extends TranslationPort, Disposable {
  /** Ends the thread, if it has not ended; nothing is to be asked any more. */
  close(): void
}

const program = new URL(`./translator-thread${extname(import.meta.url)}`, import.meta.url).href
/**
 * What the host has compiled before is loaded three times sooner; it has to be told so before it loads anything. The line
 * holds in a script and in a module, whichever the host takes it for, and a rejection would not end the thread everywhere.
 */
const start =
  "process.getBuiltinModule('node:module').enableCompileCache();" +
  `import(${JSON.stringify(program)}).catch(error => setImmediate(() => { throw error }))`

export function createTranslatorThread(): TranslatorThread {
  let failure: { readonly error: unknown } | undefined
  const { port1: ours, port2: theirs } = new MessageChannel()
  const post = (message: TranslatorMessage): void => ours.postMessage(message)
  let { counters, requests, answers } = createExchange()
  let taken = 0
  let setups = 0

  const thread = new Worker(start, { name: 'translator', eval: true })
  thread.on('error', (error: unknown) => {
    failure ??= { error }
  })
  thread.unref()
  thread.postMessage(theirs, [theirs])

  /** The message of the last answer; what an earlier processor asked for is nobody's. */
  function message(): TranslatorAnswer {
    for (;;) {
      const next: TranslatorAnswer | undefined = receiveMessageOnPort(ours)?.message
      if (next === undefined) throw new Error('the translator has not sent what it said it had')
      if (next.setups === setups) return next
    }
  }

  function close(): void {
    ours.close()
    void thread.terminate()
  }

  return {
    begin(setup) {
      setups += 1
      taken = 0
      ;({ counters, requests, answers } = createExchange())
      post({ setup, counters, requests, answers })
    },
    ask(request) {
      const words = wordsOfRequest(request)
      if (words.length > requests.length) {
        requests = createWords(words.length)
        post({ requests })
      }
      requests.set(words)
      Atomics.add(counters, place.asked, 1)
    },
    answer() {
      if (failure !== undefined) throw failure.error
      const answered = Atomics.load(counters, place.answered)
      if (answered === taken) return undefined
      taken = answered
      const more = counters[place.message] === 0 ? undefined : message()
      if (more !== undefined && 'error' in more) throw more.error
      answers = more?.answers ?? answers
      // The next answer takes the place of this one; what units say of their blocks goes when their module does.
      return { translation: translationIn(answers.slice(0, counters[place.words])), module: more?.module }
    },
    close,
    [Symbol.dispose]: close,
  }
}
