/**
 * What every call on an object answers for every kind of object, and for values that name none: one line a call, one
 * cell a pair. `ok` 0, `ty` wrong type, `in` no object, `no` not the owner, `to` timed out at once, `pa` a bad
 * parameter, `--` the row's reason says why there is no answer to look at.
 *
 * Objects are new: events reset, semaphores 0 of 4, mutants free, timers not armed, threads running, queues empty. What
 * waits does so with a time-out of nothing. Each row has its source: the public documentation of Windows (WDK, ntstatus.h,
 * Win32), from which this kernel descends, or what was seen in titles.
 */
export const answers: Readonly<Record<string, number>> = {
  ok: 0,
  ty: 0xc0000024,
  in: 0xc0000008,
  no: 0xc0000046,
  to: 0x102,
  pa: 0xc000000d,
}

/** Event/Manual, Event/Auto, Semaphore, Mutant, Timer/Manual, Timer/Auto, Thread, IoCompletion, NotifyListener. */
export const kinds = ['em', 'ea', 'se', 'mu', 'tm', 'ta', 'th', 'io', 'nl'] as const
/** A value whose handle was closed, one that never was, 0, and the calling thread's own (-2). */
export const values = ['cl', 'ne', 'ze', 'me'] as const
export type Column = (typeof kinds)[number] | (typeof values)[number]

/** Kinds that can have a handle and are no column, and where they are looked at instead. */
export const otherKinds: Readonly<Record<string, string>> = {
  File: 'files.test.ts: made by opening a path, which needs a disc',
  Directory: 'no call of the title’s makes one',
  SymbolicLink: 'files.test.ts: opened by its name on a disc',
  Device: 'no call of the title’s makes one',
  Enumerator: 'xam.test.ts: XamEnumerate alone takes it',
  Queue: 'has no handle: by its address, in the table below',
  Process: 'the title has one, and no handle to it',
  Module: 'its handle is an address',
  Other: 'what no call can name',
}

export interface Row {
  readonly call: string
  /** What is said of the call besides its name, where it stands twice. */
  readonly as?: string
  /** Arguments: `h` is the value, others are made by name in the test. */
  readonly args: readonly (number | 'h' | 'hList' | 'event' | 'cell' | 'now' | 'eventType' | 'due')[]
  readonly cells: string
  readonly source: string
}

const typed = 'WDK, ObReferenceObjectByHandle: OBJECT_TYPE_MISMATCH for another type, INVALID_HANDLE for no object'
const any = 'WDK: any object; INVALID_HANDLE for none'

