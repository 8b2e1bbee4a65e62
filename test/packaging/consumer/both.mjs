/** A dependency imports the package and another one requires it: two copies in one process. */
await import('./import.mjs');
await import('./require.cjs');
