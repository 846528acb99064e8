/**
 * The GPU in traces. Its facts concern no object of the kernel, so it has a life of its own, with a trace like any other:
 * fences, frames, vertical blanks and interrupts, in their order. What a title signals in its graphics callback says which
 * of them it comes from, and links there, so that a reader who waits for a frame sees who ended the wait.
 *
 * A hardware thread runs one interrupt at a time and to its end, so all that it does as `interrupt` belongs to the last
 * that began on it.
 */
import type { Attributes, SpanContext } from '@opentelemetry/api'
import { type Fact, type FactOf, hex, hex32, type MachineViews } from '../../core/index.ts'
import { deviceTraceIdOf } from './ids.ts'
import type { Life, Lives } from './lives.ts'

export const graphicsKinds = ['fence.written', 'interrupt.begun', 'frame.presented'] as const
type GraphicsKind = (typeof graphicsKinds)[number]
export type GraphicsFact = { [K in GraphicsKind]: FactOf<K> }[GraphicsKind]

const kinds: ReadonlySet<Fact['kind']> = new Set(graphicsKinds)
export const isGraphics = (fact: Fact): fact is GraphicsFact => kinds.has(fact.kind)

export const verticalBlank = 0

export interface Graphics {
  /** The trace of the GPU, which begins with the first that is heard of it. */
  life(tick: number): Life
  /** Which began: what its hardware thread does from now on comes from it. */
  begun(fact: FactOf<'interrupt.begun'>): void
  /** The interrupt that a fact comes from, in words; undefined where it comes from none that was seen. */
  interruptOf(fact: Fact): string | undefined
  /** Where the trace of the GPU begins; undefined while there is none. */
  anchor(): SpanContext | undefined
  /** The GPU's life, if it had one. */
  readonly begunLife: Life | undefined
}

export function createGraphics({ runId, lives }: { readonly runId: string; readonly lives: Lives }): Graphics {
  const running = new Map<number, string>()
  let life: Life | undefined
  return {
    life(tick) {
      if (life !== undefined) return life
      life = lives.begin({
        serial: 0,
        kind: 'GPU',
        name: '',
        handle: 0,
        address: 0,
        adopted: false,
        tick,
        creator: {},
        traceId: epoch => deviceTraceIdOf(runId, 'gpu', epoch),
      })
      lives.anchor(life)
      return life
    },
    begun({ hardwareThread, origin, n }) {
      running.set(hardwareThread, origin === verticalBlank ? `vertical blank ${n}` : `command stream, interrupt ${n}`)
    },
    interruptOf: fact => (fact.actor === 'interrupt' ? running.get(fact.hardwareThread) : undefined),
    anchor: () => life?.anchor,
    get begunLife() {
      return life
    },
  }
}

/** What a fact of the GPU says beside what every event says, in the words of Direct3D. */
export function graphicsAttributes(fact: GraphicsFact, machine: MachineViews): Attributes {
  switch (fact.kind) {
    case 'fence.written':
      return {
        'xenon.gpu.packet': machine.packetName(fact.packet),
        'xenon.gpu.address': hex32(fact.address),
        'xenon.gpu.value': hex(fact.value),
      }
    case 'frame.presented':
      return {
        'xenon.gpu.frame': fact.n,
        'xenon.gpu.front_buffer': hex32(fact.frontBuffer),
        'xenon.gpu.size': `${fact.width}x${fact.height}`,
      }
    case 'interrupt.begun':
      return fact.origin === verticalBlank
        ? { 'xenon.gpu.vertical_blank': fact.n, 'xenon.gpu.routine': machine.nameOf(fact.routine) }
        : { 'xenon.gpu.interrupt': fact.n, 'xenon.gpu.routine': machine.nameOf(fact.routine) }
  }
}
