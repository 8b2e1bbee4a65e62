import { defineConfig } from 'tsdown';

const shared = {
  platform: 'node',
  target: 'node20.19',
  outDir: 'dist',
  fixedExtension: false,
  outputOptions: { chunkFileNames: '[name].js' },
} as const;

export default defineConfig([
  {
    ...shared,
    entry: {
      index: 'lib/index.ts',
      cli: 'lib/cli/main.ts',
      bench: 'bench/run.ts',
      compare: 'bench/compare/run.ts',
      'network-child': 'bench/models/network-child.ts',
    },
    format: 'esm',
    dts: { entry: 'lib/index.ts' },
  },
  { ...shared, entry: { index: 'lib/index.ts' }, format: 'cjs', dts: true, clean: false },
]);
