import { defineConfig } from 'vitest/config'

/** The README's test command: everything that needs nothing but what npm brings. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/isa/**', 'test/package/**', 'test/bench/**', 'test/soak/**'],
    setupFiles: ['test/seed.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
