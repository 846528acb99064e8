/**
 * The compiler's translator in a thread of its own. Requests go there as messages; answers are taken without turning the
 * event loop, since the thread that runs the machine seldom does. It starts with a large title, and else when there is
 * something hot, so a short run has none; it keeps nobody from exiting.
 */
import { extname } from 'node:path'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Delivery, TranslationPort } from '../cpu/compiler/tier.ts'
import type { TranslationRequest, TranslatorSetup } from '../cpu/compiler/translator.ts'

/** What the thread is started with. */
export interface TranslatorStart {
  /** Counts the answers. */
  readonly answered: Int32Array
}
/** Messages to the thread; requests are for the setup before. */
export type TranslatorMessage = { readonly setup: TranslatorSetup } | { readonly request: TranslationRequest }
export type TranslatorAnswer = (Delivery | { readonly error: unknown }) & {
  /** How many setups there had been. */
  readonly setups: number
}

/** Serves one processor after the other. */
export interface TranslatorThread extends TranslationPort {
  /** Ends the thread, if there is one; nothing is to be asked any more. */
  close(): void
}

const program = new URL(`./translator-thread${extname(import.meta.url)}`, import.meta.url)

export function createTranslatorThread(): TranslatorThread {
  let thread: Worker | undefined
  let failure: { readonly error: unknown } | undefined
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const { port1: ours, port2: theirs } = new MessageChannel()
  const post = (message: TranslatorMessage): void => ours.postMessage(message)
  let taken = 0
  let setups = 0

  function start(): Worker {
    const started = new Worker(program, { name: 'translator' })
    started.on('error', (error: unknown) => {
      failure ??= { error }
    })
    started.unref()
    started.postMessage({ answered, port: theirs }, [theirs])
    return started
  }

  return {
    begin(setup) {
      thread ??= start()
      setups += 1
      post({ setup })
    },
    ask: request => post({ request }),
    answer() {
      if (failure !== undefined) throw failure.error
      while (Atomics.load(answered, 0) !== taken) {
        const message: TranslatorAnswer | undefined = receiveMessageOnPort(ours)?.message
        if (message === undefined) return undefined
        taken += 1
        // What an earlier processor asked for is nobody's.
        if (message.setups !== setups) continue
        if ('error' in message) throw message.error
        return message
      }
      return undefined
    },
    close() {
      ours.close()
      void thread?.terminate()
    },
  }
}
