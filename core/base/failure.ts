/**
 * Every failure a person can meet: one row each, with a stable code, the exit status it leads to, and the mend.
 * The sentence is completed by the place (`fail('XEX_FIELD', ...)`), the remedy is fixed.
 */
export const exitStatus = { finished: 0, unmet: 1, badInput: 2, limit: 3, deadlock: 4, fault: 5, defect: 70 } as const
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]

interface FailureRow {
  readonly status: ExitStatus
  readonly remedy: string
}

const bad = (remedy: string): FailureRow => ({ status: exitStatus.badInput, remedy })

export const failures = {
  FILE_UNREADABLE: bad('check the path and that you may read it'),
  FILE_UNWRITABLE: bad('choose a folder you may write to with --out, or run with --no-plugins'),
  FORMAT_UNKNOWN: bad('give an XEX2 or a big-endian PowerPC ELF; `xenoscope inspect FILE` shows what a file is'),
  XEX_FIELD: bad('the file is damaged or was cut; take it from its source again'),
  XEX_UNSUPPORTED: bad('use an executable of a supported form; `xenoscope inspect FILE` names what this one needs'),
  XEX_KEY: bad('the image opens with none of the known keys; give a decrypted file'),
  PE_FIELD: bad('the image inside the container is damaged; take it from its source again'),
  RESOURCE_FIELD: bad('a resource inside the image is damaged; take the title from its source again'),
  ELF_FIELD: bad('the file is damaged or for another machine; a static 32-bit big-endian PowerPC ELF is needed'),
  PACK_INPUT: bad('link the program statically at 0x82010000 with pages of 64 KiB; `xenoscope pack --help` tells how'),
  IMAGE_FIELD: bad('the disc image or package is damaged or of another kind; take it from its source again'),
  OPTION_INVALID: bad('`xenoscope help COMMAND` lists every option with its range'),
  INPUT_SCRIPT: bad(
    'write lines of TIME PAD ACTION, as `1.5s 0 press A 100ms` or `+2s 0 lx -32768`; `#` begins a comment',
  ),
  LISTING: bad('give the address or name of code that the title runs; `xenoscope disassemble FILE` lists functions'),
  WABT_MISSING: bad('install the optional package wabt beside xenoscope'),
  PLUGIN_UNKNOWN: bad('give the name of a plugin that comes with xenoscope, a path, or an installed package'),
  PLUGIN_OPTION: bad('the plugin’s README lists its options; `--plugin NAME:option=value,…`'),
  PLUGIN_VERSION: bad('install a version of the plugin made for this plugin API'),
  PLUGIN_FAILED: {
    status: exitStatus.defect,
    remedy: 'leave the plugin out, or run without --strict-plugins to let the rest go on',
  },
  EXEC_REQUEST: bad('send one JSON object a line, as `xenoscope exec --help` describes it'),
  SNAPSHOT_FORMAT: bad('restore with the version that saved it, and the same title and options'),
  GUEST_FAULT: { status: exitStatus.fault, remedy: 'the report names the instruction and its caller' },
  DEFECT: {
    status: exitStatus.defect,
    remedy: 'this is a defect of xenoscope; please report it with the command line',
  },
} as const satisfies Record<string, FailureRow>

export type FailureCode = keyof typeof failures

/** An error a person can act on. `place` names the file, field, offset, flag or line. */
export class Failure extends Error {
  readonly code: FailureCode
  readonly place: string
  constructor(code: FailureCode, place: string, what: string, options?: ErrorOptions) {
    super(`${place}: ${what}`, options)
    this.name = 'Failure'
    this.code = code
    this.place = place
  }
  get status(): ExitStatus {
    return failures[this.code].status
  }
  get remedy(): string {
    return failures[this.code].remedy
  }
}

/** Builds the failure to throw: `throw fail('XEX_FIELD', 'header size at 0x8', 'beyond the end of the file')`. */
export function fail(code: FailureCode, place: string, what: string, cause?: unknown): Failure {
  return new Failure(code, place, what, cause === undefined ? undefined : { cause })
}
