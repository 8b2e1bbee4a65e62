/**
 * The same suite on the address- and undefined-behaviour-sanitized build (`npm run test:asan`), with stock Node: the runtime is
 * preloaded, and every load of the release binary is redirected, in workers and child processes too.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import config from './vitest.config.js';

const redirect = fileURLToPath(new URL('test/support/sanitized-addon.cjs', import.meta.url));
const runtime = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();

// Inherited by vitest's forks; vitest itself has started without them.
Object.assign(process.env, {
  ATROUS_SANITIZED: '1',
  LD_PRELOAD: runtime,
  NODE_OPTIONS: `--require ${JSON.stringify(redirect)}`,
  // Node frees little at exit. An allocation that can't be served must fail as it does without the sanitizer.
  ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
});

export default mergeConfig(
  config,
  defineConfig({
    test: {
      // These test no native code of the process they run in, or (dispatch) run it under an emulator, or look at values, bits and choices of
      // plans whose memory others test (networks; of winograd all but the values of every scheme).
      exclude: [
        'test/packaging/**',
        'test/architecture.test.ts',
        'test/bench/**',
        'test/cli/**',
        'test/docs/**',
        'test/geometry/**',
        'test/native/symbols.test.ts',
        'test/native/dispatch.test.ts',
        'test/native/winograd/{accuracy,bits,choice,extremes}.test.ts',
        'test/network/**',
        'test/receptive-field/**',
      ],
      testTimeout: 600_000,
    },
  }),
);
