/**
 * Guest paths as components. A path is 8-bit text, `\` between components, compared without regard to ASCII case; it
 * begins with a DOS name (`game:\Media\x`), or with `\` and the object name space (`\Device\Cdrom0\Media\x`).
 *
 * Components keep `..` until the device is known: it is resolved there and never climbs above the root, so a path cannot
 * leave the device or the folder a link points at, whatever it is made of.
 */

/** A path cut into components, before links are followed. */
export interface PathParts {
  readonly parts: readonly string[]
  /** It ended in `\`: what it names must be a folder, or is the root folder rather than the device. */
  readonly folder: boolean
}

const prefixes = ['\\??\\', '\\dosdevices\\']

/** ASCII fold: the case rule of every device of the platform. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

/** Cuts a path; `/` counts as `\`, empty components and `.` vanish, the DOS prefixes are dropped. */
export function cutPath(path: string): PathParts {
  let text = path.replaceAll('/', '\\')
  for (const prefix of prefixes) {
    if (foldCase(text.slice(0, prefix.length)) === prefix) {
      text = text.slice(prefix.length)
      break
    }
  }
  const parts: string[] = []
  text.split('\\').forEach((component, i) => {
    const colon = i === 0 ? component.indexOf(':') : -1
    if (colon >= 0) parts.push(component.slice(0, colon + 1), component.slice(colon + 1))
    else parts.push(component)
  })
  return { parts: parts.filter(part => part !== '' && part !== '.'), folder: text.endsWith('\\') }
}

/** Resolves `..`, staying at the root where it would climb above it. */
export function clampParents(parts: readonly string[]): string[] {
  const kept: string[] = []
  for (const part of parts) {
    if (part === '..') kept.pop()
    else kept.push(part)
  }
  return kept
}

/** Whether a component may name something: wild cards, control characters and colons may not. */
export function lookupAllowed(name: string): boolean {
  return !/[*?:]|[^\x20-\xff]/.test(name)
}

/** Whether something may be created under this name on a writable device. */
export function creationAllowed(name: string, longest: number): boolean {
  if (name === '' || name === '.' || name === '..' || name.length > longest) return false
  return !/[*?:"+,;<=>|/\\]|[^\x20-\x7e]/.test(name)
}

/**
 * A `*` must be followed by `.` or the end. The platform refuses other patterns, and at least one title loops for ever
 * over a listing of a pattern that should have been refused.
 */
export function patternAllowed(pattern: string): boolean {
  return !/\*[^.]/.test(pattern)
}

/** Whether a name matches a pattern of `*` and `?`; `*.*` and the empty pattern match everything. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (pattern === '' || pattern === '*' || pattern === '*.*') return true
  const wanted = foldCase(pattern)
  const have = foldCase(name)
  let at = 0
  let star = -1
  let resume = 0
  for (let i = 0; i < have.length; ) {
    if (at < wanted.length && (wanted[at] === '?' || wanted[at] === have[i]) && wanted[at] !== '*') {
      at += 1
      i += 1
    } else if (wanted[at] === '*') {
      star = at
      resume = i
      at += 1
    } else if (star >= 0) {
      resume += 1
      i = resume
      at = star + 1
    } else return false
  }
  while (wanted[at] === '*') at += 1
  return at === wanted.length
}
