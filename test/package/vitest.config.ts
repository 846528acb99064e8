import { defineConfig } from 'vitest/config'

/** Packs the package, installs it elsewhere, and uses it as its users do. Needs a package registry. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/package/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
