/** What this copy of the package computes with on this machine. */
import { loadAddon } from './addon.js';
import { chooseBackend } from './backend/select.js';
import { environment } from './environment.js';
import packageJson from '../package.json' with { type: 'json' };

export interface Features {
  /** Of the package. */
  readonly version: string;
  /** What `backend: 'auto'` stands for. */
  readonly backend: 'native' | 'typescript';
  /** Instruction set of its kernels: 'scalar', 'sse2', 'avx2', 'avx512' or 'neon'; 'typescript' for the pure-TypeScript backend. */
  readonly isa: string;
  /** Every instruction set that the native binary has and this CPU runs, best first; none without a binary. */
  readonly isas: string[];
  /** Default of the option `threads`. */
  readonly threads: number;
  /** Why the native binary did not load, where it might have. */
  readonly loadError?: string;
}

/**
 * Reports the version, and which backend, instruction set and number of threads a convolution uses by default.
 *
 * Loads the native binary if nothing has yet, and warns of nothing: `loadError` says what went wrong.
 *
 * @throws {RangeError} ERR_ATROUS_ENVIRONMENT.
 * @throws {Error} ERR_ATROUS_NATIVE_UNAVAILABLE where the environment demands the native backend and no binary loads.
 * @example
 * features(); // { version: '0.1.0', backend: 'native', isa: 'avx2', isas: ['avx2', 'sse2', 'scalar'], threads: 8 }
 */
export function features(): Features {
  const { backend, loadError } = chooseBackend('auto');
  const loaded = backend.name === 'native' ? loadAddon() : undefined;
  const addon = loaded && 'addon' in loaded ? loaded.addon : undefined;
  return {
    version: packageJson.version,
    backend: backend.name,
    isa: backend.isa,
    isas: [...(addon?.isas ?? [])],
    threads: addon ? (environment().threads ?? addon.cpus) : 1,
    ...(loadError && { loadError: loadError.message }),
  };
}
