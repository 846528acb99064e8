/** What a fact is called in a trace, and what it says there. */
import type { Attributes } from '@opentelemetry/api'
import { type Fact, hex, hex32, type MachineViews, ownFields, plainText } from '../../core/index.ts'
import { verticalBlank } from './graphics.ts'

const names = {
  'object.created': 'create',
  'object.adopted': 'adopt',
  'object.reinitialised': 'reinitialise',
  'object.destroyed': 'destroy',
  'object.referenced': 'reference',
  'object.released': 'release',
  'handle.opened': 'open',
  'handle.closed': 'close',
  'object.signalled': 'signal',
  'object.reset': 'reset',
  'object.pulsed': 'pulse',
  'signal.lost': 'lost',
  'ghost.met': 'ghost',
  'wait.begun': 'wait',
  'wait.ended': 'wake',
  'thread.woken': 'ready',
  'thread.started': 'start',
  'thread.exited': 'exit',
  'thread.suspended': 'suspend',
  'thread.resumed': 'resume',
  'thread.named': 'name',
  'apc.queued': 'apc_queue',
  'apc.delivered': 'apc_deliver',
  'thread.alerted': 'alert',
  'timer.set': 'timer_set',
  'timer.cancelled': 'timer_cancel',
  'timer.expired': 'timer_expire',
  'export.missing': 'missing_export',
  'fence.written': 'fence',
  'interrupt.begun': 'interrupt',
  'frame.presented': 'present',
} as const satisfies Record<Fact['kind'], string>

const timedOut = 1
const refused = 6

/** The name of a fact's span event. */
export function eventName(fact: Fact): string {
  if (fact.kind === 'wait.ended') {
    if (fact.end === timedOut) return 'timeout'
    if (fact.end === refused) return 'refuse'
  }
  if (fact.kind === 'interrupt.begun' && fact.origin === verticalBlank) return 'vertical_blank'
  return names[fact.kind]
}

/** A back chain as text: `fp:lr fp:lr …`, and names beside, where any is known. */
export interface ChainText {
  readonly frames: string
  readonly names: string | undefined
}

export interface FactWords {
  attributes(fact: Fact): Attributes
  chain(stackId: number): ChainText | undefined
  /** The attributes that say who made an object, and from where. */
  creator(fact: Fact): Attributes
}

const cacheSize = 65_536

export function createFactWords(machine: MachineViews): FactWords {
  // The same few sources, callers and stacks come again and again: their texts are made once, and shared.
  const sources = new Map<number, string>()
  const addresses = new Map<number, string>()
  const chains = new Map<number, ChainText | undefined>()

  function cached<V>(cache: Map<number, V>, key: number, make: () => V): V {
    const found = cache.get(key)
    if (found !== undefined || cache.has(key)) return found as V
    if (cache.size >= cacheSize) cache.clear()
    const made = make()
    cache.set(key, made)
    return made
  }

  const chain = (stackId: number): ChainText | undefined =>
    stackId === 0 ? undefined : cached(chains, stackId, () => chainText(stackId))

  function chainText(stackId: number): ChainText | undefined {
    const stack = machine.stack(stackId)
    if (stack === undefined || stack.frames.length === 0) return undefined
    const texts = stack.frames.map(({ lr }) => plainText(machine.nameOf(lr)))
    const known = texts.some((text, i) => text !== hex32(stack.frames[i]?.lr ?? 0))
    return {
      frames: stack.frames.map(({ fp, lr }) => `${hex32(fp)}:${hex32(lr)}`).join(' '),
      names: known ? texts.join(' < ') : undefined,
    }
  }

  const address = (value: number): string => cached(addresses, value, () => hex32(value))
  const source = (value: number): string => cached(sources, value, () => machine.sourceName(value))

  function aux(fact: Fact): string {
    const fields = ownFields(fact)
    if ('list' in fact && fact.list.length > 0) fields.push(`objects=${fact.list.join(',')}`)
    if ('text' in fact && fact.text !== '') fields.push(`text=${plainText(fact.text)}`)
    return fields.join(' ')
  }

  function addChain(attributes: Attributes, stackId: number): void {
    const text = chain(stackId)
    if (text === undefined) return
    attributes['xenon.backchain'] = text.frames
    if (text.names !== undefined) attributes['xenon.backchain.names'] = text.names
  }

  return {
    chain,
    attributes(fact) {
      const attributes: Attributes = {
        'xenon.sequence': fact.sequence,
        'xenon.cycle': fact.cycle,
        'thread.id': fact.tid,
        'xenon.hw_thread': fact.hardwareThread,
        'xenon.lr': address(fact.lr),
        'xenon.source': source(fact.source),
        'xenon.aux': aux(fact),
      }
      if (fact.actor !== 'thread') attributes['xenon.actor'] = fact.actor
      if (fact.cause !== 0) attributes['xenon.cause'] = fact.cause
      if (fact.handle !== 0) attributes['xenon.handle.value'] = hex(fact.handle)
      addChain(attributes, fact.stack)
      return attributes
    },
    creator(fact) {
      const attributes: Attributes = { 'thread.id': fact.tid }
      const name = machine.thread(fact.tid)?.name
      if (name) attributes['thread.name'] = plainText(name)
      attributes['xenon.lr'] = address(fact.lr)
      attributes['xenon.source'] = source(fact.source)
      attributes['xenon.sequence'] = fact.sequence
      attributes['xenon.cycle'] = fact.cycle
      addChain(attributes, fact.stack)
      return attributes
    },
  }
}
