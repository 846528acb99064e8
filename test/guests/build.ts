/**
 * `npm run guests` builds the guest programs and puts them beside their sources; `npm run guests -- --check` builds them
 * into a temporary folder and compares, byte for byte, with what is committed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exit } from 'node:process'

const top = join(import.meta.dirname, '../..')
const [argument, ...rest] = process.argv.slice(2)
if ((argument !== undefined && argument !== '--check') || rest.length > 0) {
  console.error('usage: npm run guests [-- --check]')
  exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'xenoscope-guests-'))
const status = build()
rmSync(folder, { recursive: true })
exit(status)

function build(): number {
  const make = spawnSync('make', ['-s', '-f', 'test/guests/Makefile', `BUILD=${folder}`], {
    cwd: top,
    stdio: 'inherit',
  })
  if (make.error !== undefined)
    console.error(`make did not start: ${make.error.message}; on Debian: apt-get install make`)
  if (make.status !== 0) return 1

  const built = products(folder)
  if (argument === undefined) {
    for (const path of built) writeFileSync(join(top, path), readFileSync(join(folder, path)))
    console.log(`built ${built.length} files`)
    return 0
  }
  const different = built.filter(path => !isSame(join(folder, path), join(top, path)))
  const stale = products(top).filter(path => !built.includes(path))
  for (const path of different) console.error(`${path} is not what its source builds`)
  for (const path of stale) console.error(`${path} has no source`)
  if (different.length + stale.length > 0) {
    console.error('run: npm run guests')
    return 1
  }
  console.log(`${built.length} files are what their sources build`)
  return 0
}

/** The programs under a folder, as paths from the top of the checkout; the bundled title comes with its names. */
function products(root: string): string[] {
  const patterns = ['{test/guests,test/bench/guests,core/cli/demo}/*.{elf,xex}', 'core/cli/demo/*.map']
  return patterns.flatMap(pattern => globSync(pattern, { cwd: root })).sort()
}

function isSame(built: string, committed: string): boolean {
  return existsSync(committed) && readFileSync(built).equals(readFileSync(committed))
}
