import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Threads share one process: a crash, process.exit or an environment variable of one file would be every file's.
    pool: 'forks',
    // By default one less than there are CPUs.
    maxWorkers: '100%',
    // Long enough for the slowest property test on two slow cores under a sanitizer; no test asserts a time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { include: ['lib/**'] },
  },
});
