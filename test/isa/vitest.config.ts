import { defineConfig } from 'vitest/config'

/** Against QEMU, which npm does not bring: `npm run test:isa`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/isa/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
})
