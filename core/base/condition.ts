/**
 * What a run can be told to go on until: the forms, one row each, and how a text becomes a condition. What a condition
 * means is the machine's (machine/until.ts).
 */
export type Condition =
  | { readonly kind: 'swaps' | 'cycle' | 'facts'; readonly count: number }
  | { readonly kind: 'signalled'; readonly handle: number; readonly count: number }
  | { readonly kind: 'fault' | 'stuck' }

/** As a person types them. */
export const conditionForms = ['swaps:N', 'cycle:N', 'facts:N', 'signalled:HANDLE[:N]', 'fault', 'stuck'] as const

const units: Readonly<Record<string, number>> = { '': 1, k: 1_000, m: 1_000_000, g: 1_000_000_000 }

function countOf(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,16})([kMG]?)$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  const count = Number(digits) * (units[unit.toLowerCase()] ?? 1)
  return count >= 1 && Number.isSafeInteger(count) ? count : undefined
}

function handleOf(text: string): number | undefined {
  if (!/^(?:\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text)) return undefined
  const value = Number(text)
  return value > 0 && value <= 0xffffffff ? value : undefined
}

function conditionOf(text: string): Condition | undefined {
  const [kind, first, second, ...rest] = text.split(':')
  if (rest.length > 0) return undefined
  if (kind === 'fault' || kind === 'stuck') return first === undefined ? { kind } : undefined
  if (first === undefined) return undefined
  if (kind === 'signalled') {
    const handle = handleOf(first)
    const count = countOf(second ?? '1')
    return handle === undefined || count === undefined ? undefined : { kind, handle, count }
  }
  const count = countOf(first)
  if ((kind !== 'swaps' && kind !== 'cycle' && kind !== 'facts') || second !== undefined || count === undefined)
    return undefined
  return { kind, count }
}

/** The conditions of a list with commas; undefined when one is none. */
export function parseConditions(text: string): readonly Condition[] | undefined {
  const all = text.split(',').map(conditionOf)
  const good = all.filter(one => one !== undefined)
  return good.length === all.length ? good : undefined
}

/** A condition as it is typed. */
export function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case 'fault':
    case 'stuck':
      return condition.kind
    case 'signalled':
      return `signalled:0x${condition.handle.toString(16).toUpperCase()}:${condition.count}`
    case 'swaps':
    case 'cycle':
    case 'facts':
      return `${condition.kind}:${condition.count}`
  }
}
