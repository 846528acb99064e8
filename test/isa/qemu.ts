import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** QEMU's user mode, the judge. The processor has everything of the console's but VMX128. */
const machines = {
  wide: { program: 'qemu-ppc64', cpu: 'power7' },
  narrow: { program: 'qemu-ppc', cpu: '7447a' },
} as const

export interface Qemu {
  /** What the program wrote, or the signal or status that ended it early. */
  run(elf: Uint8Array): { readonly output: Uint8Array; readonly ended: string | undefined }
  close(): void
}

export function createQemu(wide: boolean): Qemu {
  const { program, cpu } = wide ? machines.wide : machines.narrow
  const probe = spawnSync(program, ['--version'])
  if (probe.error) throw new Error(`${program} is not installed: apt-get install qemu-user`)
  const folder = mkdtempSync(join(tmpdir(), 'xenoscope-isa-'))
  const path = join(folder, 'tests')
  return {
    run(elf) {
      writeFileSync(path, elf, { mode: 0o755 })
      const { stdout, stderr, status, signal } = spawnSync(program, ['-cpu', cpu, path], { maxBuffer: 2 ** 30 })
      const ended = status === 0 ? undefined : `${signal ?? `status ${status}`} ${stderr.toString().trim()}`.trim()
      return { output: stdout, ended }
    },
    close: () => rmSync(folder, { recursive: true }),
  }
}
