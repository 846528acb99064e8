/**
 * The control flow of a unit as WebAssembly has it: blocks, loops and branches out of them.
 *
 * A graph whose every loop has one entry is written by its dominator tree: a block that is a loop's head opens a
 * `loop`; each block where forward paths meet gets a `block` to branch out of, opened by the block that dominates it and
 * followed by its code; every other block stands where the one branch to it was. A graph with a loop of two entries is
 * written as one loop around a `br_table`.
 *
 * Several branches may lead back to one head: those of a loop, and, where the unit was entered inside of it, those of the
 * loops around it. So a head opens as many loops as there are different ones: what leads back from the smallest of them
 * goes round the innermost, which has no more to carry than what changes in it.
 *
 * Source: N. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow"
 * (2022).
 */

export interface Graph {
  readonly size: number
  /** The blocks that may follow a block, in any order, one entry an edge. Block 0 is the entry. */
  successors(block: number): readonly number[]
}

export interface ShapeSite {
  /** Opens a construct, and gives the depth to branch to. */
  open(kind: 'block' | 'loop', head: number): number
  close(): void
  branch(depth: number): void
  /** Writes a block; for each way out that stays inside it calls `go`. */
  block(index: number): void
  /** Opens a loop over blocks chosen by number, each of which `place` writes, in order; gives the depth to go round. */
  dispatch(count: number, place: (index: number) => void): void
  /** Goes round the loop of `dispatch` to a block. */
  choose(index: number): void
}

export interface Shape {
  readonly structured: boolean
  /** The blocks that can be reached, each before what follows it but for loops. */
  readonly order: readonly number[]
  write(site: ShapeSite): { go(from: number, to: number): void; run(): void }
}

export function shapeOf(graph: Graph): Shape {
  const { size } = graph
  const order: number[] = []
  const rank = new Int32Array(size).fill(-1)
  const edgesIn = new Int32Array(size)
  const predecessors: number[][] = Array.from({ length: size }, () => [])

  // Reverse postorder, without recursion.
  const seen = new Uint8Array(size)
  const stack: { block: number; next: number; to: readonly number[] }[] = []
  const enter = (block: number): void => {
    seen[block] = 1
    stack.push({ block, next: 0, to: graph.successors(block) })
  }
  enter(0)
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const to = top.to[top.next]
    top.next += 1
    if (to === undefined) {
      order.push(top.block)
      stack.pop()
    } else {
      predecessors[to]?.push(top.block)
      if (!seen[to]) enter(to)
    }
  }
  order.reverse()
  for (const [index, block] of order.entries()) rank[block] = index
  const rankOf = (block: number): number => rank[block] ?? -1

  const dominator = new Int32Array(size).fill(-1)
  dominator[0] = 0
  const above = (block: number): number => dominator[block] ?? -1
  function meet(a: number, b: number): number {
    let [x, y] = [a, b]
    while (x !== y) {
      while (rankOf(x) > rankOf(y)) x = above(x)
      while (rankOf(y) > rankOf(x)) y = above(y)
    }
    return x
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const block of order) {
      if (block === 0) continue
      let found = -1
      for (const from of predecessors[block] ?? []) if (above(from) >= 0) found = found < 0 ? from : meet(found, from)
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

  const heads = new Uint8Array(size)
  let structured = true
  for (const block of order)
    for (const from of predecessors[block] ?? []) {
      if (rankOf(from) < rankOf(block)) edgesIn[block] = (edgesIn[block] ?? 0) + 1
      else {
        heads[block] = 1
        if (!dominates(block, from)) structured = false
      }
    }
  const isMerge = (block: number): boolean => (edgesIn[block] ?? 0) > 1
  const merges: number[][] = Array.from({ length: size }, () => [])
  for (const block of order) if (block !== 0 && isMerge(block)) merges[above(block)]?.push(block)

  /** A head, the block that leads back to it, and what leads there without passing the head. */
  function loopOf(head: number, latch: number): Set<number> {
    const inside = new Set([head])
    const work = [latch]
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      if (inside.has(block)) continue
      inside.add(block)
      work.push(...(predecessors[block] ?? []))
    }
    return inside
  }
  /** The loops of a head, each around the one before. */
  function levelsOf(head: number): Set<number>[] {
    const latches = (predecessors[head] ?? []).filter(from => rankOf(from) >= rankOf(head))
    const found = latches.map(latch => loopOf(head, latch)).sort((a, b) => a.size - b.size)
    const levels: Set<number>[] = []
    for (const one of found) {
      const last = levels.at(-1)
      if (last === undefined || (one.size > last.size && last.isSubsetOf(one))) levels.push(one)
      else levels[levels.length - 1] = last.union(one)
    }
    return levels
  }
  const levels = new Map(
    structured ? order.filter(block => heads[block] === 1).map(head => [head, levelsOf(head)]) : [],
  )

  function write(site: ShapeSite) {
    const depth = new Int32Array(size)
    /** Where to go round each loop of a head, as in `levels`. */
    const rounds = new Map<number, number[]>()
    function tree(block: number): void {
      const opened = levels.get(block) ?? []
      rounds.set(block, opened.map(() => site.open('loop', block)).reverse())
      // In order of rank: the last to come is the outermost.
      const following = merges[block] ?? []
      for (const one of following.toReversed()) depth[one] = site.open('block', one)
      site.block(block)
      for (const one of following) {
        site.close()
        tree(one)
      }
      for (const _ of opened) site.close()
    }
    if (structured)
      return {
        run: () => tree(0),
        go(from: number, to: number): void {
          if (rankOf(to) <= rankOf(from)) {
            const level = levels.get(to)?.findIndex(loop => loop.has(from)) ?? -1
            site.branch(rounds.get(to)?.[level] ?? 0)
          } else if (isMerge(to)) site.branch(depth[to] ?? 0)
          else tree(to)
        },
      }
    return {
      run: () => site.dispatch(order.length, index => site.block(order[index] ?? 0)),
      go: (_: number, to: number): void => site.choose(rankOf(to)),
    }
  }

  return { structured, order, write }
}
