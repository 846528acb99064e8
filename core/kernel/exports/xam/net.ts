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
import { failWith, network, parametersSize, socketError, wsa } from '../../network.ts'
import { hresult } from '../../status.ts'

const noNetwork = 'there is no network that could be left'

/** What an address query says: `pending` keeps titles polling, so it is never said. */
const addressKind = { pending: 0, none: 1 } as const
const addressBytes = 36
const startupBytes = 0x190
const version = 0x0202

function startup(k: Kernel, at: number): number {
  k.state(network).started += 1
  if (at !== 0) {
    k.memory.fill(at, startupBytes, 0)
    k.memory.store16(at, version)
    k.memory.store16(at + 2, version)
  }
  return 0
}

function startNetwork(k: Kernel, at: number): number {
  if (at !== 0) k.state(network).parameters = k.memory.read(at, Math.min(parametersSize, k.memory.load8(at)))
  return 0
}

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
  xam(51, 'NetDll_XNetStartup', [u32('caller'), ptr('parameters')], i32, ['network'], (k, _caller, at) =>
    startNetwork(k, at),
  ),
  xam(
    80,
    'NetDll_XNetStartupEx',
    [u32('caller'), ptr('parameters'), u32('version')],
    i32,
    ['network'],
    (k, _caller, at) => startNetwork(k, at),
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
