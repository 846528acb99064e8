/**
 * The control flow of a unit as WebAssembly has it: blocks, loops and branches out of them.
 *
 * A graph whose every loop has one entry is written by its dominator tree: a block that is a loop's head opens a
 * `loop`; each block where forward paths meet gets a `block` to branch out of, opened by the block that dominates it and
 * followed by its code; every other block stands where the one branch to it was. A loop of several entries is given one
 * before (doors.ts): a door is a head, and all it leads to stands behind blocks, among which its `br_table` chooses.
 *
 * Several branches may lead back to one head: those of a loop, and, where the unit was entered inside of it, those of the
 * loops around it. So a head opens as many loops as there are different ones: what leads back from the smallest of them
 * goes round the innermost, which has no more to carry than what changes in it.
 *
 * Source: N. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow"
 * (2022).
 */
import { type Doors, doorsOf } from './doors.ts'
import { type Flow, ranksIn } from './flow.ts'
import { copyOf, takeNumbers } from './scratch.ts'

export interface ShapeSite {
  /** Opens a construct, and gives the depth to branch to. */
  open(kind: 'block' | 'loop', head: number): number
  close(): void
  branch(depth: number): void
  /** Writes a block; for each way out that stays inside it calls `go`. */
  block(index: number): void
  /** Says to which of the blocks behind a door the next one is to lead. */
  choose(place: number): void
  /** Branches to the one chosen of these depths. */
  branchChosen(depths: readonly number[]): void
}

export interface Shape {
  /** The blocks that can be reached, each before what follows it but for loops. */
  readonly order: Int32Array
  /** How many of them stand one inside the other at most, each where the one branch to it was. */
  depth(): number
  write(site: ShapeSite): { go(from: number, to: number): void; run(): void }
}

const noDoors: Pick<Doors, 'doorOf' | 'entries'> = { doorOf: new Int32Array(0), entries: [] }

export function shapeOf(flow: Flow): Shape {
  const shape = shapeWith(flow)
  if (shape.structured) return shape
  const doors = doorsOf(flow, shape.order)
  const made = shapeWith(doors.flow, doors, flow.size)
  if (!made.structured) throw new Error('a loop has several entries, and no door')
  return made
}

