/**
 * Where facts leave the kernel: who acts now (the scene), what an object is called in a fact (the subject), and the
 * emitters. Counts and call sites kept here are for reports alone; they are no machine state and never in the digest.
 */
import type { Ticks } from '../base/words.ts'
import { address, ticks } from '../base/words.ts'
import { type Actor, actors } from '../facts/objects.ts'
import { createEmitters, type Emitters, type Scene, type Subject } from '../facts/record.ts'
import type { FactSink } from '../facts/sink.ts'
import type { CallSite } from '../facts/views.ts'
import { type PathName, pathNumber } from './sources.ts'

/** What facts need to know of an object. */
export interface Audited {
  readonly serial: number
  readonly kind: Subject['kind']
  /** Guest address of the body, and of the dispatcher header in it; 0 for none. */
  readonly address: number
  readonly header: number
}

export interface Audit {
  readonly emit: Emitters
  /** The door facts leave by; its mask says which facts somebody wants. */
  readonly sink: FactSink
  /** Who acts now. */
  readonly scene: Scene
  /** The object as the subject of a fact; valid until the next call. */
  about(object: Audited): Subject
  /** The object by the handle value it was waited for with, 0 for none; valid until the next call. */
  named(object: Audited | undefined, handle: number): Subject
  /** The subject of a fact about no object. */
  readonly nobody: Subject
  /** Notes that this call names an object by a handle value. */
  used(object: Audited, value: number): void
  /** The handle value this call used for an object, 0 for none. */
  handleOf(object: Audited): number
  /** Forgets the handle of the last call. */
  beginCall(): void
  /** Runs kernel work on the kernel's own path: no thread acts. */
  as(path: PathName, actor: Actor, work: () => void): void
  /** The path in which what was thrown last was thrown, 0 for none: until somebody deals with it. */
  blamed: number
  /** Where and when the acting code is. */
  site(sequence: number): CallSite
}

export interface AuditPorts {
  readonly sink: FactSink
  /** Registers of the running thread: where a scene is, read only when somebody asks. */
  readonly frame: { readonly lr: number; word(register: number): number }
  now(): Ticks
  walk(scene: Scene): number
}

/** A scene in which nobody acts yet. */
export const emptyScene = (): Scene => ({ tid: 0, hardwareThread: 0, lr: 0, sp: 0, source: 0, actor: 0 })

const stackPointer = 1

type SceneFrame = AuditPorts['frame']

/**
 * The scene of the running thread, whose registers are read when asked for. A class, because this is touched at every
 * kernel call and the engine keeps an object literal with accessors as a slow dictionary.
 */
class LiveScene implements Scene {
  tid = 0
  hardwareThread = 0
  source = 0
  actor = 0
  /** The kernel's own path acts, and no guest code. */
  ownPath = false
  readonly #frame: SceneFrame
  constructor(frame: SceneFrame) {
    this.#frame = frame
  }
  get lr(): number {
    return this.ownPath ? 0 : this.#frame.lr
  }
  get sp(): number {
    return this.ownPath ? 0 : this.#frame.word(stackPointer)
  }
}

const addressOf = ({ header, address }: Audited): number => (header === 0 ? address : header)

/** Not an object's, nor of what is no object. */
const noSerial = -1

/** The object a fact is about, by the handle value that the call used: asked only if somebody wants the fact. */
class LiveSubject implements Subject {
  object: Audited | undefined
  /** Serial of the object that this call named by a handle value, and the value. */
  used = noSerial
  value = 0
  get serial(): number {
    return this.object?.serial ?? 0
  }
  get handle(): number {
    return this.serial === this.used ? this.value : 0
  }
  get address(): number {
    return this.object === undefined ? 0 : addressOf(this.object)
  }
  get kind(): Subject['kind'] {
    return this.object?.kind ?? 'Other'
  }
}

export function createAudit({ sink, frame, now, walk }: AuditPorts): Audit {
  const emit = createEmitters({ sink, cycle: now, walk })
  const nobody: Subject = { serial: 0, handle: 0, address: 0, kind: 'Other' }
  const waited = { ...nobody }
  const subject = new LiveSubject()
  const scene = new LiveScene(frame)

  const audit: Audit = {
    emit,
    sink,
    scene,
    blamed: 0,
    named(object, handle) {
      if (object === undefined) return nobody
      waited.serial = object.serial
      waited.handle = handle
      waited.address = addressOf(object)
      waited.kind = object.kind
      return waited
    },
    nobody,
    about(object) {
      // Most calls are about the object of the one before, and to store a pointer costs more than to compare it.
      if (subject.object !== object) subject.object = object
      return subject
    },
    used(object, value) {
      subject.used = object.serial
      subject.value = value
    },
    handleOf: object => (object.serial === subject.used ? subject.value : 0),
    beginCall() {
      subject.used = noSerial
    },
    as(path, actor, work) {
      const { tid, source, actor: before } = scene
      const { used, value } = subject
      const outer = scene.ownPath
      subject.used = noSerial
      scene.ownPath = true
      scene.tid = 0
      scene.source = pathNumber(path)
      scene.actor = actors.indexOf(actor)
      try {
        work()
      } catch (error) {
        if (audit.blamed === 0) audit.blamed = scene.source
        throw error
      } finally {
        scene.ownPath = outer
        scene.tid = tid
        scene.source = source
        scene.actor = before
        subject.used = used
        subject.value = value
      }
    },
    site: sequence => ({
      sequence,
      cycle: ticks(now()),
      tid: scene.tid,
      lr: address(scene.lr),
      source: scene.source,
    }),
  }
  return audit
}
