/** Numbers as people read them. */
export const grouped = (n: number): string => n.toLocaleString('en-US', { maximumFractionDigits: 0 })

/** `1.25 G`, `340 k`: about so many. */
export function amount(n: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (n >= size) return `${(n / size).toPrecision(3)} ${unit}`
  return String(n)
}

export function seconds(value: number): string {
  if (value >= 1) return `${value.toFixed(3)} s`
  if (value >= 0.001) return `${(value * 1e3).toFixed(1)} ms`
  if (value >= 0.000001) return `${(value * 1e6).toFixed(1)} µs`
  return value === 0 ? '0 s' : `${Math.round(value * 1e9)} ns`
}

/** Rows with their cells under one another; a cell that starts with a digit stands at the right of its column. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map(row =>
    row
      .map((cell, i) => (/^\d/.test(cell) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** The words of a text in lines of at most `width` columns. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Rows under a head, as a table of Markdown. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`)
