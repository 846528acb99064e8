/** The record of a thread: new, and as plain data, in which objects are named by serial. */
import type { Plain } from '../base/state.ts'
import {
  type Apc,
  type GuestCall,
  type KernelObject,
  newObject,
  type Resume,
  type Thread,
  type Wait,
} from './object.ts'

type ThreadLists = 'object' | 'wait' | 'resume' | 'held' | 'calls' | 'userApcs' | 'kernelApcs' | 'owned' | 'creator'
/** An object that has ended, and that somebody waits for still. */
type Ended = Pick<KernelObject, 'serial' | 'kind' | 'address' | 'header'>
type SavedWait = Omit<Wait, 'objects' | 'begun'> & { readonly objects: readonly (number | Ended)[] }

export interface SavedThread {
  readonly plain: Omit<Thread, ThreadLists>
  readonly serial: number
  readonly calls: readonly GuestCall[]
  readonly userApcs: readonly Apc[]
  readonly kernelApcs: readonly Apc[]
  readonly owned: readonly number[]
  readonly resume: Resume | null
  readonly wait: SavedWait | null
  readonly held: readonly { readonly wait: SavedWait; readonly resume: Resume | null }[]
}

const copyOfResume = (resume: Resume | null | undefined): Resume | undefined =>
  resume === null || resume === undefined
    ? undefined
    : { ...resume, later: resume.later === null ? null : { ...resume.later } }

function saveWait({ objects, begun: _begun, ...rest }: Wait): SavedWait {
  const saved = objects.map(({ alive, serial, kind, address, header }) =>
    alive ? serial : { serial, kind, address, header },
  )
  return { ...rest, handles: rest.handles.slice(), objects: saved }
}

export function saveThread(thread: Thread): Plain {
  const { object, wait, resume, held, calls, userApcs, kernelApcs, owned, creator: _creator, ...plain } = thread
  const saved: SavedThread = {
    plain: { ...plain },
    serial: object.serial,
    calls: calls.map(call => ({ ...call })),
    userApcs: userApcs.map(apc => ({ ...apc })),
    kernelApcs: kernelApcs.map(apc => ({ ...apc })),
    owned: owned.map(other => other.serial),
    resume: copyOfResume(resume) ?? null,
    wait: wait === undefined ? null : saveWait(wait),
    held: held.map(one => ({ wait: saveWait(one.wait), resume: copyOfResume(one.resume) ?? null })),
  }
  return saved as unknown as Plain
}

function restoreEnded(saved: Ended): KernelObject {
  const object = newObject({ ...saved, owned: false, adopted: false, limit: undefined })
  object.alive = false
  return object
}

/** Gives a thread what was saved of it, but for the object it is. */
export function restoreThread(
  saved: SavedThread,
  bySerial: (serial: number) => KernelObject | undefined,
): Omit<Thread, 'object'> {
  const known = (serials: readonly number[]): KernelObject[] => serials.flatMap(serial => bySerial(serial) ?? [])
  const restoreWait = (wait: SavedWait): Wait => ({
    ...wait,
    handles: wait.handles.slice(),
    objects: wait.objects.flatMap(other => (typeof other === 'number' ? (bySerial(other) ?? []) : restoreEnded(other))),
    begun: undefined,
  })
  const { wait, resume, held } = saved
  return {
    ...saved.plain,
    calls: saved.calls.map(call => ({ ...call })),
    userApcs: saved.userApcs.map(apc => ({ ...apc })),
    kernelApcs: saved.kernelApcs.map(apc => ({ ...apc })),
    owned: known(saved.owned),
    resume: copyOfResume(resume),
    creator: undefined,
    wait: wait === null ? undefined : restoreWait(wait),
    held: held.map(one => ({ wait: restoreWait(one.wait), resume: copyOfResume(one.resume) })),
  }
}

/** A thread of which nothing is known yet but its number and its slot. */
export const blankThread = (id: number, tid: number, slot: number, quantum: number): Omit<Thread, 'object'> => ({
  id,
  tid,
  slot,
  actor: 0,
  system: false,
  entry: 0,
  parameter: 0,
  flags: 0,
  stackBase: 0,
  stackLimit: 0,
  tls: 0,
  hardwareThread: 0,
  affinity: 0x3f,
  priority: 0,
  basePriority: 0,
  quantum,
  disableBoost: false,
  suspendCount: 0,
  irql: 0,
  state: 'stopped',
  wait: undefined,
  resume: undefined,
  held: [],
  calls: [],
  userApcs: [],
  kernelApcs: [],
  reservedApcs: 0,
  alerted: 0,
  owned: [],
  name: '',
  exitCode: 0,
  queue: 0,
  creator: undefined,
  polling: false,
  begun: false,
})

/** The object of an interrupt context: no kernel object at all, but every thread has one. */
export function contextObject(index: number): KernelObject {
  const object = newObject({
    serial: 0,
    kind: 'Other',
    address: 0,
    header: 0,
    owned: false,
    adopted: false,
    limit: undefined,
  })
  object.name = `interrupt ${index}`
  object.references = 1
  return object
}
