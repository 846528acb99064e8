/** How the report names things: threads, objects, places, moments. One form each, everywhere. */
import {
  type Actor,
  type CallSite,
  hex,
  hex32,
  type MachineViews,
  type ObjectView,
  type ThreadView,
} from '../../core/index.ts'
import { memberName } from './owner.ts'

export interface Names {
  /** `thread 3 "decoder"`, or who else acts: `the timer`. */
  thread(tid: number, actor?: Actor): string
  /** `Event/Auto 0x1008 #7 "frame ready"`. `handle` is the value used, 0 for none. */
  object(object: ObjectView, handle?: number): string
  /** `NtSetEvent at producer+0x24`, or the kernel's own path. */
  site(source: number, lr: number): string
  /** The same as data, with the names beside the numbers. */
  siteData(site: Site | undefined): unknown
  /** `producer+0x24`. */
  code(address: number): string
  /** Guest time since the start: `12.3 µs`, `1.250 s`. */
  time(ticks: number): string
  /** `0x1008, 0x1010`. */
  handles(object: ObjectView): string
}

/** Where something was done: of the views, or of the evidence. */
type Site = Pick<CallSite, 'source'> & { readonly tid: number; readonly cycle: number; readonly lr: number }

const actorNames: Readonly<Record<Actor, string>> = {
  thread: 'no thread',
  timer: 'a timer',
  interrupt: 'an interrupt',
  dpc: 'a DPC',
  device: 'a device',
  kernel: 'the kernel',
}

const threadName = (thread: Pick<ThreadView, 'tid' | 'name'>): string =>
  thread.name === '' ? `thread ${thread.tid}` : `thread ${thread.tid} "${plain(thread.name)}"`

/** Guest text without what would disturb a terminal. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '?')

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`

export function createNames(views: MachineViews): Names {
  const hz = views.timebaseHz
  const places = new Map<number, string>()

  /** ` (section)` or ` (StreamDecoder+0x14)`, where anything is known of an address of data. */
  function placeOf(address: number): string {
    const known = places.get(address)
    if (known !== undefined) return known
    const symbol = views.nameOf(address)
    const name = /^0x/i.test(symbol) ? memberName(views, address) : symbol
    const place = name === undefined ? '' : ` (${plain(name)})`
    places.set(address, place)
    return place
  }

  function time(ticks: number): string {
    if (ticks === 0) return '0 s'
    const seconds = ticks / hz
    if (seconds >= 1) return `${seconds.toFixed(3)} s`
    if (seconds >= 0.001) return `${(seconds * 1e3).toFixed(1)} ms`
    if (seconds >= 0.000001) return `${(seconds * 1e6).toFixed(1)} µs`
    return `${Math.round(seconds * 1e9)} ns`
  }

  const code = (address: number): string => (address === 0 ? 'unknown code' : plain(views.nameOf(address)))

  return {
    time,
    code,
    thread(tid, actor = 'thread') {
      if (tid === 0) return actorNames[actor]
      return threadName(views.thread(tid) ?? { tid, name: '' })
    },
    object(object, handle = 0) {
      const value = handle !== 0 ? handle : (object.handles[0] ?? object.firstHandle)
      const kind = object.kind
      let text: string = kind
      if (value !== 0) text = `${kind} ${hex(value)}`
      else if (object.address !== 0) text = `${kind} at ${hex32(object.address)}${placeOf(object.address)}`
      text += ` #${object.serial}`
      return object.name === '' ? text : `${text} "${plain(object.name)}"`
    },
    site(source, lr) {
      const name = views.sourceName(source)
      return lr === 0 ? name : `${name} at ${code(lr)}`
    },
    siteData: site =>
      site && { ...site, by: views.sourceName(site.source), from: site.lr === 0 ? null : code(site.lr) },
    handles: object => object.handles.map(value => hex(value)).join(', '),
  }
}
