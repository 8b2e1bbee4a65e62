/** Which backend computes: the caller's option, then ATROUS_BACKEND, then native where a binary loads, else the pure-TypeScript one. */
import { loadAddon } from '../addon.js';
import { environment } from '../environment.js';
import { environmentError, nativeUnavailableError, rangeError } from '../errors.js';
import type { BackendName } from '../types.js';
import { listNames } from '../validate.js';
import type { Backend } from './backend.js';
import { createNativeBackend } from './native.js';
import { typescriptBackend } from './typescript.js';

/** `loadError` says why the backend is not native although it might have been. */
export interface BackendChoice {
  readonly backend: Backend;
  readonly loadError?: Error;
}

/** The backend for `requested`; where it falls back to pure TypeScript, one warning says so. Throws as {@link chooseBackend} does. */
export function selectBackend(requested: BackendName): Backend {
  const { backend, loadError } = chooseBackend(requested);
  if (loadError) warnOnce(loadError);
  return backend;
}

/**
 * What {@link selectBackend} selects, without its warning.
 *
 * @throws {RangeError} ERR_ATROUS_ENVIRONMENT.
 * @throws {Error} ERR_ATROUS_NATIVE_UNAVAILABLE where the native backend is demanded and no binary loads.
 */
export function chooseBackend(requested: BackendName): BackendChoice {
  const { backend, isa, requireNative } = environment();
  const name = requested === 'auto' ? backend : requested;
  if (name === 'typescript') return { backend: typescriptBackend };
  const loaded = loadAddon();
  if ('addon' in loaded) return { backend: defaultNativeBackend() };
  if (requested === 'native') throw nativeUnavailableError("backend: 'native'", loaded.loadError);
  if (name === 'native') throw nativeUnavailableError('ATROUS_BACKEND=native', loaded.loadError);
  if (requireNative) throw nativeUnavailableError('ATROUS_REQUIRE_NATIVE=1', loaded.loadError);
  if (isa !== undefined) throw nativeUnavailableError(`ATROUS_ISA=${isa}`, loaded.loadError);
  return { backend: typescriptBackend, loadError: loaded.loadError };
}

let defaultNative: Backend | undefined;

function defaultNativeBackend(): Backend {
  return (defaultNative ??= nativeBackend());
}

/**
 * A native backend of one instruction set; by default ATROUS_ISA, else the best that this CPU runs. For tests and the benchmark.
 *
 * @throws {RangeError} ERR_ATROUS_ARGUMENT_RANGE or ERR_ATROUS_ENVIRONMENT where this binary or CPU lacks it.
 * @throws {Error} ERR_ATROUS_NATIVE_UNAVAILABLE.
 */
export function nativeBackend(options: { readonly isa?: string } = {}): Backend {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw nativeUnavailableError('This call', loaded.loadError);
  const { addon } = loaded;
  const forced = environment().isa;
  const isa = options.isa ?? forced ?? addon.isas[0]!;
  if (addon.isas.includes(isa)) return createNativeBackend(addon, isa);
  const expected = `one of ${listNames(addon.isas)}, which this binary has and this CPU runs`;
  throw options.isa === undefined ? environmentError('ATROUS_ISA', expected, isa) : rangeError('isa', expected, isa);
}

/** Two copies of this package, as when one is imported and one required, share the mark: one warning a realm. */
const warned = Symbol.for('atrous.warnedOfNoNative');

function warnOnce(loadError: Error): void {
  const realm = globalThis as { [warned]?: boolean };
  if (realm[warned]) return;
  realm[warned] = true;
  process.emitWarning(
    `atrous computes in pure TypeScript, many times slower, because the native binary did not load: ${loadError.message}`,
    {
      code: 'ATROUS_NO_NATIVE',
    },
  );
}
