/**
 * The code that could signal an object, whether it ran or not. A run that hangs has not run the code that matters, so no
 * fact tells of it; but it stands in memory.
 *
 * Every call of an export that signals is found by scanning the image for branches to its thunk. What such a call would
 * signal is worked out backwards from the call, in a straight line to the start of its function: constants, address
 * arithmetic, and loads from where memory is now. `lis r9; lwz r3, level_ready(r9); bl NtSetEvent` gives the handle that
 * `level_ready` holds at the end of the run, and the handle gives the object. Where the value is the function's own
 * argument, the function is a wrapper (as SetEvent is of NtSetEvent), and its callers are looked at in turn.
 *
 * In C++ the value is a member of an object the function was given: `lwz r3, 0x14(r31); bl NtSetEvent`. Which object that
 * was, nobody can say afterwards; but the wait came about the same way, so calls that signal a member at the same offset
 * are told of, as calls that might.
 *
 * It is an inference: it takes a straight line where there may be branches, and memory as it is now. What it cannot work
 * out it leaves out. The report says `would`, never `did`.
 */
import type { MachineViews, ObjectView } from '../../core/index.ts'

/** A call site that would signal. */
export interface SignalCode {
  /** Address of the branch. */
  readonly address: number
  /** The export it leads to. */
  readonly signals: string
  /** It calls the export itself, not a wrapper: its return address tells whether it ran. */
  readonly direct: boolean
}

/** A word of an object that a function was given: its address, or what it holds. */
export interface Member {
  readonly offset: number
  readonly loaded: boolean
}

export interface CodeHunt {
  /** Sites that signal the like member of whatever they are given, nearest to `near` first. */
  sitesOfMember(member: Member, object: ObjectView, near: number): readonly SignalCode[]
  /** The member that a call names by its first argument; `frames` are the return addresses, innermost first. */
  memberOf(frames: readonly number[]): Member | undefined
  /** Sites that would signal the object, as memory is now. */
  sitesOf(object: ObjectView): readonly SignalCode[]
  /** Start and name of the function an address lies in. */
  functionAt(address: number): { readonly name: string; readonly begin: number } | undefined
}

/** Exports that signal what their first argument names. */
const signalling = new Set([
  'NtSetEvent',
  'NtPulseEvent',
  'NtReleaseSemaphore',
  'NtReleaseMutant',
  'NtSetTimerEx',
  'NtSetIoCompletion',
  'NtSignalAndWaitForSingleObjectEx',
  'NtResumeThread',
  'KeSetEvent',
  'KeSetEventBoostPriority',
  'KePulseEvent',
  'KeReleaseSemaphore',
  'KeReleaseMutant',
  'KeSetTimer',
  'KeSetTimerEx',
  'KeInsertQueue',
  'KeResumeThread',
])

const firstCode = 0x80000000
const pastCode = 0xa0000000
const step = 0x10000
const page = 0x1000
/** How far back a definition is looked for where the start of the function is not known, and at most. */
const nearBytes = 0x400
const farBytes = 0x4000
const deepest = 6
const mostWrappers = 64
const firstArgument = 3
const lastArgument = 10

interface Block {
  readonly start: number
  readonly words: DataView
}

