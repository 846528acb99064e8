/** Text for a terminal: a label, then words wrapped under themselves. */
const columns = 100
const labelWidth = 11

/** Wraps at spaces; lines after the first start `indent` columns in. */
export function wrap(text: string, first: number, indent: number): string[] {
  const lines: string[] = []
  let line = ''
  let room = columns - first
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
      room = columns - indent
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((one, i) => (i === 0 ? one : ' '.repeat(indent) + one))
}

/** `  label     text`, the text wrapped; several texts stand under one label. */
export function labelled(label: string, texts: readonly string[]): string[] {
  const indent = 2 + labelWidth
  return texts.flatMap((text, i) => {
    const [head = '', ...rest] = wrap(text, indent, indent + 2)
    return [`  ${(i === 0 ? label : '').padEnd(labelWidth)}${head}`, ...rest]
  })
}

/** Rows with their cells under one another; the last cell is as long as it is. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map(row =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
