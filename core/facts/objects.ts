/** The kinds of kernel object, one row each: the number is what records store, the label what people read. */
export const objectKinds = {
  'Event/Manual': { id: 1, waitable: true },
  'Event/Auto': { id: 2, waitable: true },
  Mutant: { id: 3, waitable: true },
  Semaphore: { id: 4, waitable: true },
  'Timer/Manual': { id: 5, waitable: true },
  'Timer/Auto': { id: 6, waitable: true },
  Thread: { id: 7, waitable: true },
  Queue: { id: 8, waitable: true },
  File: { id: 9, waitable: true },
  IoCompletion: { id: 10, waitable: true },
  NotifyListener: { id: 11, waitable: true },
  Enumerator: { id: 12, waitable: false },
  Directory: { id: 13, waitable: false },
  SymbolicLink: { id: 14, waitable: false },
  Device: { id: 15, waitable: true },
  Process: { id: 16, waitable: true },
  Module: { id: 17, waitable: false },
  Other: { id: 18, waitable: false },
} as const

export type ObjectKind = keyof typeof objectKinds

const labels: ObjectKind[] = []
for (const kind of Object.keys(objectKinds) as ObjectKind[]) labels[objectKinds[kind].id] = kind

/** The label of a stored kind number; a number of a newer version reads as `Other`. */
export const objectKindOf = (id: number): ObjectKind => labels[id] ?? 'Other'

/** Who acts when no guest thread does. Stored as a number in a record; 0 is a guest thread. */
export const actors = ['thread', 'timer', 'interrupt', 'dpc', 'device', 'kernel'] as const
export type Actor = (typeof actors)[number]
