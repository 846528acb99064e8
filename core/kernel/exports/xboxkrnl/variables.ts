import { type Entry, krnlVariable } from '../../call.ts'
import { emptyList } from '../../list.ts'
import { DISPATCHER_HEADER, headerType, OBJECT_TYPE, TIME_STAMP_BUNDLE } from '../../structs.ts'

const systemVersion = { major: 2, minor: 0, build: 17559, revision: 0 } as const

/** An OBJECT_TYPE with the pool tag that tells it. */
const type = (ordinal: number, name: string, tag: number): Entry =>
  krnlVariable(ordinal, name, OBJECT_TYPE.size, (k, at) => {
    k.memory.store32(at + OBJECT_TYPE.poolTag, tag)
  })

const version = (ordinal: number, name: string): Entry =>
  krnlVariable(ordinal, name, 8, (k, at) => {
    k.memory.store16(at, systemVersion.major)
    k.memory.store16(at + 2, systemVersion.minor)
    k.memory.store16(at + 4, systemVersion.build)
    k.memory.store16(at + 6, systemVersion.revision)
  })

/** An event in a variable: adopted when somebody first waits on it. */
const event = (ordinal: number, name: string, state: number): Entry =>
  krnlVariable(ordinal, name, DISPATCHER_HEADER.size, (k, at) => {
    k.memory.store8(at, headerType.notificationEvent)
    k.memory.store32(at + DISPATCHER_HEADER.signalState, state)
    emptyList(k.memory, at + DISPATCHER_HEADER.waitListFlink)
  })

const word = (ordinal: number, name: string, value: number): Entry =>
  krnlVariable(ordinal, name, 4, (k, at) => {
    k.memory.store32(at, value)
  })

export const variables: readonly Entry[] = [
  type(14, 'ExEventObjectType', 0x76657645),
  type(18, 'ExMutantObjectType', 0x6174754d),
  type(23, 'ExSemaphoreObjectType', 0x616d6553),
  type(27, 'ExThreadObjectType', 0x65726854),
  type(28, 'ExTimerObjectType', 0x656d6954),
  type(54, 'IoCompletionObjectType', 0x706d6f43),
  type(58, 'IoDeviceObjectType', 0x69766544),
  type(62, 'IoFileObjectType', 0x656c6946),
  type(262, 'ObDirectoryObjectType', 0x65726944),
  type(274, 'ObSymbolicLinkObjectType', 0x626d7953),
  word(89, 'KeDebugMonitorData', 0),
  word(614, 'KeCertMonitorData', 0),
  krnlVariable(173, 'KeTimeStampBundle', TIME_STAMP_BUNDLE.size),
  krnlVariable(342, 'XboxHardwareInfo', 0x10, (k, at) => {
    k.memory.store32(at, 0x20)
    k.memory.store8(at + 4, 6)
  }),
  version(343, 'XboxKrnlBaseVersion'),
  version(344, 'XboxKrnlVersion'),
  word(403, 'XexExecutableModuleHandle', 0),
  krnlVariable(430, 'ExLoadedCommandLine', 0x400),
  krnlVariable(431, 'ExLoadedImageName', 0x100),
  event(731, 'UsbdBootEnumerationDoneEvent', 1),
]
