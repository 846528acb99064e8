/**
 * The subject of an export that has no body, worked out of its name: a row with a body says it itself. The platform names
 * what it is about in a few words, so a few words are enough; the first rule that fits decides.
 */
export type Subject =
  | 'sync'
  | 'threads'
  | 'memory'
  | 'files'
  | 'strings'
  | 'time'
  | 'video'
  | 'audio'
  | 'input'
  | 'modules'
  | 'user'
  | 'network'
  | 'debug'
  | 'crypto'
  | 'misc'

const rules: readonly (readonly [Subject, RegExp])[] = [
  ['network', /^(NetDll_|XNet|XHttp|Wsa)/],
  ['crypto', /^(XeCrypt|XeKeys)/],
  ['input', /^(XamInput|Hid)/],
  ['audio', /^(XAudio|XMA|XMic|XamVoice)/],
  ['video', /^(Vd|XGe|GdScreen)/],
  ['debug', /^(Dbg|Dm|Dump|Kd)/],
  [
    'sync',
    /Event|Semaphore|Mutant|Mutex|Wait|Signal|IoCompletion|CompleteRequest|SpinLock|ReadWriteLock|CriticalSection|Interlocked|Queue|Irp$/,
  ],
  ['threads', /Thread|Apc|Dpc|Process(?!or|Heap)|Fiber|Alarm|Timer|Interrupt|Notif|Callback|Ipi|Task|UserMode/],
  ['files', /File|Volume|Device|Symbolic|Directory|Content|Mount|^Stfs|^Svod/],
  ['memory', /^Mm|Memory|Pool|Tb$|Heap|Cache/],
  ['strings', /String|MultiByte|Unicode|printf/],
  ['time', /Time|Clock|Tick/],
  ['modules', /^(Xex|Ldr)|Image|Module/],
  ['user', /User|Profile|Gamer|Party|Friend|Achievement/],
]

export const subjectOf = (name: string): Subject => rules.find(([, pattern]) => pattern.test(name))?.[0] ?? 'misc'
