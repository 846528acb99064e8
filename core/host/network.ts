/** The network this process is on. */

import { connect } from 'node:net'
import { hostname } from 'node:os'

export interface Network {
  readonly hostName: string
  /** Whether somebody listens at the host and port of the URL. */
  reachable(url: string, milliseconds: number): Promise<boolean>
}

export const network: Network = {
  hostName: hostname(),
  reachable(url, milliseconds) {
    const { hostname: name, port, protocol } = new URL(url)
    return new Promise(resolve => {
      const socket = connect({
        host: name.replace(/^\[|\]$/g, ''),
        port: Number(port) || (protocol === 'https:' ? 443 : 80),
        timeout: milliseconds,
      })
      const answer = (yes: boolean) => {
        socket.destroy()
        resolve(yes)
      }
      socket.once('connect', () => answer(true))
      socket.once('timeout', () => answer(false))
      socket.once('error', () => answer(false))
    })
  },
}