// biome-ignore format: a table
//                                                                                                                               em ea se mu tm ta th io nl   cl ne ze me
export const byHandle: readonly Row[] = [
  { call: 'NtSetEvent', args: ['h', 'cell'],                                                                              cells: 'ok ok ty ty ty ty ty ty ty   in in in ty', source: typed },
  { call: 'NtClearEvent', args: ['h'],                                                                                    cells: 'ok ok ty ty ty ty ty ty ty   in in in ty', source: typed },
  { call: 'NtPulseEvent', args: ['h', 'cell'],                                                                            cells: 'ok ok ty ty ty ty ty ty ty   in in in ty', source: typed },
  { call: 'NtQueryEvent', args: ['h', 'cell'],                                                                            cells: 'ok ok ty ty ty ty ty ty ty   in in in ty', source: typed },
  { call: 'NtReleaseSemaphore', args: ['h', 1, 'cell'],                                                                   cells: 'ty ty ok ty ty ty ty ty ty   in in in ty', source: typed },
  { call: 'NtQuerySemaphore', args: ['h', 'cell'],                                                                        cells: 'ty ty ok ty ty ty ty ty ty   in in in ty', source: typed },
  { call: 'NtReleaseMutant', args: ['h', 'cell'],                                                                         cells: 'ty ty ty no ty ty ty ty ty   in in in ty', source: `${typed}; ntstatus.h, MUTANT_NOT_OWNED: the releaser is not the owner` },
  { call: 'NtQueryMutant', args: ['h', 'cell'],                                                                           cells: 'ty ty ty ok ty ty ty ty ty   in in in ty', source: typed },
  { call: 'NtSetTimerEx', args: ['h', 'due', 0, 1, 0, 0, 0, 'cell'],                                                      cells: 'ty ty ty ty ok ok ty ty ty   in in in ty', source: typed },
  { call: 'NtCancelTimer', args: ['h', 'cell'],                                                                           cells: 'ty ty ty ty ok ok ty ty ty   in in in ty', source: `${typed}; a timer that is not armed can be cancelled` },
  { call: 'NtQueryTimer', args: ['h', 'cell'],                                                                            cells: 'ty ty ty ty ok ok ty ty ty   in in in ty', source: typed },
  { call: 'NtSuspendThread', args: ['h', 'cell'],                                                                         cells: 'ty ty ty ty ty ty ok ty ty   in in in --', source: `${typed}; who suspends itself looks at no answer` },
  { call: 'NtResumeThread', args: ['h', 'cell'],                                                                          cells: 'ty ty ty ty ty ty ok ty ty   in in in ok', source: `${typed}; a thread that runs is resumed from 0` },
  { call: 'NtQueueApcThread', args: ['h', 0x82000400, 0, 0, 0],                                                           cells: 'ty ty ty ty ty ty ok ty ty   in in in ok', source: typed },
  { call: 'NtSetIoCompletion', args: ['h', 1, 2, 3, 4],                                                                   cells: 'ty ty ty ty ty ty ty ok ty   in in in ty', source: typed },
  { call: 'NtQueryIoCompletion', args: ['h', 'cell'],                                                                     cells: 'ty ty ty ty ty ty ty ok ty   in in in ty', source: typed },
  { call: 'NtRemoveIoCompletion', args: ['h', 'cell', 'cell', 'cell', 'now'],                                             cells: 'ty ty ty ty ty ty ty to ty   in in in ty', source: typed },
  { call: 'NtWaitForSingleObjectEx', args: ['h', 1, 0, 'now'],                                                            cells: 'to to to ok to to to to to   in in in to', source: `${any}; a free mutant is taken` },
  { call: 'NtWaitForMultipleObjectsEx', as: 'any', args: [1, 'hList', 1, 1, 0, 'now'],                                    cells: 'to to to ok to to to to to   in in in to', source: `${any}; as a wait for one` },
  { call: 'NtWaitForMultipleObjectsEx', as: 'all', args: [1, 'hList', 0, 1, 0, 'now'],                                    cells: 'to to to ok to to to to to   in in in to', source: `${any}; as a wait for one` },
  { call: 'NtSignalAndWaitForSingleObjectEx', as: 'signal', args: ['h', 'event', 1, 0, 'now'],                            cells: 'to to to no ty ty ty ty ty   in in in ty', source: 'Win32, SignalObjectAndWait: signals a semaphore, a mutex or an event; the failure of that is the answer, with no wait' },
  { call: 'NtSignalAndWaitForSingleObjectEx', as: 'wait', args: ['event', 'h', 1, 0, 'now'],                              cells: 'to to to ok to to to to to   in in in to', source: 'Win32, SignalObjectAndWait: waits as for one' },
  { call: 'NtClose', args: ['h'],                                                                                         cells: 'ok ok ok ok ok ok ok ok ok   in in in in', source: `${any}; the pseudo handle is none that could be closed` },
  { call: 'NtDuplicateObject', args: ['h', 'cell', 0],                                                                    cells: 'ok ok ok ok ok ok ok ok ok   in in in ok', source: `${any}; seen in titles: with -2, for a real handle of the caller` },
  { call: 'ObReferenceObjectByHandle', as: 'of any type', args: ['h', 0, 'cell'],                                         cells: 'ok ok ok ok ok ok ok ok ok   in in in ok', source: typed },
  { call: 'ObReferenceObjectByHandle', as: 'of events', args: ['h', 'eventType', 'cell'],                                 cells: 'ok ok ty ty ty ty ty ty ty   in in in ty', source: typed },
  { call: 'NtMakeTemporaryObject', args: ['h'],                                                                           cells: 'ok ok ok ok ok ok ok ok ok   in in in ok', source: any },
]

