/** The structure of a unit against its graph: walks through what is written take the graph's own ways. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ShapeSite, shapeOf } from '../../../core/cpu/compiler/shape.ts'
import { flowTo } from './ways.ts'

type Edges = readonly (readonly number[])[]

/** The structure as JavaScript, which has labels where WebAssembly has depths: `step` is asked where to go next. */
function written(edges: Edges): { readonly run: (step: (block: number) => number) => void; readonly loops: number } {
  const shape = shapeOf(flowTo(edges))
  const text: string[] = []
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
    dispatch(count, place) {
      text.push('let choice = 0; around: for (;;) switch (choice) {')
      for (let i = 0; i < count; i += 1) {
        text.push(`case ${i}: {`)
        place(i)
        text.push('}')
      }
      text.push('}')
    },
    choose: index => text.push(`choice = ${index}; continue around;`),
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
})
