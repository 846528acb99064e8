/**
 * Guest structures as layouts: the size and the byte offset of each field. Names are the platform's. All fields are
 * big-endian; a comment gives the width where it is not 32 bits.
 */
declare const target: unique symbol

/** A 32-bit guest pointer to a structure of this layout; 0 is null. */
export type Ptr<L> = number & { readonly [target]?: L }

export const LIST_ENTRY = { size: 8, flink: 0, blink: 4 } as const

/** The head of everything a thread can wait on. */
export const DISPATCHER_HEADER = {
  size: 0x10,
  /** u8; `headerType` lists the values. */
  type: 0,
  /** u8 */
  absolute: 1,
  /** u8 */
  processType: 2,
  /** u8 */
  inserted: 3,
  /** i32 */
  signalState: 4,
  waitListFlink: 8,
  waitListBlink: 0xc,
} as const

export const headerType = {
  notificationEvent: 0,
  synchronizationEvent: 1,
  mutant: 2,
  process: 3,
  queue: 4,
  semaphore: 5,
  thread: 6,
  notificationTimer: 8,
  synchronizationTimer: 9,
  apc: 18,
  dpc: 19,
  deviceQueue: 20,
} as const

export const KEVENT = { ...DISPATCHER_HEADER } as const
export const KSEMAPHORE = { ...DISPATCHER_HEADER, size: 0x14, limit: 0x10 } as const
export const KMUTANT = {
  ...DISPATCHER_HEADER,
  size: 0x20,
  listFlink: 0x10,
  listBlink: 0x14,
  ownerThread: 0x18,
  /** u8 */
  abandoned: 0x1c,
} as const
export const KTIMER = {
  ...DISPATCHER_HEADER,
  size: 0x28,
  /** u64, in 100 ns of interrupt time */
  dueTime: 0x10,
  listFlink: 0x18,
  listBlink: 0x1c,
  dpc: 0x20,
  /** i32, milliseconds */
  period: 0x24,
} as const
export const KQUEUE = {
  ...DISPATCHER_HEADER,
  size: 0x28,
  entryFlink: 0x10,
  entryBlink: 0x14,
  currentCount: 0x18,
  maximumCount: 0x1c,
  threadFlink: 0x20,
  threadBlink: 0x24,
} as const
export const KAPC = {
  size: 0x28,
  /** u16 */
  type: 0,
  /** u8: 0 kernel, 1 user */
  mode: 2,
  /** u8 */
  inserted: 3,
  thread: 4,
  listFlink: 8,
  listBlink: 0xc,
  kernelRoutine: 0x10,
  rundownRoutine: 0x14,
  normalRoutine: 0x18,
  normalContext: 0x1c,
  argument1: 0x20,
  argument2: 0x24,
} as const
/** What a title registers a routine with. */
export const REGISTRATION = { size: 0x10, routine: 0, priority: 4, listFlink: 8, listBlink: 0xc } as const

export const KINTERRUPT = {
  size: 0x14,
  service: 0,
  context: 4,
  spinLock: 8,
  /** u8 */
  irql: 0x11,
  /** u8 */
  mode: 0x12,
  /** u8 */
  target: 0x13,
} as const

export const KDPC = {
  size: 0x1c,
  /** u16 */
  type: 0,
  /** u8: non-zero while queued */
  inserted: 2,
  /** u8: 0 this hardware thread, n hardware thread n - 1 */
  target: 3,
  listFlink: 4,
  listBlink: 8,
  routine: 0xc,
  context: 0x10,
  argument1: 0x14,
  argument2: 0x18,
} as const
export const KDEVICE_QUEUE = {
  size: 0x10,
  /** u16 */
  type: 0,
  /** u8 each */
  bytes: 2,
  busy: 3,
  lock: 4,
  listFlink: 8,
  listBlink: 0xc,
} as const
export const KDEVICE_QUEUE_ENTRY = {
  size: 0x10,
  listFlink: 0,
  listBlink: 4,
  sortKey: 8,
  /** u8 */
  inserted: 0xc,
} as const
export const KSPIN_LOCK = { size: 4, owner: 0 } as const
export const ERWLOCK = {
  size: 0x38,
  /** i32, -1 free */
  lockCount: 0,
  writersWaiting: 4,
  readersWaiting: 8,
  readersEntry: 0xc,
  writerEvent: 0x10,
  readerSemaphore: 0x20,
  spinLock: 0x34,
} as const
export const RTL_CRITICAL_SECTION = {
  ...DISPATCHER_HEADER,
  size: 0x1c,
  /** i32, -1 free */
  lockCount: 0x10,
  /** i32 */
  recursionCount: 0x14,
  owningThread: 0x18,
} as const
export const SLIST_HEADER = {
  size: 8,
  next: 0,
  /** u16 */
  depth: 4,
  /** u16 */
  sequence: 6,
} as const

