/**
 * Every bound of the product: one row each. A row names the counter that tells how often the bound was met; whoever
 * enforces the bound counts, and the end report and the metrics show it. Values are the defaults.
 */
export interface Limit {
  readonly value: number
  readonly unit: string
  /** Why the bound exists, and why it has this value. */
  readonly reason: string
  /** Name of the counter of what met the bound; empty when meeting it is a failure of its own. */
  readonly counter: string
}

const limit = (value: number, unit: string, counter: string, reason: string): Limit => ({
  value,
  unit,
  reason,
  counter,
})

export const limits = {
  backchainFrames: limit(
    6,
    'frames',
    'backchain_cut_total',
    'deep enough to leave run-time library code, small enough to walk on every fact',
  ),
  internedStacks: limit(
    65_536,
    'stacks',
    'stacks_evicted_total',
    'distinct back chains kept for reuse of their text; older ones are interned again',
  ),
  waitObjects: limit(64, 'objects', '', 'the platform refuses longer wait lists'),
  suspendCount: limit(0x7f, 'levels', '', 'the platform refuses deeper suspension'),
  handles: limit(65_536, 'handles', '', 'a handle table beyond this is a leak that no console would survive'),
  adoptedObjects: limit(
    65_536,
    'objects',
    'adopted_evicted_total',
    'objects a title initialised inline and may have forgotten; least recently touched first',
  ),
  endedObjects: limit(
    4_096,
    'objects',
    '',
    'the newest objects that ended, kept for the report; trails keep what they need',
  ),
  numberDigits: limit(
    64,
    'digits of 64 bits',
    '',
    'the longest keys of the platform have 4,096 bits; the time of a power grows with the cube of its digits',
  ),
  listEntries: limit(
    65_536,
    'entries',
    '',
    'walked of a list in the title’s memory, which may lead in circles; no queue of requests is so long',
  ),
  kernelPool: limit(
    0x160_0000,
    'bytes',
    'kernel_pool_refused_total',
    'what lies between the kernel’s traps and xam’s images: objects, threads, packets; a call that needs more is refused',
  ),
  guestThreads: limit(1_024, 'threads', '', 'thread contexts lie in a fixed table above guest memory'),
  ghostSources: limit(
    1_024,
    'sources',
    'ghost_sources_overflow_total',
    'distinct callers of calls on nothing, counted one by one',
  ),
  queuedApcs: limit(
    16_384,
    'APCs',
    'apcs_refused_total',
    'of one mode, waiting for one thread, which may never take them; more fill the pool of a console: the next is refused',
  ),
  notifications: limit(
    256,
    'notifications',
    'notifications_dropped_total',
    'waiting for one listener; a title that never asks for them must not fill the host: the oldest goes first',
  ),
  missingExports: limit(
    4_096,
    'exports',
    'missing_exports_overflow_total',
    'distinct exports without a body or without effect that a report keeps; more than any title imports',
  ),
  absentFiles: limit(
    256,
    'paths',
    'absent_files_overflow_total',
    'distinct files that a title asked for and that are not there; a report tells of each',
  ),
  unimplementedCallers: limit(
    64,
    'threads',
    'unimplemented_callers_overflow_total',
    'threads whose calls of one missing export are told apart',
  ),
  unimplementedWords: limit(
    256,
    'words',
    'unimplemented_words_overflow_total',
    'what one missing export was given, to be compared with what a stuck thread waits on; the oldest goes first',
  ),
  trailPerCategory: limit(
    32,
    'facts',
    'trail_dropped_total',
    'the newest facts of one category of one object; the oldest go first',
  ),
  trailBytesPerObject: limit(
    32 * 1024,
    'bytes',
    'trail_dropped_for_size_total',
    'one busy object may not crowd out the others',
  ),
  trailBytes: limit(256 * 1024 * 1024, 'bytes', 'trails_evicted_total', 'all trails together; closed objects go first'),
  reportTrails: limit(
    1_000,
    'objects',
    '',
    'trails shown at the end of a run; the report says how many more there are',
  ),
  segmentEvents: limit(100, 'events', 'segments_total', 'under the 128 of the SDK, so that no event is shifted out'),
  segmentsPerTrace: limit(500, 'segments', 'trace_rollovers_total', 'what a browser shows of one trace in a second'),
  openSegmentEvents: limit(
    200_000,
    'events',
    'segments_cut_for_memory_total',
    'events of all open segments, about 100 MB; beyond it the oldest segment is cut early',
  ),
  segmentSeconds: limit(
    10,
    'guest s',
    '',
    'an event is on its way to the viewer after so much guest time at the latest',
  ),
  batchSpans: limit(512, 'spans', '', 'what the SDK sends in one request'),
  batchEvents: limit(4_096, 'events', '', 'some 4 MB of JSON: collectors refuse requests over 20 MB'),
  batchMilliseconds: limit(500, 'guest ms', '', 'how long a span waits for company'),
  otlpQueue: limit(16, 'requests', '', 'requests that wait for the collector; beyond it the machine waits'),
  otlpAttempts: limit(
    3,
    'attempts',
    'spans_unsent_total',
    'failures in a row, some eight seconds each, before a collector is given up',
  ),
  ghostTraces: limit(
    256,
    'traces',
    'ghost_values_overflow_total',
    'values that name no object with a trace of their own; the rest share one',
  ),
  recentSignals: limit(
    4_096,
    'signals',
    'links_unresolved_total',
    'signals whose thread is remembered for the wake they cause',
  ),
  pluginFailures: limit(
    16,
    'failures',
    'plugin_failures_total',
    'a plugin that keeps failing is muted, so that it costs no more',
  ),
  pluginTimeSample: limit(
    64,
    'facts',
    '',
    'the time a plugin takes is measured at every so many facts, so that measuring costs little',
  ),
  imageBytes: limit(0x1000_0000, 'bytes', '', 'half of the console’s memory; a file that asks for more is broken'),
  imageSegments: limit(256, 'segments', '', 'no linker makes more than a handful; each is searched for every symbol'),
  pageDescriptors: limit(0x1_0000, 'descriptors', '', 'one for each small page of the largest image'),
  tlsBytes: limit(0x10_0000, 'bytes', '', 'static thread data of one thread; more is a broken header'),
  tlsSlots: limit(0x1_0000, 'slots', '', 'dynamic thread-local slots; more is a broken header'),
  symbolNameBytes: limit(4_096, 'bytes', '', 'a longer symbol name is cut; no compiler makes one'),
  systemMemory: limit(
    32 * 1024 * 1024,
    'bytes',
    '',
    'what the system keeps of the 512 MiB, as on the console; titles that ask for more are refused',
  ),
  formattedText: limit(
    0x40000,
    'characters',
    '',
    'longer than any buffer a title formats into; a width of two thousand million must not fill the host',
  ),
  formattedDigits: limit(512, 'digits', '', 'more than a double has a use for; the platform cuts there too'),
  gpuPacketsPerPump: limit(
    1 << 20,
    'packets',
    '',
    'a stream that runs itself for ever must not hold up the machine: the rest is taken at the next turn end',
  ),
  xmaFramesPerKick: limit(
    4_096,
    'frames',
    '',
    'more than an output ring holds: a context that makes no progress must not hold up the machine',
  ),
  executableBytes: limit(
    512 * 1024 * 1024,
    'bytes',
    '',
    'the memory of the console: an executable that is larger could not be loaded',
  ),
  imageFolderBytes: limit(
    32 * 1024 * 1024,
    'bytes',
    '',
    'the largest folder table of a disc; a larger one is damage, and shows as an empty folder',
  ),
  imageEntries: limit(1_000_000, 'entries', '', 'more files than any package has; beyond it the table is damaged'),
  overlayBytes: limit(
    1024 * 1024 * 1024,
    'bytes',
    'overlay_full_total',
    'what a title may write to one volume, kept in memory; beyond it the disk is full',
  ),
  diagnosedObjects: limit(
    65_536,
    'objects',
    'diagnosed_objects_evicted_total',
    'objects whose last signals the diagnosis remembers; the one met first goes first',
  ),
  diagnosedSignals: limit(4, 'signals', '', 'last signals of one object that the report shows; its counts are exact'),
  saidLines: limit(
    8,
    'lines',
    '',
    'the last of what a title printed, shown where it did not end as asked; all of it goes to standard error',
  ),
  suspiciousWait: limit(
    5,
    'seconds',
    '',
    'guest time after which a wait without an end is told of, though the title still runs',
  ),
  producerSites: limit(
    8_192,
    'sites',
    'producer_sites_overflow_total',
    'call sites that signalled objects made at one place: the candidates for a producer that is missing',
  ),
  decodedPages: limit(
    31_743,
    'pages',
    'decoded_flushes_total',
    'decoded pages of code that fit above guest memory; when they are full all are decoded anew',
  ),
  compiledInstructions: limit(
    4_000_000,
    'instructions',
    'units_evicted_total',
    'compiled guest code kept at a time, some 600 MB of host code at worst; the module compiled first goes first',
  ),
  learnedAddresses: limit(
    1_000_000,
    'addresses',
    'compiler_resets_total',
    'places in code that the compiler knows something of, some 100 MB at worst; where there are more, all is learned and compiled anew',
  ),
  writesMeanwhile: limit(
    1_024,
    'writes',
    'translations_abandoned_total',
    'writes to code while it is translated that are told apart; after more the translation is void, whatever they were to',
  ),
  execBytes: limit(
    16 * 1024 * 1024,
    'bytes',
    '',
    'memory of one request of `exec`, whose answers come by the thousand',
  ),
  leastTurn: limit(
    64,
    'instructions',
    '',
    'the shortest turn of a hardware thread: a reservation dies at its end, and twice the longest lock loop must fit in',
  ),
  guestTicks: limit(
    2 ** 52,
    'ticks',
    '',
    'where guest time ends: beyond it a double counts no single ticks; years at any timebase',
  ),
  deadlinesAtOnce: limit(1_000_000, 'deadlines', '', 'served at one look at the clock; more would never end'),
  leapsAtOnce: limit(10_000, 'leaps', '', 'of an idle machine with time standing still; more would never end'),
  sliceMilliseconds: limit(50, 'ms', '', 'how long the machine may run before the host looks up'),
} as const satisfies Record<string, Limit>

export type LimitName = keyof typeof limits