/** Calls that take a handle and have no row: the same call by another name, in front of one that has. */
export const fronts: Readonly<Record<string, string>> = {
  WaitForSingleObject: 'NtWaitForSingleObjectEx',
  WaitForSingleObjectEx: 'NtWaitForSingleObjectEx',
  CloseHandle: 'NtClose',
  ResumeThread: 'NtResumeThread',
  SetEvent: 'NtSetEvent',
  ResetEvent: 'NtClearEvent',
  ReleaseMutex: 'NtReleaseMutant',
  SetWaitableTimer: 'NtSetTimerEx',
  CancelWaitableTimer: 'NtCancelTimer',
  NetDll_WSACloseEvent: 'NtClose',
  NetDll_WSASetEvent: 'NtSetEvent',
  NetDll_WSAResetEvent: 'NtClearEvent',
  XamTaskCloseHandle: 'NtClose',
  XamTaskCancel: 'a thread’s handle, and no answer',
  XamTaskGetAttributes: 'a thread’s handle, of a task',
  XamTaskQueryProperty: 'a thread’s handle, of a task',
  XamTaskGetStatus: 'a thread’s handle, of a task',
  XamTaskGetCompletionStatus: 'a thread’s handle, of a task',
  XamTaskWaitOnCompletion: 'NtWaitForSingleObjectEx, and no answer',
}

/** Kinds of object by their address; `ze` is a null pointer, `un` memory that is not there. */
export const places = ['em', 'ea', 'se', 'mu', 'tm', 'ta', 'qu', 'ze', 'un'] as const
export type Place = (typeof places)[number]

/**
 * Calls by address take the caller's word for the type: only checked builds of Windows assert it. What they do to an object
 * of another type has no public source; `??` says that the machine gets over it. `gh` is told of as a call on nothing,
 * which on the console is a fault in the kernel; `fa` is the guest’s fault here too; `ra`
 * raises, which nobody handles. Numbers are what is answered.
 */
export interface PlaceRow {
  readonly call: string
  readonly args: readonly (number | bigint | 'p' | 'pList' | 'entry' | 'now')[]
  readonly cells: string
  readonly source: string
}

/** What may be passed as a thread: one that lives, one that is over, an event, nothing, memory that is not there. */
export const threadPlaces = ['th', 'ov', 'ev', 'ze', 'un'] as const
export type ThreadPlace = (typeof threadPlaces)[number]

const over = 'what a thread that is over answers has no public source: nothing is done to it'
// biome-ignore format: a table
//                                                                                                                               th ov   ev ze un
export const byThread: readonly PlaceRow[] = [
  { call: 'KeSuspendThread', args: ['p'],                                                                                 cells: ' 0  0   gh gh gh', source: `NT: the count before; ${over}` },
  { call: 'KeResumeThread', args: ['p'],                                                                                  cells: ' 0  0   gh gh gh', source: `NT: the count before; ${over}` },
  { call: 'KeAlertThread', args: ['p', 1],                                                                                cells: ' 0  0   gh gh gh', source: `NT: whether it was alerted; ${over}` },
  { call: 'KeAlertResumeThread', args: ['p'],                                                                             cells: ' 0  0   gh gh gh', source: `NT: the suspend count before; ${over}` },
  { call: 'KeQueryBasePriorityThread', args: ['p'],                                                                       cells: ' 0  0   gh gh gh', source: `WDK: the increment; ${over}` },
  { call: 'KeSetBasePriorityThread', args: ['p', 1],                                                                      cells: ' 0  0   gh gh gh', source: `WDK: the increment before; ${over}` },
  { call: 'KeSetPriorityThread', args: ['p', 14],                                                                         cells: '13  0   gh gh gh', source: `WDK: the priority before; ${over}` },
  { call: 'KeSetPriorityClassThread', args: ['p', 1],                                                                     cells: '?? ??   gh gh gh', source: 'it answers nothing' },
  { call: 'KeBoostPriorityThread', args: ['p', 1],                                                                        cells: '?? ??   gh gh gh', source: 'it answers nothing' },
  { call: 'KeSetDisableBoostThread', args: ['p', 1],                                                                      cells: ' 0  0   gh gh gh', source: `NT: whether it was disabled; ${over}` },
  { call: 'KeSetAffinityThread', args: ['p', 2, 0],                                                                       cells: ' 0 pa   gh gh gh', source: 'seen in titles: a status; a thread that is over is none that could be moved' },
]

