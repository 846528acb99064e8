#!/usr/bin/env node
/**
 * What `xenoscope` on the command line is, in a checkout and installed. Written for Node 12.20 and later: an old Node must
 * get as far as being told what to do, so no newer syntax here and no import of anything that needs it.
 *
 * The program runs on Node 26. An older one looks for the Node that the project brings (the `node` package) and hands
 * over to it: standard streams, signals and the exit status are the program's own.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const needed = 26
const majorOf = version => Number(version.replace(/^v/, '').split('.')[0])

const here = dirname(fileURLToPath(import.meta.url))
const program = [join(here, 'main.ts'), join(here, '../../dist/core/cli/main.js')].find(file => existsSync(file))

if (program === undefined) {
  console.error('xenoscope: the program is missing beside its launcher; install xenoscope again')
  process.exit(2)
} else if (majorOf(process.version) >= needed) {
  module.enableCompileCache()
  lendLibrary(pathToFileURL(join(dirname(program), '..', `index${extname(program)}`)).href)
  process.argv[1] = program
  import(pathToFileURL(program).href)
} else {
  const node = broughtNode()
  if (node === undefined) {
    console.error(`xenoscope needs Node ${needed} or newer; this is ${process.version}.`)
    console.error(`Install it, or run: npx --package node@${needed} --package xenoscope xenoscope`)
    process.exit(2)
  } else {
    handOver(node)
  }
}

/** Wherever a plugin lies, and built or not: what it imports as `xenoscope` is the one that runs it. */
function lendLibrary(library) {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'xenoscope' ? { url: library, shortCircuit: true } : next(specifier, context),
  })
}

/** The executable of the nearest `node` package, if its version will do. */
function broughtNode() {
  try {
    const manifest = module.createRequire(import.meta.url).resolve('node/package.json')
    const executable = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    const version = JSON.parse(readFileSync(manifest, 'utf8')).version
    return majorOf(version) >= needed && existsSync(executable) ? executable : undefined
  } catch (_) {
    return undefined
  }
}

function handOver(node) {
  const child = spawn(node, [process.argv[1]].concat(process.argv.slice(2)), { stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both; passed on, it would count twice.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    })
  }
  child.on('error', error => {
    console.error(`xenoscope: ${node} does not start: ${error.message}`)
    process.exit(2)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const name of signals) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}
