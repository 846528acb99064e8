import { defineConfig } from 'vitest/config'

/** Tests against other programs: a real Jaeger. `npm run jaeger` gets it. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/e2e/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
