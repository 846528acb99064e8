import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { jaegerBinary, jaegerModule } from './jaeger.ts'

/**
 * Builds the pinned Jaeger once into the cache, from its Go module.
 *
 * `go install` refuses a module with a `replace` line, so the module is downloaded (its sum checked against the
 * checksum database) and built where it lies, against the versions and sums of its own go.mod and go.sum.
 */
const binary = jaegerBinary()
if (existsSync(binary)) {
  console.log(`Jaeger ${jaegerModule.release} is at ${binary}`)
} else {
  const folder = dirname(binary)
  const unfinished = `${binary}.${process.pid}`
  mkdirSync(folder, { recursive: true })
  console.log(`building Jaeger ${jaegerModule.release} into ${folder}; this takes some minutes, once`)
  try {
    const environment = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' }
    const answer = execFileSync('go', ['mod', 'download', '-json', `${jaegerModule.path}@${jaegerModule.version}`], {
      cwd: folder,
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const source = (JSON.parse(answer) as { Dir: string }).Dir
    execFileSync(
      'go',
      ['build', '-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', unfinished, './cmd/jaeger'],
      { cwd: source, env: environment, stdio: ['ignore', 'inherit', 'inherit'] },
    )
    renameSync(unfinished, binary)
    console.log(`Jaeger ${jaegerModule.release} is at ${binary}`)
  } catch (error) {
    rmSync(unfinished, { force: true })
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    console.error(missing ? 'Go is missing: install Go 1.25 or newer, then run this again' : String(error))
    process.exitCode = 2
  }
}
