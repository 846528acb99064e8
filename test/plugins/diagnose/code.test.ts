import { describe, expect, test } from 'vitest'
import { address, handle, type ObjectView } from '../../../core/index.ts'
import { createCodeHunt } from '../../../plugins/diagnose/code.ts'
import { addi, aTitle, b, bl, blr, type Instruction, lis, lwz, mr, nop, type Title } from './title.ts'

const anEvent = (title: Title): ObjectView => title.object({ kind: 'Event/Auto', handles: [handle(0x1008)] })

/** Where in the title's code the event is signalled, as names. */
const sites = (title: Title, event: ObjectView): string[] =>
  createCodeHunt(title.views)
    .sitesOf(event)
    .map(({ address: at, signals, direct }) => `${signals} ${title.views.nameOf(at)}${direct ? '' : ' (wrapped)'}`)

const loadOf = (register: number, cell: number): readonly Instruction[] => [
  lis(register, cell),
  lwz(register, cell, register),
]

describe('a call that would signal is found', () => {
  test('when its handle comes from a word of data', () => {
    const title = aTitle()
    const event = anEvent(title)
    const set = title.thunk('NtSetEvent')
    title.function('finish', ...loadOf(3, title.cell(0x1008)), bl(set), blr)
    title.function('other', ...loadOf(3, title.cell(0x100c)), bl(set), blr)
    expect(sites(title, event)).toEqual(['NtSetEvent finish+0x8'])
  })

  test('when the base of the data was made in the prologue, with calls between', () => {
    const title = aTitle()
    const event = anEvent(title)
    const set = title.thunk('NtSetEvent')
    const [first, cell] = [title.cell(0), title.cell(0x1008)]
    const work = title.function('work', blr)
    title.function('finish', lis(31, first), addi(31, 31, first), bl(work), lwz(3, cell - first, 31), bl(set), blr)
    expect(sites(title, event)).toEqual(['NtSetEvent finish+0x10'])
  })

  test('when the object is named by its address', () => {
    const title = aTitle()
    const at = title.cell(0x01000000)
    const event = title.object({ kind: 'Event/Auto', address: address(at), adopted: true })
    const set = title.thunk('KeSetEvent')
    title.function('finish', lis(3, at), addi(3, 3, at), bl(set), blr)
    expect(sites(title, event)).toEqual(['KeSetEvent finish+0x8'])
  })

  test('behind a wrapper, and a wrapper of a wrapper that hands it on in another register', () => {
    const title = aTitle()
    const event = anEvent(title)
    const set = title.thunk('NtSetEvent')
    const inner = title.function('SetEvent', addi(4, 0, 0), b(set))
    const outer = title.function('notify', mr(3, 5), bl(inner), blr)
    const cell = title.cell(0x1008)
    title.function('one', ...loadOf(3, cell), bl(inner), blr)
    title.function('two', ...loadOf(5, cell), bl(outer), blr)
    expect(sites(title, event)).toEqual(['NtSetEvent one+0x8 (wrapped)', 'NtSetEvent two+0x8 (wrapped)'])
  })
})

describe('a member of an object that a function is given', () => {
  const aMember = (title: Title) => {
    const set = title.thunk('NtSetEvent')
    const wait = title.thunk('NtWaitForSingleObjectEx')
    title.function('push', mr(31, 3), lwz(3, 0x14, 31), bl(set), blr)
    title.function('close', lwz(3, 0x18, 3), bl(set), blr)
    const run = title.function('run', mr(30, 3), nop, lwz(3, 0x14, 30), bl(wait), blr)
    return { run, wait }
  }

  test('is told by its offset, and so are the calls that signal its like', () => {
    const title = aTitle()
    const event = anEvent(title)
    const { run } = aMember(title)
    const hunt = createCodeHunt(title.views)
    const member = hunt.memberOf([run + 0x10])
    expect(member).toEqual({ offset: 0x14, loaded: true })
    const found = member === undefined ? [] : hunt.sitesOfMember(member, event, run)
    expect(found.map(({ address: at }) => title.views.nameOf(at))).toEqual(['push+0x8'])
  })

  test('is found through a wrapper of the wait, by the frame above', () => {
    const title = aTitle()
    const { wait } = aMember(title)
    const wrapper = title.function('WaitForSingleObject', nop, bl(wait), blr)
    const run = title.function('work', lwz(3, 0x20, 3), bl(wrapper), blr)
    expect(createCodeHunt(title.views).memberOf([wrapper + 8, run + 8])).toEqual({ offset: 0x20, loaded: true })
  })
})

describe('a call is left out', () => {
  test('when the register may have changed since', () => {
    const title = aTitle()
    const event = anEvent(title)
    const set = title.thunk('NtSetEvent')
    const work = title.function('work', blr)
    title.function('finish', ...loadOf(3, title.cell(0x1008)), bl(work), bl(set), blr)
    expect(sites(title, event)).toEqual([])
  })

  test('when it signals another kind of object than the handle names now', () => {
    const title = aTitle()
    const event = anEvent(title)
    const release = title.thunk('NtReleaseSemaphore')
    title.function('finish', ...loadOf(3, title.cell(0x1008)), bl(release), blr)
    expect(sites(title, event)).toEqual([])
  })

  test('when it only looks like one: a wait on the same handle', () => {
    const title = aTitle()
    const event = anEvent(title)
    const wait = title.thunk('NtWaitForSingleObjectEx')
    title.function('consume', nop, ...loadOf(3, title.cell(0x1008)), bl(wait), blr)
    expect(sites(title, event)).toEqual([])
  })
})