export const KPROCESS = {
  size: 0x60,
  threadListFlink: 4,
  threadListBlink: 8,
  quantum: 0xc,
  threadCount: 0x14,
  /** u8 each */
  idlePriority: 0x18,
  normalPriority: 0x19,
  timeCriticalPriority: 0x1a,
  tlsStaticImage: 0x20,
  tlsStaticSize: 0x24,
  tlsStaticImageSize: 0x28,
  /** u16 */
  tlsSlotsSize: 0x2c,
  /** u8 */
  processType: 0x2f,
  tlsSlotBitmap: 0x30,
} as const

export const KPCR = {
  size: 0x2d8,
  tlsData: 0,
  /** u8 */
  irql: 0x18,
  self: 0x30,
  stackBase: 0x70,
  stackLimit: 0x74,
  currentThread: 0x100,
  idleThread: 0x108,
  /** u8 */
  processor: 0x10c,
  setMember: 0x110,
  dpcRoutineActive: 0x150,
  prcb: 0x2a8,
  /** Offset of the processor control block inside the region. */
  prcbStart: 0x100,
} as const

export const KTHREAD = {
  ...DISPATCHER_HEADER,
  size: 0xab0,
  mutantFlink: 0x10,
  mutantBlink: 0x14,
  stackBase: 0x5c,
  stackLimit: 0x60,
  kernelStack: 0x64,
  tlsData: 0x68,
  /** u8 each */
  state: 0x6c,
  alerted: 0x6d,
  alertable: 0x6f,
  priority: 0x70,
  fpuExceptions: 0x71,
  createProcessType: 0x72,
  processType: 0x73,
  apcKernelFlink: 0x74,
  apcUserFlink: 0x7c,
  process: 0x84,
  /** u8 each */
  kernelApcInProgress: 0x88,
  userApcPending: 0x8a,
  apcQueueable: 0x8b,
  waitStatus: 0xa0,
  /** u8 */
  waitReason: 0xa7,
  /** i32 */
  kernelApcDisable: 0xb0,
  quantum: 0xb4,
  /** u8 each */
  saturation: 0xb8,
  basePriority: 0xb9,
  disableBoost: 0xbb,
  suspendCount: 0xbc,
  hasTerminated: 0xbe,
  processor: 0xbf,
  currentPrcb: 0xc0,
  affinityPrcb: 0xc4,
  idlePriority: 0xc8,
  normalPriority: 0xc9,
  timeCriticalPriority: 0xca,
  stackAllocation: 0xd0,
  threadListFlink: 0x110,
  threadListBlink: 0x114,
  queue: 0x118,
  /** u64, 100 ns since 1601 */
  createTime: 0x130,
  exitTime: 0x138,
  exitStatus: 0x140,
  threadId: 0x14c,
  startAddress: 0x150,
  lastError: 0x160,
  createOptions: 0x16c,
} as const

