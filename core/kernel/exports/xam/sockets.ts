/**
 * Sockets, sessions and lookups, with the network's cable out. A socket call answers SOCKET_ERROR and leaves its code to
 * be asked for; a call of the secure layer (XNet, Upnp) answers its code; a web request answers no handle. None of them
 * leaves an overlapped call open: one that fails at once has no end to wait for.
 */
import { type Entry, i32, ptr, u16, u32, withoutEffect, xam } from '../../call.ts'
import type { Kernel } from '../../context.ts'
import { setLastError } from '../../dos-errors.ts'
import { failWith, network, parametersSize, reasonDown, wsa } from '../../network.ts'
import { narrowBytes } from '../../text.ts'
import { randomBytes } from '../xboxkrnl/crypto.ts'

const notInitialisedWeb = 12172
const keyIdSize = 8
const keySize = 16
/** The upper half of a key's first byte says what it is for; 0 is games between consoles at one place. */
const systemLinkKey = 0x0f
const connectionLost = 3
const setSockets = 64
const option = { startup: 1 } as const
type How = (k: Kernel, values: readonly number[]) => number

const asSocket: How = k => failWith(k, reasonDown(k))
const asCode: How = k => reasonDown(k)
/** What was never given out cannot be looked up, ended or asked. */
const invalid: How = k => (k.state(network).started > 0 ? wsa.invalidArgument : wsa.notInitialised)
const asWeb: How = k => {
  setLastError(k, notInitialisedWeb)
  return 0
}

/** A code, and null where the caller expects what was found. */
const nothingAt =
  (at: number): How =>
  (k, values) => {
    const out = values[at] ?? 0
    if (out !== 0) k.memory.store32(out, 0)
    return reasonDown(k)
  }

/** Rows of one shape: ordinal, name, labels of the words it takes, how it fails. */
const failing: readonly (readonly [ordinal: number, name: string, labels: string, how: How])[] = [
  [3, 'NetDll_socket', 'family type protocol', asSocket],
  [4, 'NetDll_closesocket', 'socket', asSocket],
  [5, 'NetDll_shutdown', 'socket how', asSocket],
  [6, 'NetDll_ioctlsocket', 'socket command argument', asSocket],
  [7, 'NetDll_setsockopt', 'socket level option value size', asSocket],
  [8, 'NetDll_getsockopt', 'socket level option value size', asSocket],
  [9, 'NetDll_getsockname', 'socket name size', asSocket],
  [10, 'NetDll_getpeername', 'socket name size', asSocket],
  [11, 'NetDll_bind', 'socket name size', asSocket],
  [12, 'NetDll_connect', 'socket name size', asSocket],
  [13, 'NetDll_listen', 'socket backlog', asSocket],
  [14, 'NetDll_accept', 'socket name size', asSocket],
  [15, 'NetDll_select', 'count read write except timeout', asSocket],
  [17, 'NetDll_WSACancelOverlappedIO', 'socket', asSocket],
  [18, 'NetDll_recv', 'socket buffer size flags', asSocket],
  [19, 'NetDll_WSARecv', 'socket buffers count received flags overlapped routine', asSocket],
  [20, 'NetDll_recvfrom', 'socket buffer size flags from fromSize', asSocket],
  [21, 'NetDll_WSARecvFrom', 'socket buffers count received flags from fromSize overlapped routine', asSocket],
  [22, 'NetDll_send', 'socket buffer size flags', asSocket],
  [23, 'NetDll_WSASend', 'socket buffers count sent flags overlapped routine', asSocket],
  [24, 'NetDll_sendto', 'socket buffer size flags to toSize', asSocket],
  [25, 'NetDll_WSASendTo', 'socket buffers count sent flags to toSize overlapped routine', asSocket],
  [35, 'NetDll_WSAEventSelect', 'socket event events', asSocket],
  [57, 'NetDll_XNetXnAddrToInAddr', 'address key out', invalid],
  [58, 'NetDll_XNetServerToInAddr', 'server service out', asCode],
  [59, 'NetDll_XNetTsAddrToInAddr', 'address service key out', asCode],
  [60, 'NetDll_XNetInAddrToXnAddr', 'in address key', invalid],
  [61, 'NetDll_XNetInAddrToServer', 'in out', invalid],
  [63, 'NetDll_XNetUnregisterInAddr', 'in', invalid],
  [64, 'NetDll_XNetXnAddrToMachineId', 'address id', invalid],
  [65, 'NetDll_XNetConnect', 'in', asCode],
  [69, 'NetDll_XNetQosListen', 'key data size bits flags', asCode],
  [
    70,
    'NetDll_XNetQosLookup',
    'addresses addressList keys keyList services serviceList serviceIds bits probes flags event out',
    nothingAt(12),
  ],
  [71, 'NetDll_XNetQosServiceLookup', 'flags event out', nothingAt(3)],
  [77, 'NetDll_XNetQosGetListenStats', 'key statistics', invalid],
  [203, 'NetDll_XHttpOpen', 'agent access proxy bypass flags', asWeb],
  [205, 'NetDll_XHttpConnect', 'session host port flags', asWeb],
  [208, 'NetDll_XHttpOpenRequestUsingMemory', 'connection verb object version referrer types memory size flags', asWeb],
  [209, 'NetDll_XHttpSendRequest', 'request headers size optional optionalSize total context', asWeb],
  [212, 'NetDll_XHttpReadData', 'request buffer size read', asWeb],
  [215, 'NetDll_XHttpSetOption', 'handle option buffer size', asWeb],
  [251, 'NetDll_UpnpStartup', '', asCode],
  [252, 'NetDll_UpnpCleanup', '', asCode],
  [253, 'NetDll_UpnpSearchCreate', 'target devices tries interval event flags search', nothingAt(7)],
  [255, 'NetDll_UpnpDescribeCreate', 'device devices services event describe', nothingAt(5)],
  [254, 'NetDll_UpnpSearchGetDevices', 'search devices count', invalid],
  [256, 'NetDll_UpnpDescribeGetResults', 'describe devices deviceCount services serviceCount', invalid],
  [259, 'NetDll_UpnpActionGetResults', 'action outputs count', invalid],
  [263, 'NetDll_UpnpDoWork', 'handle milliseconds', invalid],
  [264, 'NetDll_UpnpCloseHandle', 'handle', invalid],
]

