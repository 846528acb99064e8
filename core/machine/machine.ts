/**
 * One emulated console: memory, processor, kernel and devices wired together, with a title in it. A machine is a pure
 * function of its title, options and inputs; it runs in slices, and says of itself what happened by the sink it is given.
 */
import type { Plain } from '../base/state.ts'
import type { UnitListing } from '../cpu/compiler/listing.ts'
import type { TranslationPort } from '../cpu/compiler/translation.ts'
import { createProfile, type ProfileReport } from '../cpu/profile.ts'
import { type Cpu, createCpu, type Engine } from '../cpu/run.ts'
import { createAudioOutput } from '../devices/audio/audio.ts'
import { createXmaDecoder } from '../devices/audio/xma.ts'
import { createDeviceBus, type MappedDevice } from '../devices/device.ts'
import { createGpu } from '../devices/gpu/gpu.ts'
import { packetName } from '../devices/gpu/packets.ts'
import { createPads } from '../devices/input.ts'
import type { FactSink } from '../facts/sink.ts'
import type { MachineViews } from '../facts/views.ts'
import { audioSlotFree } from '../kernel/audio.ts'
import { allEntries } from '../kernel/exports/index.ts'
import { createKernel, type KernelCore } from '../kernel/kernel.ts'
import { startTitle } from '../kernel/start.ts'
import { fenceWritten, framePresented, graphicsInterrupt, videoState } from '../kernel/video.ts'
import type { Image } from '../loader/image.ts'
import { linkImports } from '../loader/imports.ts'
import { place } from '../loader/load.ts'
import { symbolsOf } from '../loader/symbols.ts'
import { createMemory, type GuestMemory } from '../memory/guest.ts'
import { access } from '../memory/map.ts'
import type { Vfs } from '../vfs/vfs.ts'
import { digestOf } from './digest.ts'
import { createLibraries, importsOf } from './libraries.ts'
import { createLoop, type StopReason } from './loop.ts'
import { type MachineOptions, machineOptions } from './options.ts'
import { createRegisters } from './registers.ts'
import { loadMachine, type SnapshotParts, saveMachine, saveState } from './snapshot.ts'
import { createUntil } from './until.ts'
import { addressNames, createViews } from './views.ts'

export interface Machine {
  /** Runs at most `limit` instructions; why the machine stopped for good, or undefined when the slice is over. */
  run(limit: number): StopReason | undefined
  readonly views: MachineViews
  readonly instructions: number
  readonly cycle: number
  readonly exitCode: number | undefined
  /** The whole machine as plain data; holds views on live bytes. */
  save(): Plain
  load(state: Plain): void
  /** SHA-256 of the machine's state; no observer changes it. */
  digest(): string
  /** Where the instructions went; undefined where nobody asked. */
  profile(): ProfileReport | undefined
  /** The address of a name. */
  addressOf(name: string): number | undefined
  /** How the compiler would write the function at an address now; undefined where it cannot, or does not run. */
  listing(address: number): UnitListing | undefined
}

export interface MachineSpec {
  readonly image: Image
  readonly options?: Partial<MachineOptions>
  readonly sink: FactSink
  /** Text the title prints for its developers, as it comes. */
  readonly print?: (text: string) => void
  /** The files the title sees. */
  readonly files?: Vfs
  /** What the game pads do, as devices/input.ts describes it. */
  readonly input?: string
  /** What failures call it. */
  readonly inputName?: string
  /** Text of the linker's map of this build. */
  readonly map?: string
  /** How instructions are executed: a matter of speed, and of nothing else. */
  readonly engine?: Engine
  /** Where the compiler translates, if not on the running thread: a matter of speed too. */
  readonly translation?: TranslationPort
  /** A clock of the host, in milliseconds, for a profile; nothing of it reaches the machine. */
  readonly profileClock?: () => number
  /** Memory of a machine that is no longer needed, to be used again; whatever is in it goes. */
  readonly memory?: GuestMemory
}

/** Code that no function is known to hold, in pieces. */
const near = (pc: number): number => (pc & -0x100) >>> 0

