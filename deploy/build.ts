import { cpSync, globSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'
import manifest from '../package.json' with { type: 'json' }

/**
 * `dist/`, as the package carries it: the tree of the checkout with JavaScript and declarations for TypeScript, one
 * file for one file, so that whatever lies beside a module in the checkout lies beside it when installed.
 */
const top = fileURLToPath(new URL('..', import.meta.url))

await build({
  cwd: top,
  root: top,
  config: false,
  // What runs in a thread of its own is started by its path, and imported by nobody.
  entry: ['core/index.ts', 'core/cli/main.ts', 'core/host/*-thread.ts', 'plugins/*/index.ts'],
  outDir: 'dist',
  clean: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  unbundle: true,
  fixedExtension: false,
  dts: true,
  logLevel: 'warn',
})

const beside = globSync('{core,plugins}/**/*', { cwd: top, exclude: ['**/*.{ts,js,md}'], withFileTypes: true })
for (const entry of beside) {
  if (!entry.isFile()) continue
  const path = relative(top, join(entry.parentPath, entry.name))
  cpSync(join(top, path), join(top, 'dist', path))
}

// The nearest package.json decides what `#plugins/otel` means: here the built plugins, in the checkout the sources.
const { name, version, type } = manifest
const imports = { '#plugins/*': './plugins/*/index.js' }
writeFileSync(join(top, 'dist/package.json'), `${JSON.stringify({ name, version, type, imports }, null, 2)}\n`)
