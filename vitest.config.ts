import { defineConfig } from 'vitest/config'
import TestReporter from './scripts/test-report.mjs'

/** Shared by every package: each runs it with its own folder as root, and so does the whole tree from here. */
export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    passWithNoTests: true,
    // Tests drive real servers and processes beside others on two cores: a deadline only stops what hangs.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default', new TestReporter()],
  },
})