export function createCodeHunt(views: MachineViews): CodeHunt {
  const blocks = imageBlocks(views)
  const wordAt = (address: number): number | undefined => {
    const block = blocks.find(({ start, words }) => address >= start && address + 4 <= start + words.byteLength)
    return block?.words.getUint32(address - block.start)
  }
  const functions = new Map<number, { name: string; begin: number } | undefined>()
  function functionAt(address: number): { name: string; begin: number } | undefined {
    if (functions.has(address)) return functions.get(address)
    const [, name = '', offset = '0'] = /^(.*?)(?:\+0x([0-9a-f]+))?$/i.exec(views.nameOf(address)) ?? []
    const found = /^0x/i.test(name) ? undefined : { name, begin: address - Number.parseInt(offset, 16) }
    functions.set(address, found)
    return found
  }

  /** What a register holds just before `at`: a value as memory is now, an argument of the function, or nothing known. */
  function held(register: number, at: number, depth = 0): Value {
    const begin = Math.max(functionAt(at)?.begin ?? at - nearBytes, at - farBytes)
    for (let pc = at - 4; pc >= begin; pc -= 4) {
      const word = wordAt(pc)
      if (word === undefined) return nothing
      if (isCall(word) && isVolatile(register)) return nothing
      if (!writes(word, register)) continue
      return depth >= deepest ? nothing : defined(word, pc, depth)
    }
    return functionAt(at)?.begin === begin && register >= firstArgument && register <= lastArgument
      ? { argument: register }
      : nothing
  }

  function defined(word: number, pc: number, depth: number): Value {
    const rt = (word >>> 21) & 31
    const ra = (word >>> 16) & 31
    const signed = (word << 16) >> 16
    const operation = word >>> 26
    const base = (): Value => (ra === 0 ? { value: 0 } : held(ra, pc, depth + 1))
    const plus = (addend: number): Value => {
      const from = base()
      if (from.argument !== undefined) return { member: { offset: addend, loaded: false } }
      return from.value === undefined ? nothing : { value: (from.value + addend) >>> 0 }
    }
    if (operation === 14) return plus(signed)
    if (operation === 15) return plus(word << 16)
    if (operation === 24) {
      const from = held(rt, pc, depth + 1)
      if ((word & 0xffff) === 0) return from
      return from.value === undefined ? nothing : { value: (from.value | (word & 0xffff)) >>> 0 }
    }
    if (operation === 31 && ((word >>> 1) & 0x3ff) === 444 && rt === ((word >>> 11) & 31))
      return held(rt, pc, depth + 1)
    if (operation === 32) {
      const { value: at, member } = plus(signed)
      if (member !== undefined) return { member: { offset: member.offset, loaded: true } }
      const bytes = at === undefined ? undefined : views.readMemory(at, 4)
      return bytes === undefined ? nothing : { value: new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) }
    }
    return nothing
  }

  /** Every site whose signalled value is known, by that value, and those that signal members. */
  function hunt(): Found {
    const byTarget = branches(blocks)
    const found = new Map<number, SignalCode[]>()
    const members: { readonly member: Member; readonly site: SignalCode }[] = []
    const queue: { target: number; signals: string; register: number; direct: boolean }[] = []
    for (const target of byTarget.keys()) {
      const name = views.nameOf(target)
      if (signalling.has(name)) queue.push({ target, signals: name, register: firstArgument, direct: true })
    }
    const seen = new Set(queue.map(({ target }) => target))
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      for (const address of byTarget.get(next.target) ?? []) {
        const { value, argument, member } = held(next.register, address)
        const site: SignalCode = { address, signals: next.signals, direct: next.direct }
        const inside = functionAt(address)
        if (value !== undefined) {
          const sites = found.get(value) ?? []
          sites.push(site)
          found.set(value, sites)
        } else if (member !== undefined) members.push({ member, site })
        else if (
          argument !== undefined &&
          inside !== undefined &&
          !seen.has(inside.begin) &&
          seen.size < mostWrappers
        ) {
          seen.add(inside.begin)
          queue.push({ target: inside.begin, signals: next.signals, register: argument, direct: false })
        }
      }
    return { byValue: found, members }
  }

  let found: Found | undefined
  const all = (): Found => {
    found ??= hunt()
    return found
  }
  return {
    functionAt,
    memberOf(frames) {
      let register = firstArgument
      for (const lr of frames.slice(0, deepest)) {
        const { member, argument } = held(register, lr - 4)
        if (member !== undefined) return member.offset > 0 ? member : undefined
        if (argument === undefined) return undefined
        register = argument
      }
      return undefined
    },
    sitesOfMember: ({ offset, loaded }, object, near) =>
      all()
        .members.filter(({ member, site }) => {
          return member.offset === offset && member.loaded === loaded && fits(site.signals, object)
        })
        .map(({ site }) => site)
        .toSorted((a, b) => Math.abs(a.address - near) - Math.abs(b.address - near)),
    sitesOf(object) {
      const { byValue } = all()
      const values = new Set<number>([...object.handles, object.address])
      values.delete(0)
      return [...values].flatMap(value => byValue.get(value) ?? []).filter(({ signals }) => fits(signals, object))
    },
  }
}