/** Calls by the address of an object that are in neither table, and why. */
export const otherPlaces: Readonly<Record<string, string>> = {
  KeInitializeEvent: 'makes it, whatever was there',
  KeInitializeSemaphore: 'makes it, whatever was there',
  KeInitializeMutant: 'makes it, whatever was there',
  KeInitializeTimerEx: 'makes it, whatever was there',
  KeInitializeQueue: 'makes it, whatever was there',
  KeInitializeApc: 'makes an APC, whatever was there; the thread it names is looked up when it is queued',
  KeInitializeDeviceQueue: 'a device queue is memory alone, and no object',
  KeInsertDeviceQueue: 'a device queue is memory alone, and no object',
  KeInsertByKeyDeviceQueue: 'a device queue is memory alone, and no object',
  KeRemoveDeviceQueue: 'a device queue is memory alone, and no object',
  KeRemoveByKeyDeviceQueue: 'a device queue is memory alone, and no object',
  KeRemoveEntryDeviceQueue: 'a device queue is memory alone, and no object',
  KeSetCurrentStackPointers: 'takes the caller’s own thread, and writes where it says',
  KeSetEventBoostPriority: 'KeSetEvent, on what is an event',
  ObReferenceObjectByHandle: 'its address is where the answer goes',
  ObReferenceObjectByName: 'its address is where the answer goes',
  ObLookupThreadByThreadId: 'its address is where the answer goes',
  ObLookupAnyThreadByThreadId: 'its address is where the answer goes',
  ObReferenceObject: 'takes any object, and answers nothing',
  ObDereferenceObject: 'takes any object, and answers nothing',
  ObOpenObjectByPointer: 'takes any object: facts.test.ts',
  ObGetWaitableObject: 'takes any object, and answers what is no object as it is',
  ObIsTitleObject: 'takes any object; whether it is one is the answer',
  ObMakeTemporaryObject: 'without effect',
}

const before = 'WDK: the state before'
// biome-ignore format: a table
//                                                                                                                               em ea se mu tm ta qu   ze un
export const byAddress: readonly PlaceRow[] = [
  { call: 'KeSetEvent', args: ['p', 1, 0],                                                                                cells: ' 0  0 ?? ?? ?? ?? ??   gh gh', source: before },
  { call: 'KeResetEvent', args: ['p'],                                                                                    cells: ' 0  0 ?? ?? ?? ?? ??   gh gh', source: before },
  { call: 'KePulseEvent', args: ['p', 1, 0],                                                                              cells: ' 0  0 ?? ?? ?? ?? ??   gh gh', source: before },
  { call: 'KeReleaseSemaphore', args: ['p', 1, 1, 0],                                                                     cells: '?? ??  0 ?? ?? ?? ??   gh gh', source: before },
  { call: 'KeReleaseMutant', args: ['p', 1, 0, 0],                                                                        cells: '?? ?? ?? ra ?? ?? ??   gh gh', source: 'WDK, KeReleaseMutex: a caller that is not the owner has an exception raised' },
  { call: 'KeSetTimer', args: ['p', -100_000n, 0],                                                                        cells: '?? ?? ?? ??  0  0 ??   gh gh', source: 'WDK: whether it was armed' },
  { call: 'KeSetTimerEx', args: ['p', -100_000n, 0, 0],                                                                   cells: '?? ?? ?? ??  0  0 ??   gh gh', source: 'WDK: whether it was armed' },
  { call: 'KeCancelTimer', args: ['p'],                                                                                   cells: '?? ?? ?? ??  0  0 ??   gh gh', source: 'WDK: whether it was armed' },
  { call: 'KeInsertQueue', args: ['p', 'entry'],                                                                          cells: '?? ?? ?? ?? ?? ??  0   gh gh', source: before },
  { call: 'KeInsertHeadQueue', args: ['p', 'entry'],                                                                      cells: '?? ?? ?? ?? ?? ??  0   gh gh', source: before },
  { call: 'KeRemoveQueue', args: ['p', 1, 'now'],                                                                         cells: '?? ?? ?? ?? ?? ?? to   gh gh', source: 'WDK: TIMEOUT in the place of an entry' },
  { call: 'KeRundownQueue', args: ['p'],                                                                                  cells: '?? ?? ?? ?? ?? ??  0   fa fa', source: 'WDK: null for a queue without entries' },
  { call: 'KeWaitForSingleObject', args: ['p', 3, 1, 0, 'now'],                                                           cells: 'to to to ok to to to   gh gh', source: 'WDK: any dispatcher object' },
  { call: 'KeWaitForMultipleObjects', args: [1, 'pList', 1, 3, 1, 0, 'now', 0],                                           cells: 'to to to ok to to to   gh gh', source: 'WDK: any dispatcher object' },
]
