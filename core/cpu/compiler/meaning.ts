/** What instructions mean: the effect of a row in one setting of its variants and one mode, found once for all its words. */
import { analyseProgram, type Effects } from '../analyse.ts'
import { bitsOf } from '../fields.ts'
import { fieldOf, type Operand } from '../forms.ts'
import { decode } from '../isa.ts'
import type { Row } from '../rows/row.ts'
import { variantNumber, variantsOf } from '../variants.ts'
import type { KnownNumber, Mode, Node, Place, Program, Scope } from '../wasm/program.ts'
import { traceRow } from '../wasm/trace.ts'

/** What a row does, in one setting of its variants and one mode: the same for all its instructions. */
export interface Meaning {
  /** Gives the instruction up where something rare happens. */
  readonly gives: boolean
  readonly row: Row
  readonly program: Program
  readonly effects: Effects
  /** Has no part that only the interpreter does. */
  readonly compilable: boolean
  /** Sets LR to the address behind it: a call, when it branches. */
  readonly links: boolean
  /** Goes where LR says, and leaves it as it is. */
  readonly returns: boolean
  /** Is a kernel call, and nothing else. */
  readonly kernel: boolean
  readonly target: Node | undefined
}

/** An instruction of a unit. */
export interface Instruction {
  readonly pc: number
  readonly bits: number
  readonly meaning: Meaning
  /**
   * Where it stands in lists that are by instruction, no other of the unit having the same; and where what is kept of its
   * places begins.
   */
  readonly at: number
}

function branchTarget(scope: Scope): Node | undefined {
  if (scope.branch) return scope.branch
  for (const one of scope.statements)
    if (one.kind === 'when') {
      const inner = branchTarget(one.yes) ?? branchTarget(one.no)
      if (inner) return inner
    }
  return undefined
}

const onlyInterpreted = (scope: Scope): boolean =>
  scope.statements.some(one => {
    if (one.kind === 'check' || one.kind === 'forget' || one.kind === 'repeat' || one.kind === 'callKernel') return true
    return one.kind === 'when' && (onlyInterpreted(one.yes) || onlyInterpreted(one.no))
  })

/** The meanings of a row, by the bits of a word that tell its variants. */
interface RowMeanings {
  readonly bits: number
  readonly byVariant: Map<number, Meaning>
}

/** Words of each mode whose meaning is at hand, each in the place of any other of its kind. */
const recentBits = 14
const recentWords = 1 << recentBits

function createMeanings(mode: Mode): (bits: number) => Meaning | undefined {
  const rows = new Map<Row, RowMeanings>()
  const recent = new Int32Array(recentWords)
  const meant = new Array<Meaning | undefined>(recentWords).fill(undefined)

  function find(bits: number): Meaning | undefined {
    const row = decode(bits)
    if (row === undefined) return undefined
    let own = rows.get(row)
    if (own === undefined) {
      own = { bits: row.encoding.variants.reduce((sum, name) => sum | bitsOf(fieldOf(name)), 0), byVariant: new Map() }
      rows.set(row, own)
    }
    const have = own.byVariant.get(bits & own.bits)
    if (have !== undefined) return have
    const meaning = makeMeaning(row, bits, mode)
    if (meaning !== undefined) own.byVariant.set(bits & own.bits, meaning)
    return meaning
  }
  return bits => {
    const place = Math.imul(bits, 0x9e3779b1) >>> (32 - recentBits)
    const have = recent[place] === (bits | 0) ? meant[place] : undefined
    if (have !== undefined) return have
    const meaning = find(bits)
    recent[place] = bits
    meant[place] = meaning
    return meaning
  }
}

const modes: ReturnType<typeof createMeanings>[] = []
/** What words mean in a mode; undefined where the machine has no such instruction. */
export function meaningsIn(mode: Mode): (bits: number) => Meaning | undefined {
  const number =
    Number(mode.wide) |
    (Number(mode.exact) << 1) |
    (Number(mode.fuses) << 2) |
    (mode.quick ? 8 : 0) |
    (mode.skips ? 16 : 0)
  modes[number] ??= createMeanings({ ...mode })
  return modes[number]
}

function makeMeaning(row: Row, bits: number, mode: Mode): Meaning | undefined {
  const variants = variantsOf(row)[variantNumber(row, bits)]
  if (variants === undefined) return undefined
  const program = traceRow(row, variants, mode)
  const effects = analyseProgram(program)
  const kernel = program.body.statements.length === 1 && effects.calls
  const plain = !program.immediate && !onlyInterpreted(program.body) && !(effects.ends && !effects.branches)
  const links = effects.branches && effects.writes.some(place => place.file === 'special' && place.name === 'lr')
  return {
    row,
    program,
    effects,
    gives: program.body.statements.some(one => one.kind === 'require'),
    compilable: kernel || plain,
    links,
    returns: row.name === 'bclr' && !links,
    kernel,
    target: branchTarget(program.body),
  }
}

/** The slots of places, each once. */
export const slotsOf = (places: readonly Place[]): Uint8Array => new Uint8Array(new Set(places.map(({ slot }) => slot)))

/** A number that the decoder tells of an instruction. */
export function numberIn({ bits, pc }: Pick<Instruction, 'bits' | 'pc'>, number: KnownNumber): number | bigint {
  asked.word = bits
  asked.pc = pc
  return number.of(asked)
}
/** The bits of a word that a number is told by, the same ones in any word. */
export function bitsRead(number: KnownNumber): number {
  let bits = 0
  function read(operand: Operand): number {
    bits |= bitsOf(fieldOf(operand.name))
    return operand.read(0)
  }
  number.of(Object.assign(read, { word: 0, pc: 0 }))
  return bits
}
/** What the decoder tells of the instruction that is asked for: made once, since it is asked all the time. */
const asked = Object.assign((operand: Operand): number => operand.read(asked.word), { word: 0, pc: 0 })

/** The static target of a branch, if it has one. */
export function staticTarget(instruction: Omit<Instruction, 'at'>): number | undefined {
  const { target } = instruction.meaning
  return target?.op === 'known' ? Number(numberIn(instruction, target.known)) >>> 0 : undefined
}