/** The shape of a flow, of whose blocks the first so many are no doors. */
function shapeWith(
  { size, starts, to, startsInto, from }: Flow,
  { doorOf, entries }: typeof noDoors = noDoors,
  doorless = size,
): Shape & { readonly structured: boolean } {
  // Reverse postorder, without recursion: blocks on the way here, and the way each of them goes next.
  const postorder = takeNumbers(size)
  let done = 0
  const seen = takeNumbers(size)
  const stack = takeNumbers(size)
  const next = copyOf(starts)
  let top = 0
  seen[0] = 1
  while (top >= 0) {
    const block = stack[top] ?? 0
    const way = next[block] ?? 0
    next[block] = way + 1
    if (way >= (starts[block + 1] ?? 0)) {
      postorder[done] = block
      done += 1
      top -= 1
      continue
    }
    const target = to[way] ?? 0
    if (seen[target] === 1) continue
    seen[target] = 1
    top += 1
    stack[top] = target
  }
  const order = postorder.subarray(0, done).reverse()
  const rank = ranksIn(order, size)
  const rankOf = (block: number): number => rank[block] ?? -1

  const dominator = takeNumbers(size, -1)
  dominator[0] = 0
  const above = (block: number): number => dominator[block] ?? -1
  function meet(a: number, b: number): number {
    let x = a
    let y = b
    while (x !== y) {
      while (rankOf(x) > rankOf(y)) x = above(x)
      while (rankOf(y) > rankOf(x)) y = above(y)
    }
    return x
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let at = 1; at < done; at += 1) {
      const block = order[at] ?? 0
      let found = -1
      for (let way = startsInto[block] ?? 0; way < (startsInto[block + 1] ?? 0); way += 1) {
        const before = from[way] ?? 0
        if (above(before) >= 0) found = found < 0 ? before : meet(found, before)
      }
      if (dominator[block] !== found) {
        dominator[block] = found
        changed = true
      }
    }
  }
  function dominates(a: number, b: number): boolean {
    let at = b
    while (rankOf(at) > rankOf(a)) at = above(at)
    return at === a
  }

  const forward = takeNumbers(size)
  const heads: number[] = []
  let structured = true
  for (let at = 0; at < done; at += 1) {
    const block = order[at] ?? 0
    let isHead = false
    for (let way = startsInto[block] ?? 0; way < (startsInto[block + 1] ?? 0); way += 1) {
      const before = from[way] ?? 0
      if (rankOf(before) < 0) continue
      if (rankOf(before) < at) forward[block] = (forward[block] ?? 0) + 1
      else {
        isHead = true
        if (!dominates(block, before)) structured = false
      }
    }
    if (isHead) heads.push(block)
  }
  const hasDoor = (block: number): boolean => (doorOf[block] ?? -1) >= 0
  const isMerge = (block: number): boolean => (forward[block] ?? 0) > 1 || hasDoor(block)
  function depth(): number {
    const depths = takeNumbers(size)
    let most = 0
    for (let at = 1; at < done; at += 1) {
      const block = order[at] ?? 0
      depths[block] = (depths[above(block)] ?? 0) + (isMerge(block) ? 0 : 1)
      most = Math.max(most, depths[block] ?? 0)
    }
    return most
  }
  /** The merges that a block dominates, in order: the last of them, and for each the one before it; -1 for none. */
  const lastMerge = takeNumbers(size, -1)
  const mergeBefore = takeNumbers(size, -1)
  for (let at = 1; at < done; at += 1) {
    const block = order[at] ?? 0
    if (!isMerge(block)) continue
    mergeBefore[block] = lastMerge[above(block)] ?? -1
    lastMerge[above(block)] = block
  }
  function predecessors(block: number): number[] {
    const all: number[] = []
    for (let way = startsInto[block] ?? 0; way < (startsInto[block + 1] ?? 0); way += 1)
      if (rankOf(from[way] ?? 0) >= 0) all.push(from[way] ?? 0)
    return all
  }

  /** A head, the blocks that lead back to it, and what leads there without passing the head. */
  function loopOf(head: number, ...latches: readonly number[]): Set<number> {
    const inside = new Set([head])
    const work = [...latches]
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      if (inside.has(block)) continue
      inside.add(block)
      work.push(...predecessors(block))
    }
    return inside
  }
  /** The loops of a head, each around the one before. */
  function levelsOf(head: number): Set<number>[] {
    const latches = predecessors(head).filter(from => rankOf(from) >= rankOf(head))
    // As many lead back to a door as there are ways to its entries: which of them go round less is not asked.
    if (head >= doorless) return [loopOf(head, ...latches)]
    const found = latches.map(latch => loopOf(head, latch)).sort((a, b) => a.size - b.size)
    const levels: Set<number>[] = []
    for (const one of found) {
      const last = levels.at(-1)
      if (last === undefined || (one.size > last.size && last.isSubsetOf(one))) levels.push(one)
      else levels[levels.length - 1] = last.union(one)
    }
    return levels
  }
  const levels: (Set<number>[] | undefined)[] = new Array(size).fill(undefined)
  if (structured) for (const head of heads) levels[head] = levelsOf(head)

  function write(site: ShapeSite) {
    const depth = takeNumbers(size)
    const mergeBehind = takeNumbers(size)
    /** Where to go round each loop of a head, as in `levels`. */
    const rounds: (number[] | undefined)[] = new Array(size).fill(undefined)
    function tree(block: number): void {
      const opened = levels[block]
      if (opened !== undefined) rounds[block] = opened.map(() => site.open('loop', block)).reverse()
      // The last to come is the outermost.
      let following = -1
      for (let one = lastMerge[block] ?? -1; one >= 0; one = mergeBefore[one] ?? -1) {
        depth[one] = site.open('block', one)
        mergeBehind[one] = following
        following = one
      }
      if (block < doorless) site.block(block)
      else site.branchChosen((entries[block - doorless] ?? []).map(entry => depth[entry] ?? 0))
      for (let one = following; one >= 0; one = mergeBehind[one] ?? -1) {
        site.close()
        tree(one)
      }
      if (opened !== undefined) for (const _ of opened) site.close()
    }
    function lead(from: number, to: number): void {
      if (rankOf(to) <= rankOf(from)) {
        const level = levels[to]?.findIndex(loop => loop.has(from)) ?? -1
        site.branch(rounds[to]?.[level] ?? 0)
      } else if (isMerge(to)) site.branch(depth[to] ?? 0)
      else tree(to)
    }
    return {
      run: () => tree(0),
      go(from: number, to: number): void {
        if (!hasDoor(to)) {
          lead(from, to)
          return
        }
        const door = doorOf[to] ?? 0
        site.choose(entries[door - doorless]?.indexOf(to) ?? 0)
        lead(from, door)
      },
    }
  }

  return { structured, depth, order: size === doorless ? order : order.filter(block => block < doorless), write }
}
