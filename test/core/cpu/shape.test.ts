/** The structure of a unit against its graph: walks through what is written take the graph's own ways. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ShapeSite, shapeOf } from '../../../core/cpu/compiler/shape.ts'
import { flowTo } from './ways.ts'

type Edges = readonly (readonly number[])[]

/** The structure as JavaScript, which has labels where WebAssembly has depths: `step` is asked where to go next. */
function written(edges: Edges): { readonly run: (step: (block: number) => number) => void; readonly loops: number } {
  const shape = shapeOf(flowTo(edges))
  const text = ['let choice;']
  const open: { readonly loop: boolean; readonly label: number }[] = []
  let loops = 0
  const site: ShapeSite = {
    open(kind) {
      if (kind === 'loop') loops += 1
      open.push({ loop: kind === 'loop', label: open.length + 1 })
      text.push(`L${open.length}: ${kind === 'loop' ? 'for (;;) ' : ''}{`)
      return open.length
    },
    close() {
      const ended = open.pop()
      text.push(ended?.loop ? 'throw new Error("fell through") }' : '}')
    },
    branch: depth => text.push(`${open[depth - 1]?.loop ? 'continue' : 'break'} L${depth};`),
    block(index) {
      text.push(`switch (step(${index})) {`)
      for (const to of edges[index] ?? []) {
        text.push(`case ${to}: {`)
        flow.go(index, to)
        text.push('throw new Error("fell through") }')
      }
      text.push('default: return }')
    },
    choose: place => text.push(`choice = ${place};`),
    branchChosen(depths) {
      text.push('switch (choice) {')
      for (const [place, depth] of depths.entries()) {
        text.push(`case ${place}:`)
        site.branch(depth)
      }
      text.push('}')
    },
  }
  const flow = shape.write(site)
  flow.run()
  return { run: new Function('step', text.join('\n')) as (step: (block: number) => number) => void, loops }
}

const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain(size => fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }))

describe('the structure of a unit', () => {
  test('leads from every block to the one that was chosen, whatever the graph', () => {
    fc.assert(
      fc.property(graphs, fc.array(fc.nat(2), { minLength: 1, maxLength: 200 }), (edges, choices) => {
        const expected: number[] = []
        const seen: number[] = []
        let at: number | undefined = 0
        let next = 0
        written(edges).run(block => {
          seen.push(block)
          expected.push(at ?? -1)
          const ways: readonly number[] = edges[block] ?? []
          at = next < choices.length ? ways[(choices[next] ?? 0) % Math.max(1, ways.length)] : undefined
          next += 1
          return at ?? -1
        })
        expect(seen).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('has a loop for each of two around one head: what changes in the inner one alone is all it carries', () => {
    // 0 goes round itself, and 0 → 1 → 2 → 0 goes round that.
    expect(written([[0, 1], [2], [0]]).loops).toBe(2)
  })

  test('has one loop where a branch back to the head has others beside it', () => {
    expect(written([[1, 2], [0], [0]]).loops).toBe(1)
  })

  test('has one loop where two blocks lead to one another and both are entered', () => {
    expect(written([[1, 2], [2], [1]]).loops).toBe(1)
  })

  test('has a loop of its own for one inside a loop of two entries', () => {
    // 1 and 2 lead to one another by way of 3, which goes round itself.
    expect(written([[1, 2], [3], [1], [3, 2]]).loops).toBe(2)
  })
})
