/**
 * The network, with its cable out: the libraries start, the address is known to be none, and every call that would need
 * another machine fails as it does when the network is down.
 */
import {
  type Entry,
  hresult as hresultResult,
  i32,
  index,
  nothing,
  ptr,
  u16,
  u32,
  withoutEffect,
  xam,
} from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { kernelState } from '../../outcome.ts'
import { hresult } from '../../status.ts'

/** Codes of the socket library. */
const noNetwork = 'there is no network that could be started or left'

const wsa = {
  invalidArgument: 10022,
  networkDown: 10050,
  notSocket: 10038,
  notInitialised: 10093,
  hostNotFound: 11001,
} as const
const socketError = -1

/** What an address query says: `pending` keeps titles polling, so it is never said. */
const addressKind = { pending: 0, none: 1 } as const
const addressBytes = 36
const startupBytes = 0x190
const version = 0x0202

const network = kernelState('network', () => ({ started: 0, lastError: 0 }))

function failWith(k: Kernel, code: number): number {
  k.state(network).lastError = code
  return socketError
}

const down = (k: Kernel): number => failWith(k, k.state(network).started > 0 ? wsa.networkDown : wsa.notInitialised)

function startup(k: Kernel, at: number): number {
  k.state(network).started += 1
  if (at !== 0) {
    k.memory.fill(at, startupBytes, 0)
    k.memory.store16(at, version)
    k.memory.store16(at + 2, version)
  }
  return 0
}

/** A call that would need the network, by its number of arguments. */
const needsNetwork = (ordinal: number, name: string, count: number): Entry =>
  xam(
    ordinal,
    name,
    Array.from({ length: count }, (_, i) => u32(`a${i}`)),
    i32,
    ['network'],
    k => down(k),
  )

export const net: readonly Entry[] = [
  xam(
    1,
    'NetDll_WSAStartup',
    [u32('caller'), u16('version'), ptr('data')],
    i32,
    ['network'],
    (k, _caller, _version, at) => startup(k, at),
  ),
  xam(
    36,
    'NetDll_WSAStartupEx',
    [u32('caller'), u16('version'), ptr('data'), u32('needed')],
    i32,
    ['network'],
    (k, _caller, _version, at) => startup(k, at),
  ),
  xam(2, 'NetDll_WSACleanup', [u32('caller')], i32, ['network'], k => {
    const state = k.state(network)
    if (state.started === 0) return failWith(k, wsa.notInitialised)
    state.started -= 1
    return 0
  }),
  xam(27, 'NetDll_WSAGetLastError', [], u32, ['network', 'poll'], k => k.state(network).lastError),
  xam(28, 'NetDll_WSASetLastError', [u32('code')], nothing, ['network'], (k, code) => {
    k.state(network).lastError = code
  }),
  xam(
    51,
    'NetDll_XNetStartup',
    [u32('caller'), ptr('parameters')],
    i32,
    ['network'],
    withoutEffect(noNetwork, () => 0),
  ),
  xam(
    80,
    'NetDll_XNetStartupEx',
    [u32('caller'), ptr('parameters'), u32('version')],
    i32,
    ['network'],
    withoutEffect(noNetwork, () => 0),
  ),
  xam(
    52,
    'NetDll_XNetCleanup',
    [u32('caller'), ptr('parameters')],
    i32,
    ['network'],
    withoutEffect(noNetwork, () => 0),
  ),
  xam(73, 'NetDll_XNetGetTitleXnAddr', [u32('caller'), ptr('address')], u32, ['network', 'poll'], (k, _caller, at) => {
    k.memory.fill(at, addressBytes, 0)
    return addressKind.none
  }),
  xam(74, 'NetDll_XNetGetDebugXnAddr', [u32('caller'), ptr('address')], u32, ['network', 'poll'], (k, _caller, at) => {
    k.memory.fill(at, addressBytes, 0)
    return addressKind.none
  }),
  xam(75, 'NetDll_XNetGetEthernetLinkStatus', [u32('caller')], u32, ['network', 'poll'], () => 0),
  xam(26, 'NetDll_inet_addr', [ptr('text')], index, ['network', 'poll'], (k, at) => {
    const parts = k.memory.text(at, 16).split('.')
    if (parts.length !== 4 || parts.some(part => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return socketError
    return parts.reduce((address, part) => ((address << 8) | Number(part)) >>> 0, 0)
  }),
  needsNetwork(3, 'NetDll_socket', 4),
  needsNetwork(4, 'NetDll_closesocket', 2),
  needsNetwork(5, 'NetDll_shutdown', 3),
  needsNetwork(6, 'NetDll_ioctlsocket', 4),
  needsNetwork(7, 'NetDll_setsockopt', 6),
  needsNetwork(8, 'NetDll_getsockopt', 6),
  needsNetwork(9, 'NetDll_getsockname', 4),
  needsNetwork(10, 'NetDll_getpeername', 4),
  needsNetwork(11, 'NetDll_bind', 4),
  needsNetwork(12, 'NetDll_connect', 4),
  needsNetwork(13, 'NetDll_listen', 3),
  needsNetwork(14, 'NetDll_accept', 4),
  needsNetwork(15, 'NetDll_select', 6),
  needsNetwork(18, 'NetDll_recv', 5),
  needsNetwork(20, 'NetDll_recvfrom', 7),
  needsNetwork(22, 'NetDll_send', 5),
  needsNetwork(24, 'NetDll_sendto', 7),
  // Nothing can be looked up: the answer is there at once, and it is that nothing was found.
  xam(
    67,
    'NetDll_XNetDnsLookup',
    [u32('caller'), ptr('host'), u32('event'), ptr('result')],
    i32,
    ['network'],
    (k, _caller, _host, _event, out) => {
      if (out !== 0) k.memory.store32(out, 0)
      return wsa.hostNotFound
    },
  ),
  xam(309, 'XNetLogonGetMachineID', [ptr('id')], hresultResult, ['network'], (k, at) => {
    k.memory.store64(at, 0n)
    return hresult.NOT_CONNECTED
  }),
]
