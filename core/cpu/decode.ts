/**
 * From a word to its row.
 *
 * The rows are cut into a tree: a node looks at the bits that every row below it fixes and that no node above has looked
 * at, and has one branch for each value they take. Where rows of one branch fix different bits (an extended opcode of
 * nine bits beside one of ten), a leaf holds the few that remain and compares them in turn. That a word has at most one
 * row is proven when the tree is built: two rows that any word satisfies are an error, so the order of rows means
 * nothing and a leaf has no first match.
 *
 * Nothing here knows a primary opcode: the first node looks at bits 0 to 5 because all rows fix them.
 */
import type { Encoding } from './forms.ts'

export interface Encoded {
  readonly name: string
  readonly encoding: Encoding
}

type Tree<R> =
  | { readonly kind: 'node'; readonly bits: number; readonly branches: ReadonlyMap<number, Tree<R>> }
  | {
      readonly kind: 'list'
      readonly right: number
      readonly mask: number
      readonly branches: readonly (Tree<R> | undefined)[]
    }
  | { readonly kind: 'leaf'; readonly rows: readonly R[] }

/** Bits side by side are a number, so that the branches are a list; up to so many. */
const widestList = 11

const matches = ({ encoding }: Encoded, word: number): boolean => ((word & encoding.mask) ^ encoding.match) === 0

/** The first pair of rows that one word would satisfy. */
export function findOverlap<R extends Encoded>(rows: readonly R[]): readonly [R, R] | undefined {
  for (const [index, one] of rows.entries())
    for (const other of rows.slice(index + 1)) {
      const both = one.encoding.mask & other.encoding.mask
      if (((one.encoding.match ^ other.encoding.match) & both) === 0) return [one, other]
    }
  return undefined
}

function grow<R extends Encoded>(rows: readonly R[], looked: number): Tree<R> {
  const bits = rows.reduce((common, row) => common & row.encoding.mask, ~looked)
  if (bits === 0 || rows.length === 1) return { kind: 'leaf', rows }
  const groups = new Map<number, R[]>()
  for (const row of rows) {
    const value = row.encoding.match & bits
    const group = groups.get(value)
    if (group) group.push(row)
    else groups.set(value, [row])
  }
  const branches = new Map<number, Tree<R>>()
  for (const [value, group] of groups) branches.set(value, grow(group, looked | bits))
  const right = 31 - Math.clz32(bits & -bits)
  const mask = bits >>> right
  if ((mask & (mask + 1)) !== 0 || mask >= 2 ** widestList) return { kind: 'node', bits, branches }
  const list = Array.from({ length: mask + 1 }, (_, value) => branches.get(value << right))
  return { kind: 'list', right, mask, branches: list }
}

/** A decoder for the rows: a word's row, or undefined where the machine has no such instruction. */
export function createDecoder<R extends Encoded>(rows: readonly R[]): (word: number) => R | undefined {
  const overlap = findOverlap(rows)
  if (overlap) throw new Error(`rows ${overlap[0].name} and ${overlap[1].name} overlap`)
  const root = grow(rows, 0)
  return word => {
    let tree: Tree<R> | undefined = root
    while (tree !== undefined && tree.kind !== 'leaf')
      tree =
        tree.kind === 'list' ? tree.branches[(word >>> tree.right) & tree.mask] : tree.branches.get(word & tree.bits)
    if (tree === undefined) return undefined
    for (const row of tree.rows) if (matches(row, word)) return row
    return undefined
  }
}
