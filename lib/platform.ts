/** What binaries for this machine are called. */

/** `<platform>-<arch>`, with `-musl` where that is the C library. */
export function platformName(): string {
  return `${process.platform}-${process.arch}${process.platform === 'linux' && isMusl() ? '-musl' : ''}`;
}

/** Node's report names the glibc it runs on, and nothing on musl. Listing network interfaces takes it seconds on some machines. */
function isMusl(): boolean {
  // @types/node does not know excludeNetwork yet; a Node that doesn't ignores it.
  const report = process.report as { excludeNetwork?: boolean; getReport(): object };
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  report.excludeNetwork = excludeNetwork ?? false;
  return header.glibcVersionRuntime === undefined;
}