const digits = (k: Kernel, at: number): string => Buffer.from(k.memory.read(at, keyIdSize)).toString('hex')

export const sockets: readonly Entry[] = [
  ...failing.map(([ordinal, name, labels, how]) =>
    xam(
      ordinal,
      name,
      ['caller', ...labels.split(' ').filter(label => label !== '')].map(label => u32(label)),
      i32,
      ['network'],
      (k, ...values) => how(k, values),
    ),
  ),
  xam(
    16,
    'NetDll_WSAGetOverlappedResult',
    [u32('caller'), u32('socket'), ptr('overlapped'), ptr('transferred'), u32('wait'), ptr('flags')],
    u32,
    ['network'],
    k => {
      asSocket(k, [])
      return 0
    },
  ),
  xam(34, 'NetDll___WSAFDIsSet', [u32('socket'), ptr('set')], u32, ['network', 'poll'], (k, socket, set) => {
    const count = Math.min(setSockets, k.memory.load32(set))
    for (let i = 0; i < count; i += 1) if (k.memory.load32(set + 4 + i * 4) === socket) return 1
    return 0
  }),

  // A key is made and registered here; only its use would need another console.
  xam(
    54,
    'NetDll_XNetCreateKey',
    [u32('caller'), ptr('id'), ptr('key')],
    i32,
    ['network'],
    (k, _caller, idAt, keyAt) => {
      const id = randomBytes(k, keyIdSize)
      k.memory.write(idAt, id)
      k.memory.store8(idAt, (id[0] ?? 0) & systemLinkKey)
      k.memory.write(keyAt, randomBytes(k, keySize))
      return 0
    },
  ),
  xam(55, 'NetDll_XNetRegisterKey', [u32('caller'), ptr('id'), ptr('key')], i32, ['network'], (k, _caller, idAt) => {
    const state = k.state(network)
    const id = digits(k, idAt)
    if (!state.keys.includes(id)) state.keys.push(id)
    return 0
  }),
  xam(56, 'NetDll_XNetUnregisterKey', [u32('caller'), ptr('id')], i32, ['network'], (k, _caller, idAt) => {
    const state = k.state(network)
    const id = digits(k, idAt)
    if (!state.keys.includes(id)) return wsa.invalidArgument
    state.keys = state.keys.filter(each => each !== id)
    return 0
  }),
  xam(
    62,
    'NetDll_XNetInAddrToString',
    [u32('caller'), u32('in'), ptr('text'), u32('size')],
    i32,
    ['network', 'poll'],
    (k, _caller, address, at, size) => {
      const text = [24, 16, 8, 0].map(shift => (address >>> shift) & 0xff).join('.')
      if (text.length >= size) return wsa.messageSize
      k.memory.write(at, narrowBytes(`${text}\0`))
      return 0
    },
  ),
  xam(66, 'NetDll_XNetGetConnectStatus', [u32('caller'), u32('in')], u32, ['network', 'poll'], () => connectionLost),
  ...(
    [
      [68, 'NetDll_XNetDnsRelease'],
      [72, 'NetDll_XNetQosRelease'],
    ] as const
  ).map(([ordinal, name]) =>
    xam(
      ordinal,
      name,
      [u32('caller'), ptr('result')],
      i32,
      ['network'],
      withoutEffect('no lookup gave anything that could be given back', () => 0),
    ),
  ),
  xam(76, 'NetDll_XNetGetBroadcastVersionStatus', [u32('caller'), u32('reset')], u32, ['network', 'poll'], () => 0),
  xam(
    78,
    'NetDll_XNetGetOpt',
    [u32('caller'), u32('option'), ptr('value'), ptr('size')],
    i32,
    ['network', 'poll'],
    (k, _caller, which, at, sizeAt) => {
      if (which !== option.startup) return wsa.invalidArgument
      const { parameters } = k.state(network)
      const room = k.memory.load32(sizeAt)
      k.memory.store32(sizeAt, parametersSize)
      if (room < parametersSize) return wsa.messageSize
      k.memory.fill(at, parametersSize, 0)
      k.memory.write(at, parameters)
      return 0
    },
  ),
  xam(83, 'NetDll_XNetGetSystemLinkPort', [u32('caller'), ptr('port')], i32, ['network', 'poll'], (k, _caller, at) => {
    k.memory.store16(at, k.state(network).systemLinkPort)
    return 0
  }),
  xam(84, 'NetDll_XNetSetSystemLinkPort', [u32('caller'), u16('port')], i32, ['network'], (k, _caller, port) => {
    k.state(network).systemLinkPort = port
    return 0
  }),
]
