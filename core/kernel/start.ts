/** What is there before the first instruction of a title: its process, its module, its main thread. */
import type { Kernel } from './context.ts'
import { addSystemModules } from './library.ts'
import { entryReason } from './modules.ts'
import type { TitleImage } from './ports.ts'
import { KPROCESS } from './structs.ts'
import { priorityClasses } from './thread-body.ts'

const titleProcess = 1
const quantum = 60
const smallestStack = 0x4000

/** Writes a text of one-byte characters and its NUL into a variable. */
function writeText(k: Kernel, variable: string, text: string): void {
  const at = k.variable(variable)
  if (at === 0) return
  for (let i = 0; i < text.length; i += 1) k.memory.store8(at + i, text.charCodeAt(i))
  k.memory.store8(at + text.length, 0)
}

function createProcess(k: Kernel, image: TitleImage): number {
  const body = k.pool.allocate(KPROCESS.size)
  const { memory } = k
  memory.store32(body + KPROCESS.threadListFlink, body + KPROCESS.threadListFlink)
  memory.store32(body + KPROCESS.threadListBlink, body + KPROCESS.threadListFlink)
  memory.store32(body + KPROCESS.quantum, quantum)
  memory.store8(body + KPROCESS.idlePriority, priorityClasses.foreground.idle)
  memory.store8(body + KPROCESS.normalPriority, priorityClasses.foreground.normal)
  memory.store8(body + KPROCESS.timeCriticalPriority, priorityClasses.foreground.timeCritical)
  memory.store32(body + KPROCESS.tlsStaticImage, image.tls.address)
  memory.store32(body + KPROCESS.tlsStaticSize, image.tls.size)
  memory.store32(body + KPROCESS.tlsStaticImageSize, image.tls.initialised)
  memory.store16(body + KPROCESS.tlsSlotsSize, Math.min(0xffff, image.tls.slots * 4))
  memory.store8(body + KPROCESS.processType, titleProcess)
  for (let word = 0; word < 8; word += 1) memory.store32(body + KPROCESS.tlsSlotBitmap + word * 4, 0xffffffff)
  return body
}

/** Makes the title's process, module and main thread; `header` is where its XEX header lies, 0 for none. */
export function startTitle(k: Kernel, image: TitleImage, header: number): void {
  const path = `\\Device\\Cdrom0\\${image.name}`
  addSystemModules(k)
  const title = k.modules.add({
    name: image.name,
    kind: image.library ? 'library' : 'title',
    path,
    base: image.base,
    size: image.size,
    entry: image.entry,
    header,
    headerSize: image.headerBlock.length,
    functions: image.functionTable,
    exports: [],
  })
  k.space.claim({ base: image.base, size: image.size, protect: 0x20, use: 'image' })
  const handle = k.variable('XexExecutableModuleHandle')
  if (handle !== 0) k.memory.store32(handle, title.handle)
  writeText(k, 'ExLoadedCommandLine', `"${image.name}"`)
  writeText(k, 'ExLoadedImageName', path)
  k.threads.tls = { ...image.tls }
  k.threads.process = createProcess(k, image)
  k.threads.defaultStack = Math.max(smallestStack, image.stackSize)
  k.audit.as('title-start', 'kernel', () => {
    k.threads.create({
      entry: image.entry,
      start: image.entry,
      parameter: 0,
      // A library that is run by itself: told what it would be told by who loads it.
      args: image.library ? [title.handle, entryReason.processAttach, 0] : [0],
      stackSize: k.threads.defaultStack,
      flags: 0,
      hardwareThread: 0,
      ...(image.toc === 0 ? {} : { toc: image.toc }),
    })
  })
}