export const OBJECT_ATTRIBUTES = { size: 0xc, rootDirectory: 0, objectName: 4, attributes: 8 } as const
/** Lengths are in bytes and count no NUL. */
export const ANSI_STRING = { size: 8, length: 0, maximumLength: 2, buffer: 4 } as const
export const UNICODE_STRING = { ...ANSI_STRING } as const
export const IO_STATUS_BLOCK = { size: 8, status: 0, information: 4 } as const
/** The pool header before an object's body; `objectType` is the word at body - 8. */
export const OBJECT_HEADER = { size: 0x18, pointerCount: 0, handleCount: 4, flags: 8, objectType: 0x10 } as const
export const OBJECT_TYPE = { size: 0x1c, defaultObject: 0x14, poolTag: 0x18 } as const
export const DEVICE_OBJECT = {
  size: 0x50,
  /** u16 each */
  type: 0,
  bytes: 2,
  referenceCount: 4,
  driver: 8,
  mounted: 0xc,
  extension: 0x18,
  /** u8 */
  deviceType: 0x1c,
  sectorSize: 0x20,
} as const
export const FILE_OBJECT = { size: 0x70, event: 0x38 } as const
export const TIME_STAMP_BUNDLE = { size: 0x18, interruptTime: 0, systemTime: 8, tickCount: 0x10 } as const
export const EXCEPTION_RECORD = {
  size: 0x50,
  code: 0,
  flags: 4,
  nested: 8,
  address: 0xc,
  count: 0x10,
  information: 0x14,
} as const
/** A processor context: general registers and CTR are u64, floating point f64, vectors 16 bytes each. */
export const CONTEXT = {
  size: 0xa40,
  flags: 0,
  msr: 4,
  iar: 8,
  lr: 0xc,
  ctr: 0x10,
  gpr: 0x18,
  cr: 0x118,
  xer: 0x11c,
  /** f64, its low word the register */
  fpscr: 0x120,
  fpr: 0x128,
  vscr: 0x230,
  vr: 0x240,
} as const
/** What a language handler learns of the frame it is called for. */
export const DISPATCHER_CONTEXT = {
  size: 0x10,
  controlPc: 0,
  functionEntry: 4,
  establisherFrame: 8,
  contextRecord: 0xc,
} as const
export const LDR_DATA_TABLE_ENTRY = {
  size: 0x68,
  dllBase: 0x18,
  imageBase: 0x1c,
  imageSize: 0x20,
  fullDllName: 0x24,
  baseDllName: 0x2c,
  flags: 0x34,
  fullImageSize: 0x38,
  entryPoint: 0x3c,
  /** u16 each */
  loadCount: 0x40,
  moduleIndex: 0x42,
  xexHeaderBase: 0x58,
} as const
/** `state` is 0x1000 committed, 0x2000 reserved, 0x10000 free. */
export const MEMORY_BASIC_INFORMATION = {
  size: 0x1c,
  base: 0,
  allocationBase: 4,
  allocationProtect: 8,
  regionSize: 0xc,
  state: 0x10,
  protect: 0x14,
  type: 0x18,
} as const
/** All in pages but the two of addresses; the title's block, then the system's of the same form. */
export const MM_STATISTICS = {
  size: 0x68,
  totalPages: 4,
  kernelPages: 8,
  availablePages: 0xc,
  totalVirtual: 0x10,
  reservedVirtual: 0x14,
  physicalPages: 0x18,
  poolPages: 0x1c,
  stackPages: 0x20,
  imagePages: 0x24,
  heapPages: 0x28,
  virtualPages: 0x2c,
  pageTablePages: 0x30,
  cachePages: 0x34,
  system: 0x38,
  highestPage: 0x64,
} as const
/** u16 each; the weekday counts from Sunday. */
export const TIME_FIELDS = {
  size: 0x10,
  year: 0,
  month: 2,
  day: 4,
  hour: 6,
  minute: 8,
  second: 0xa,
  milliseconds: 0xc,
  weekday: 0xe,
} as const
export const DISPLAY_INFORMATION = {
  size: 0x58,
  /** u16 each */
  frontBufferWidth: 0,
  frontBufferHeight: 2,
  sourceLeft: 8,
  sourceTop: 0xc,
  sourceRight: 0x10,
  sourceBottom: 0x14,
  scaledWidth: 0x18,
  scaledHeight: 0x1c,
  verticalFilter: 0x20,
  horizontalFilter: 0x30,
  /** u16 each */
  overscanLeft: 0x40,
  overscanTop: 0x42,
  overscanRight: 0x44,
  overscanBottom: 0x46,
  displayWidth: 0x48,
  displayHeight: 0x4a,
  /** f32 */
  refresh: 0x4c,
  interlaced: 0x50,
  /** u16 */
  actualWidth: 0x56,
} as const
/** Of a transfer in Win32’s words; the first two words are a status block. */
export const OVERLAPPED = { ...IO_STATUS_BLOCK, size: 0x14, offset: 8, offsetHigh: 0xc, event: 0x10 } as const
export const XOVERLAPPED = {
  size: 0x1c,
  result: 0,
  length: 4,
  context: 8,
  event: 0xc,
  routine: 0x10,
  completionContext: 0x14,
  extendedError: 0x18,
} as const
export const INPUT_STATE = {
  size: 0x10,
  packet: 0,
  /** u16 */
  buttons: 4,
  /** u8 each */
  leftTrigger: 6,
  rightTrigger: 7,
  /** i16 each */
  leftX: 8,
  leftY: 0xa,
  rightX: 0xc,
  rightY: 0xe,
} as const
export const INPUT_KEYSTROKE = {
  size: 8,
  /** u16 each */
  key: 0,
  unicode: 2,
  flags: 4,
  /** u8 each */
  user: 6,
  hidCode: 7,
} as const
export const INPUT_CAPABILITIES = {
  size: 0x14,
  /** u8 each */
  type: 0,
  subType: 1,
  /** u16 each */
  flags: 2,
  buttons: 4,
  leftTrigger: 6,
  leftX: 8,
  leftMotor: 0x10,
} as const
export const USER_SIGNIN_INFO = {
  size: 0x28,
  /** u64 */
  xuid: 0,
  flags: 8,
  state: 0xc,
  guestNumber: 0x10,
  sponsor: 0x14,
  /** char[16] */
  name: 0x18,
} as const
export const USER_PROFILE_SETTING = {
  size: 0x28,
  source: 0,
  /** u64 */
  xuid: 8,
  id: 0x10,
  /** u8 */
  type: 0x18,
  /** 8 bytes; length and pointer for text and bytes */
  value: 0x20,
} as const
/** A date in Win32's words: halfwords. */
export const SYSTEMTIME = {
  size: 0x10,
  year: 0,
  month: 2,
  weekday: 4,
  day: 6,
  hour: 8,
  minute: 0xa,
  second: 0xc,
  milliseconds: 0xe,
} as const
/** What Win32 tells of a file; times are u64. */
export const FILE_ATTRIBUTE_DATA = {
  size: 0x24,
  attributes: 0,
  created: 4,
  accessed: 0xc,
  written: 0x14,
  sizeHigh: 0x1c,
  sizeLow: 0x20,
} as const
/** The same in a listing, with two reserved words and the name; a short name behind it stays empty. */
export const FIND_DATA = { ...FILE_ATTRIBUTE_DATA, size: 0x140, name: 0x2c } as const
/** An achievement as it is listed; its texts lie behind the last of a portion. */
export const ACHIEVEMENT_DETAILS = {
  size: 0x24,
  id: 0,
  label: 4,
  description: 8,
  unachieved: 0xc,
  image: 0x10,
  score: 0x14,
  /** u64 */
  time: 0x18,
  flags: 0x20,
} as const
/** Data of a content package; texts are 16-bit and 8-bit. */
export const CONTENT_DATA = {
  size: 0x134,
  device: 0,
  type: 4,
  displayName: 8,
  fileName: 0x108,
  fileNameLength: 42,
} as const
export const CONTENT_DEVICE_DATA = {
  size: 0x50,
  id: 0,
  type: 4,
  /** u64 each */
  total: 8,
  free: 0x10,
  name: 0x18,
} as const
/** Fields are: offset of the word, lowest bit, width; addresses are physical and whole words. */
export const XMA_CONTEXT = {
  size: 0x40,
  input0Packets: [0, 0, 12],
  loopCount: [0, 12, 8],
  input0Valid: [0, 20, 1],
  input1Valid: [0, 21, 1],
  outputBlocks: [0, 22, 5],
  outputWrite: [0, 27, 5],
  input1Packets: [4, 0, 12],
  loopSubframeEnd: [4, 14, 3],
  loopSubframeSkip: [4, 17, 3],
  subframeDecodeCount: [4, 20, 4],
  sampleRate: [4, 27, 2],
  stereo: [4, 29, 1],
  outputValid: [4, 31, 1],
  readOffset: [8, 0, 26],
  loopStart: [0xc, 0, 26],
  loopEnd: [0x10, 0, 26],
  packetMetadata: [0x10, 26, 5],
  input0: 0x14,
  input1: 0x18,
  output: 0x1c,
  work: 0x20,
  outputRead: [0x24, 0, 5],
} as const
export const XMA_CONTEXT_INIT = {
  size: 0x38,
  input0: 0,
  input0Packets: 4,
  input1: 8,
  input1Packets: 0xc,
  readOffset: 0x10,
  output: 0x14,
  outputBlocks: 0x18,
  work: 0x1c,
  subframeDecodeCount: 0x20,
  channels: 0x24,
  sampleRate: 0x28,
  /** start and end in bits, then count, subframe end and subframe skip as u8 */
  loop: 0x2c,
} as const
