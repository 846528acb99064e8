import { cpSync, globSync, writeFileSync } from 'node:fs'
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
  entry: ['core/index.ts', 'core/cli/main.ts', 'plugins/*/index.ts'],
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

for (const asset of globSync('test/guests/**/*.{xex,elf}', { cwd: top }))
  cpSync(`${top}${asset}`, `${top}dist/${asset}`)

// The nearest package.json decides what `#plugins/otel` means: here the built plugins, in the checkout the sources.
const { name, version, type } = manifest
const imports = { '#plugins/*': './plugins/*/index.js' }
writeFileSync(`${top}dist/package.json`, `${JSON.stringify({ name, version, type, imports }, null, 2)}\n`)