interface Value {
  readonly value?: number
  readonly argument?: number
  readonly member?: Member
}
const nothing: Value = {}

interface Found {
  readonly byValue: ReadonlyMap<number, readonly SignalCode[]>
  readonly members: readonly { readonly member: Member; readonly site: SignalCode }[]
}

const kindsOf: readonly (readonly [RegExp, RegExp])[] = [
  [/Event/, /^Event/],
  [/Semaphore/, /^Semaphore/],
  [/Mutant/, /^Mutant/],
  [/Timer/, /^Timer/],
  [/Resume/, /^Thread/],
  [/Queue/, /^Queue/],
  [/IoCompletion/, /^IoCompletion/],
]

/** Whether an export signals such an object; a stale value in memory may name another kind now. */
export function fits(signals: string, object: ObjectView): boolean {
  const row = kindsOf.find(([name]) => name.test(signals))
  return row === undefined || row[1].test(object.kind)
}

function imageBlocks(views: MachineViews): Block[] {
  const found: Block[] = []
  for (let start = firstCode; start < pastCode; start += step) {
    let end = start
    while (end < start + step && views.readMemory(end, page) !== undefined) end += page
    if (end === start) continue
    const bytes = views.readMemory(start, end - start)
    if (bytes !== undefined)
      found.push({ start, words: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) })
  }
  return found
}

/** Relative branches and calls, by target. */
function branches(blocks: readonly Block[]): ReadonlyMap<number, readonly number[]> {
  const byTarget = new Map<number, number[]>()
  for (const { start, words } of blocks)
    for (let at = 0; at + 4 <= words.byteLength; at += 4) {
      const word = words.getUint32(at)
      if (word >>> 26 !== 18 || (word & 2) !== 0) continue
      const target = (start + at + (((word & 0x03fffffc) << 6) >> 6)) >>> 0
      const sites = byTarget.get(target)
      if (sites === undefined) byTarget.set(target, [start + at])
      else sites.push(start + at)
    }
  return byTarget
}

const isVolatile = (register: number): boolean => register === 0 || (register >= 3 && register <= 12)

const isCall = (word: number): boolean => {
  const operation = word >>> 26
  return (operation === 18 || operation === 16 || operation === 19) && (word & 1) === 1
}

/** Traps, compares, branches. */
const writesNone = new Set([2, 3, 10, 11, 16, 17, 18, 19])
const updateForms = new Set([33, 35, 37, 39, 41, 43, 45, 49, 51, 53, 55])

/** Whether an instruction may write a general register; where the form leaves it open, it may. */
function writes(word: number, register: number): boolean {
  const operation = word >>> 26
  const rt = (word >>> 21) & 31
  const ra = (word >>> 16) & 31
  if (writesNone.has(operation)) return false
  if (operation >= 20 && operation <= 30) return ra === register
  if (operation === 31) {
    const extended = (word >>> 1) & 0x3ff
    if (extended === 444) return ra === register
    if (extended === 467 || extended === 0 || extended === 32) return false
    return rt === register || ra === register
  }
  if (operation === 46) return rt <= register
  if (updateForms.has(operation) && ra === register) return true
  if (operation >= 36 && operation <= 55 && !(operation >= 40 && operation <= 43)) return false
  if (operation === 62) return (word & 1) === 1 && ra === register
  if (operation === 58) return rt === register || ((word & 1) === 1 && ra === register)
  return rt === register
}
