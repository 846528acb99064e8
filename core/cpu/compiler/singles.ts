/**
 * Float registers that are singles, and kept as such.
 *
 * The local of a float register holds its double, or its single where that is known to be one (facts.ts): what single
 * arithmetic gives, and what a load of a single does, to the last bit of a NaN. So neither is made a double of which nobody
 * asks, and what is loaded need not be looked at: a NaN shows itself where it is computed with. The double is made where it is
 * read as one, and on the ways out, by the bits where it is a NaN: no conversion of the host promises to keep those.
 *
 * A register that comes as a double and is read as a single is tested, and is one from there on. What is read so at the entry is
 * taken for one, and tested there: a loop tests it once. If it is none, the unit is given up; if it often is none, the unit is
 * compiled once more, and takes nothing for granted.
 *
 * Where ways meet with a single on one and a double on another, the double is made on the former, if the register is read from
 * there on. A temporary of a loop is not: it is live for being dirty, from the last round or in a loop that comes later. Of all
 * that is live and not read, a local tells by a bit for each which of the two it is; the bit is set on the ways to where they
 * meet, goes along where it holds already, and is asked for on the ways out.
 */
import { operations } from '../arithmetic.ts'
import { doubleOfNaN } from '../float/number.ts'
import type { Writer } from '../wasm/bytes.ts'
import { instructions } from '../wasm/instructions.ts'
import { extracts } from '../wasm/lanes.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import type { FactFinder } from './facts.ts'
import { type Bits, exclude, has, type Register, type Registers } from './registers.ts'
import { copyOf, takeNumbers } from './scratch.ts'

/** What the local of a float register holds: its double; its single, which is a number, or may be a NaN; or one of both. */
export const forms = { double: 0, number: 1, single: 2, either: 3 } as const
export type Form = (typeof forms)[keyof typeof forms]

export interface Singles {
  /** The form of a register where writing stands in the block whose sets begin at `sets`. */
  formOf(index: number, sets: number): Form
  /** Told that a register is written. */
  wrote(index: number, sets: number): void
  /** Pushes the double that a local of a form holds, in the first lane; for arithmetic, if a NaN's bits do not matter. */
  pushDouble(register: number, local: number, form: Form, forArithmetic?: boolean): void
  /** Makes a register a single in its local, by way of another; `otherwise` is what to do where it is none. */
  assume(local: number, single: number, otherwise: () => void): void
  /** Sees to it that a double is a number. */
  assumeNumber(local: number, otherwise: () => void): void
  /** Goes from where writing stands in a block to the start of another: `widen` visits what is to be a double there. */
  leave(sets: number, to: number, widen: (set: Bits) => void): void
  /** Behind a call, where all are doubles again. */
  returned(to: number): void
  /** Tells the common way out which of the dirty registers, whose set begins at `sets`, are singles. */
  tell(dirty: Bits, sets: number): void
  /** Pushes whether that was told of a register; false where it is never a single. */
  pushTold(register: Register): boolean
}

export interface SinglesSpec {
  readonly writer: Writer
  readonly builder: ModuleBuilder
  readonly registers: Registers
  readonly facts: FactFinder
  readonly blocks: number
  /** A new local. */
  keep(type: 'i32'): number
}

/** Of a unit that has none. */
const none: Omit<Singles, 'pushDouble'> = {
  formOf: () => forms.double,
  wrote() {},
  assume() {},
  assumeNumber() {},
  leave() {},
  returned() {},
  tell() {},
  pushTold: () => false,
}

