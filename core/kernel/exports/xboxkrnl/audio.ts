/** Audio output: clients whose callbacks the output paces. What they hand over is counted, and heard by nobody. */
import { addClient, awaitSlot, callClient, clientOf, clientReturned, driverMark, removeClient } from '../../audio.ts'
import { continuation, type Entry, hresult as hresultResult, krnl, ptr, u32 } from '../../call.ts'
import { begin } from '../../notifications.ts'
import { kernelState } from '../../outcome.ts'
import { speakerConfig } from '../../settings.ts'
import { hresult } from '../../status.ts'

const fullVolume = 0x3f800000
const duckers = kernelState('duckers', () => ({ enabled: 0 }))

export const audio: readonly Entry[] = [
  krnl(
    499,
    'XAudioRegisterRenderDriverClient',
    [ptr('callback'), ptr('driver')],
    hresultResult,
    ['audio'],
    (k, callbackAt, out) => {
      const number = k.ports.audio?.register()
      if (number === undefined) return hresult.FAIL
      const worker = addClient(k, number, k.memory.load32(callbackAt), k.memory.load32(callbackAt + 4))
      k.memory.store32(out, driverMark | number)
      return begin(k, worker)
    },
  ),
  krnl(500, 'XAudioUnregisterRenderDriverClient', [u32('driver')], hresultResult, ['audio'], (k, driver) => {
    const client = clientOf(k, driver)
    if (client === undefined) return hresult.INVALID_ARGUMENT
    k.ports.audio?.unregister(client.number)
    removeClient(k, client)
    return 0
  }),
  krnl(
    501,
    'XAudioSubmitRenderDriverFrame',
    [u32('driver'), ptr('samples')],
    hresultResult,
    ['audio', 'hot'],
    (k, driver) => {
      const client = clientOf(k, driver)
      return client !== undefined && k.ports.audio?.submit(client.number) === true ? 0 : hresult.INVALID_ARGUMENT
    },
  ),
  continuation('audio-next-slot', k => awaitSlot(k)),
  continuation('audio-slot-free', k => callClient(k)),
  continuation('audio-returned', k => clientReturned(k)),
  krnl(511, 'XAudioGetSpeakerConfig', [ptr('config')], hresultResult, ['audio', 'poll'], (k, out) => {
    k.memory.store32(out, speakerConfig)
    return 0
  }),
  // Nobody turns a volume: every category is as loud as it was.
  krnl(
    504,
    'XAudioGetVoiceCategoryVolume',
    [u32('category'), ptr('volume')],
    hresultResult,
    ['audio', 'poll'],
    (k, _category, out) => {
      k.memory.store32(out, fullVolume)
      return 0
    },
  ),
  krnl(
    503,
    'XAudioGetVoiceCategoryVolumeChangeMask',
    [u32('driver'), ptr('mask')],
    hresultResult,
    ['audio', 'poll'],
    (k, _driver, out) => {
      k.memory.store32(out, 0)
      return 0
    },
  ),
  krnl(845, 'XAudioEnableDucker', [u32('enable')], hresultResult, ['audio'], (k, enable) => {
    k.state(duckers).enabled = enable
    return 0
  }),
  krnl(847, 'XAudioIsDuckerEnabled', [], u32, ['audio', 'poll'], k => k.state(duckers).enabled),
  krnl(858, 'XAudioGetUnderrunCount', [], u32, ['audio', 'poll'], () => 0),
]