export function createMachine(spec: MachineSpec): Machine {
  const { image, sink } = spec
  const options: MachineOptions = machineOptions(spec.options)
  const memory = spec.memory ?? createMemory()
  if (spec.memory !== undefined) memory.load({ runs: [] })

  let core: KernelCore | undefined
  const profile =
    spec.profileClock &&
    createProfile({ now: spec.profileClock, functionOf: pc => symbols.symbolAt(pc)?.begin ?? near(pc) })
  const cpu: Cpu = createCpu(
    memory,
    {
      call: id => {
        const leave = kernelCore.call(id)
        return leave || (until.watches && until.holding() !== undefined)
      },
      timebase: () => BigInt(kernelCore.kernel.time.now()),
      deviceLoad: (address, size) => bus.load(address, size),
      deviceStore: (address, size, value) => bus.store(address, size, value),
    },
    {
      engine: spec.engine ?? 'interpreter',
      fpscr: options.fpscr,
      functions: new Map(image.functions.map(one => [one.begin, one.end - one.begin])),
      ...(profile && { profile }),
      ...(spec.translation && { translation: spec.translation }),
    },
  )
  const now = (): number => kernelCore.kernel.time.now()
  const gpu = createGpu({
    memory,
    timebaseHz: options.timebase,
    now,
    interrupt: (source, hardwareThread, n) => {
      graphicsInterrupt(kernelCore.kernel, source, hardwareThread, n)
    },
    fence: (at, value, packet) => fenceWritten(kernelCore.kernel, at, value, packet),
    presented: ({ count, frontBuffer, width, height }) =>
      framePresented(kernelCore.kernel, count, frontBuffer, width, height),
  })
  const audio = createAudioOutput({
    timebaseHz: options.timebase,
    now,
    slotFree: client => audioSlotFree(kernelCore.kernel, client),
  })
  const xma = createXmaDecoder(memory)
  const pads = createPads(spec.input ?? '', options.timebase, spec.inputName)
  const mapped: readonly MappedDevice[] = [gpu, xma]
  const bus = createDeviceBus(mapped)
  for (const device of mapped) memory.commit(device.start, device.end - device.start, access.device)

  const kernelCore: KernelCore = createKernel(
    {
      memory,
      registers: createRegisters(memory.bytes, cpu),
      sink,
      instructions: cpu.count,
      framesOf: address => (address >= image.base && address < image.base + image.size ? image.frames : 'xbox'),
      print: text => spec.print?.(text),
      ...(spec.files === undefined ? {} : { files: spec.files }),
      modules: createLibraries(memory, () => kernelCore),
      video: gpu,
      audio,
      xma,
      input: { pad: index => pads.at(index, now()) },
    },
    options,
    allEntries,
  )
  core = kernelCore
  const { kernel } = kernelCore
  const until = createUntil({
    conditions: options.until,
    kernel,
    instructionsPerTick: options.instructionsPerTick,
    instructions: cpu.count,
    swaps: () => gpu.swaps().count,
    facts: () => sink.sequence,
  })

  const placement = place(image, memory)
  linkImports(
    image,
    memory,
    importsOf(() => kernelCore),
  )
  let begun = false
  /** The title comes to life when it is first run, so that whoever listens by then hears of its first thread too. */
  function begin(): void {
    if (begun) return
    begun = true
    startTitle(kernel, { ...image, toc: image.toc ?? 0 }, placement.headerAddress)
  }

  const symbols = symbolsOf(image, {
    naming: (library, ordinal) => kernelCore.table.find(library, ordinal)?.name,
    ...(spec.map === undefined ? {} : { map: spec.map }),
  })
  const nameOf = addressNames(
    () => core,
    address => symbols.nameOf(address),
  )
  const loop = createLoop({
    cpu,
    core: kernelCore,
    options,
    until,
    devices: [
      {
        deadline: () => (kernel.state(videoState).callback === 0 ? undefined : gpu.deadline()),
        advance: at => gpu.advance(at),
      },
      audio,
    ],
    pump: () => gpu.pump(),
    nameOf,
  })
  const parts: SnapshotParts = {
    memory,
    cpu,
    core: kernelCore,
    loop,
    others: [
      { name: 'gpu', part: gpu },
      { name: 'audio', part: audio },
      { name: 'xma', part: xma },
      ...(spec.files === undefined ? [] : [{ name: 'files', part: spec.files }]),
    ],
    identity: {
      image: image.sha256,
      timebase: options.timebase,
      instructionsPerTick: options.instructionsPerTick,
      turn: options.turn,
      handleBase: options.handleBase,
      systemTime: String(options.systemTime),
      ioRate: options.ioRate,
      input: pads.identity,
    },
  }

  return {
    run(limit) {
      begin()
      return loop.run(limit)
    },
    views: createViews({
      core: kernelCore,
      instructions: cpu.count,
      nameOf: address => symbols.nameOf(address),
      streamStanding: () => gpu.standing(),
      packetName,
      counters: () => ({
        ...gpu.counters(),
        ...audio.counters(),
        ...xma.counters(),
        code_flushes_total: cpu.decodedFlushes,
        ...cpu.compiler,
      }),
    }),
    get instructions() {
      return cpu.retired
    },
    get cycle() {
      return kernel.time.now()
    },
    get exitCode() {
      return loop.stopped?.exitCode
    },
    save() {
      begin()
      return saveMachine(parts)
    },
    load(state) {
      begun = true
      loadMachine(parts, state)
    },
    digest() {
      begin()
      return digestOf(saveState(parts))
    },
    profile: () => profile?.report(),
    addressOf: symbols.addressOf,
    listing: cpu.listing,
  }
}