export function createSingles({
  writer,
  builder,
  registers,
  facts: { facts, ever },
  blocks,
  keep,
}: SinglesSpec): Singles {
  const w = instructions(writer)
  if (ever.every(word => word === 0)) return { ...none, pushDouble: (_, local) => w.get(local) }
  const { words, liveIn, usedIn } = registers
  /** Of the registers of a word that are ever singles, a bit each: which of them are where that is not known beforehand. */
  const told = Array.from({ length: words }, (_, word) => (ever[word] === 0 ? -1 : keep('i32')))
  const singleAtStart = copyOf(facts.single)
  const eitherAtStart = takeNumbers(words * blocks)
  for (let at = 0; at < eitherAtStart.length; at += 1)
    eitherAtStart[at] = (liveIn[at] ?? 0) & (ever[at % words] ?? 0) & ~((usedIn[at] ?? 0) | (singleAtStart[at] ?? 0))
  /** The same where writing stands. */
  const either = copyOf(eitherAtStart)
  const widened = takeNumbers(words)

  /** Sets the bits of `asked` by the forms there: they hold already of those that are either. */
  function set(word: number, asked: number, eithers: number, singles: number): void {
    const local = told[word] ?? -1
    if (local < 0 || (eithers === asked && singles === 0)) return
    if (eithers === 0) w.i32(singles)
    else {
      w.get(local)
      w.i32(eithers)
      w.do(operations['i32.and'])
      if (singles !== 0) {
        w.i32(singles)
        w.do(operations['i32.or'])
      }
    }
    w.set(local)
  }
  function pushBit(index: number): void {
    w.get(told[index >> 5] ?? -1)
    w.i32(1 << (index & 31))
    w.do(operations['i32.and'])
  }

  function pushDouble(register: number, local: number, form: Form, forArithmetic = false): void {
    const promoted = (): void => {
      w.get(local)
      w.do(operations['f64x2.promote_low_f32x4'])
    }
    if (form === forms.double) w.get(local)
    else if (form === forms.number || forArithmetic) promoted()
    else if (form === forms.either) {
      pushBit(register)
      w.if('v128')
      pushDouble(register, local, forms.single)
      w.else()
      w.get(local)
      w.end()
    } else {
      for (let twice = 0; twice < 2; twice += 1) {
        w.get(local)
        w.do(extracts.f32)
      }
      w.do(operations['f32.eq'])
      w.if('v128')
      promoted()
      w.else()
      w.get(local)
      w.do(operations['i32x4.extract_lane'])
      builder.callRoutine(doubleOfNaN)
      w.do(operations['i64x2.splat'])
      w.end()
    }
  }

  /** `otherwise`, where the double in a local is another than what is pushed, as a NaN is than any. */
  function unlessSame(local: number, push: () => void, otherwise: () => void): void {
    push()
    w.do(extracts.f64)
    w.get(local)
    w.do(extracts.f64)
    w.do(operations['f64.ne'])
    w.ifRare()
    otherwise()
    w.end()
  }

  return {
    pushDouble,
    assume(local, single, otherwise) {
      const rounded = (): void => {
        w.get(local)
        w.do(operations['f32x4.demote_f64x2_zero'])
        w.tee(single)
        w.do(operations['f64x2.promote_low_f32x4'])
      }
      unlessSame(local, rounded, otherwise)
      w.get(single)
      w.set(local)
    },
    assumeNumber: (local, otherwise) => unlessSame(local, () => w.get(local), otherwise),
    formOf(index, sets) {
      if (has(facts.single, index, sets)) return has(facts.number, index, sets) ? forms.number : forms.single
      return has(either, index, sets) ? forms.either : forms.double
    },
    wrote(index, sets) {
      exclude(either, index, sets)
    },
    leave(sets, to, widen) {
      for (let word = 0; word < words; word += 1) {
        const there = to * words + word
        widened[word] = (facts.single[sets + word] ?? 0) & ~(singleAtStart[there] ?? 0) & (usedIn[there] ?? 0)
      }
      widen(widened)
      for (let word = 0; word < words; word += 1) {
        const asked = eitherAtStart[to * words + word] ?? 0
        if (asked === 0) continue
        set(word, asked, asked & (either[sets + word] ?? 0), asked & (facts.single[sets + word] ?? 0))
      }
    },
    returned(to) {
      for (let word = 0; word < words; word += 1) {
        const asked = eitherAtStart[to * words + word] ?? 0
        if (asked !== 0) set(word, asked, 0, 0)
      }
    },
    tell(dirty, sets) {
      for (let word = 0; word < words; word += 1) {
        const own = (dirty[sets + word] ?? 0) & (ever[word] ?? 0)
        // Whoever asks asks of all.
        set(word, -1, own & (either[sets + word] ?? 0), own & (facts.single[sets + word] ?? 0))
      }
    },
    pushTold({ index }) {
      if (!has(ever, index)) return false
      pushBit(index)
      return true
    },
  }
}
