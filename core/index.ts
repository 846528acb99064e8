/** The only door: what plugins, embedders and tests may use. Re-exports only. */

export { shortHash } from './base/digest.ts'
export type { FailureCode } from './base/failure.ts'
export { Failure, fail } from './base/failure.ts'
export type { Limit, LimitName } from './base/limits.ts'
export { limits } from './base/limits.ts'
export type { Ring } from './base/ring.ts'
export { createRing } from './base/ring.ts'
export type { GuestAddress, Handle, Serial, Ticks } from './base/words.ts'
export { address, handle, hex, hex32, hex64, serial, ticks } from './base/words.ts'
export type { Category, FactMask, FactName, FactRow, FactRows } from './facts/catalogue.ts'
export { catalogue, factNameOf, factNames, maskOf } from './facts/catalogue.ts'
export type { Common, Fact, FactOf, FactReader } from './facts/fact.ts'
export { createFactReader } from './facts/fact.ts'
export type { Actor, ObjectKind } from './facts/objects.ts'
export { actors, objectKindOf, objectKinds } from './facts/objects.ts'
export { headerBytes, maxRecordBytes } from './facts/record.ts'
export { fieldText, ownFields, plainText } from './facts/text.ts'
export type {
  AbsentFile,
  CallSite,
  Frame,
  IdleExport,
  MachineViews,
  MissingExport,
  ObjectView,
  Stack,
  ThreadState,
  ThreadView,
  WaitView,
} from './facts/views.ts'
export type {
  Focus,
  OptionSchema,
  OutputFile,
  Plugin,
  PluginContext,
  PluginInstance,
  ReportSection,
  RunEnd,
  RunInfo,
  Verdict,
} from './plugin/api.ts'
export { definePlugin, pluginApiVersion } from './plugin/api.ts'
