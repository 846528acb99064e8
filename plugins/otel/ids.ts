/**
 * Ids are hashes of names, so that the same run with the same run id and trace base gives the same bytes, a URL can be
 * computed before the trace exists, and two runs never mix. Small counters would do harm: viewers resolve a reference by
 * span id alone, so that equal ids in two linked traces are taken for one span.
 */
import { shortHash } from '../../core/index.ts'

/** The trace of an object; `epoch` counts the traces of one object that was too busy for one. */
export const traceIdOf = (runId: string, serial: number, epoch = 0): string =>
  shortHash(16, runId, 'object', String(serial), String(epoch))

/** The trace of a value that names no object. */
export const ghostTraceIdOf = (runId: string, value: number | 'others', epoch = 0): string =>
  shortHash(16, runId, 'ghost', String(value), String(epoch))

/** The trace of a device, which is no object of the kernel. */
export const deviceTraceIdOf = (runId: string, device: 'gpu', epoch = 0): string =>
  shortHash(16, runId, 'device', device, String(epoch))

export type SpanRole = 'anchor' | 'segment' | 'lifetime'

export const spanIdOf = (traceId: string, role: SpanRole, index = 0): string =>
  shortHash(8, traceId, role, String(index))

/** Where a person looks at a trace. */
export const traceUrl = (ui: string, runId: string, serial: number, epoch = 0): string =>
  urlOf(ui, traceIdOf(runId, serial, epoch))

export const urlOf = (ui: string, traceId: string): string => `${ui.replace(/\/+$/, '')}/trace/${traceId}`
