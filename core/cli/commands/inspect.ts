import { inspect } from '../../loader/inspect.ts'
import { inspectionText } from '../../loader/inspect-text.ts'
import type { ExportNaming } from '../../loader/symbols.ts'

export interface InspectOptions {
  readonly json?: boolean
  /** Names of exports: the kernel's rows know them. */
  readonly naming?: ExportNaming
  /** Text of the linker's map beside the executable, if there is one. */
  readonly map?: string
}

/** What `xenoscope inspect FILE` prints. */
export function inspectReport(bytes: Uint8Array, name: string, options: InspectOptions = {}): string {
  const { json = false, naming, map } = options
  const inspection = inspect(bytes, name, { ...(naming && { naming }), ...(map !== undefined && { map }) })
  return json ? `${JSON.stringify(inspection, undefined, 2)}\n` : `${inspectionText(inspection).join('\n')}\n`
}
