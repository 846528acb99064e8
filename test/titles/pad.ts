/**
 * A script for a pad that touches everything: sticks and triggers, then each button in turn. It begins fast, for titles
 * that present at once and hundreds of frames in a few milliseconds, and slows down, for titles that take their time.
 */
const buttons = ['a', 'start', 'b', 'x', 'y', 'lb', 'rb', 'up', 'left', 'back', 'ls', 'rs']

export function padScript(): string {
  const lines: string[] = []
  let at = 72
  for (let round = 0; round < 40; round += 1) {
    // From a quarter of a millisecond to a quarter of a second: a button that is held for less than a frame is not seen.
    const step = Math.min(250, 0.25 * 1.25 ** round)
    const button = buttons[round % buttons.length] ?? 'a'
    const side = round % 2 === 0 ? 1 : -1
    lines.push(
      `${at.toFixed(3)}ms 0 press ${button} ${step.toFixed(3)}ms`,
      `${at.toFixed(3)}ms 0 lx ${side * 30_000}`,
      `${at.toFixed(3)}ms 0 ry ${side * 20_000}`,
      `${at.toFixed(3)}ms 0 rt ${round % 2 === 0 ? 255 : 0}`,
    )
    at += step * 2
  }
  return `${lines.join('\n')}\n`
}
