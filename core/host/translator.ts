/**
 * The compiler's translator in a thread of its own. Requests go there as messages; answers are taken without turning the
 * event loop, since the thread that runs the machine seldom does. The thread starts when there is something hot, so a short
 * run has none, and it keeps nobody from exiting.
 */
import { extname } from 'node:path'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Delivery, TranslationPort } from '../cpu/compiler/tier.ts'
import type { TranslationRequest, TranslatorSetup } from '../cpu/compiler/translator.ts'

/** What the thread is started with, and what it answers. */
export interface TranslatorStart {
  readonly setup: TranslatorSetup
  /** Counts the answers. */
  readonly answered: Int32Array
}
export type TranslatorAnswer = Delivery | { readonly error: unknown }

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
  let taken = 0

  return {
    begin(setup) {
      thread = new Worker(program, { name: 'translator' })
      thread.on('error', (error: unknown) => {
        failure ??= { error }
      })
      thread.unref()
      thread.postMessage({ setup, answered, port: theirs }, [theirs])
    },
    ask: (request: TranslationRequest) => ours.postMessage(request),
    answer() {
      if (failure !== undefined) throw failure.error
      if (Atomics.load(answered, 0) === taken) return undefined
      const message: TranslatorAnswer | undefined = receiveMessageOnPort(ours)?.message
      if (message === undefined) return undefined
      taken += 1
      if ('error' in message) throw message.error
      return message
    },
    close() {
      ours.close()
      void thread?.terminate()
    },
  }
}
