/** The network of a console whose cable is out: what its library remembers, and the codes it fails with. */
import type { Kernel } from './context.ts'
import { kernelState } from './outcome.ts'

/** Codes of the socket library, in its documentation's words. */
export const wsa = {
  invalidArgument: 10022,
  messageSize: 10040,
  networkDown: 10050,
  notSocket: 10038,
  notInitialised: 10093,
  hostNotFound: 11001,
} as const
export const socketError = -1

/** The port of games between consoles, until a title sets another. */
const systemLinkPort = 3074

/** The block a title may start the library with: its size in its first byte, then one byte a setting. */
export const parametersSize = 13

export const network = kernelState('network', () => ({
  started: 0,
  lastError: 0,
  systemLinkPort,
  /** What the library was started with; empty for its defaults. */
  parameters: new Uint8Array(0) as Uint8Array,
  /** Session keys that are registered, as hexadecimal digits of their identifiers. */
  keys: [] as string[],
}))

export function failWith(k: Kernel, code: number): number {
  k.state(network).lastError = code
  return socketError
}

/** The code of every call that would need another machine. */
export const reasonDown = (k: Kernel): number => (k.state(network).started > 0 ? wsa.networkDown : wsa.notInitialised)
