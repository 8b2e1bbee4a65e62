import { defineConfig } from 'tsdown';

const shared = { platform: 'node', target: 'node20', outDir: 'dist', fixedExtension: false } as const;

export default defineConfig([
  { ...shared, entry: { index: 'lib/index.ts' }, format: ['esm', 'cjs'], dts: true, clean: true },
  { ...shared, entry: { cli: 'lib/cli/main.ts', bench: 'bench/run.ts' }, format: 'esm', dts: false, clean: false },
]);
