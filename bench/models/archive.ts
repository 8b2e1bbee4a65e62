/** Reads npm package archives: gzip around tar (POSIX.1-1988 ustar, 512-byte headers, file contents padded to 512). */
import { gunzipSync } from 'node:zlib';

/** File contents by path, e.g. `package/package.json`. */
export function readArchive(archive: Uint8Array): Map<string, Uint8Array> {
  const bytes = gunzipSync(archive);
  const files = new Map<string, Uint8Array>();
  const field = (begin: number, length: number): string =>
    bytes
      .toString('latin1', begin, begin + length)
      .replace(/\0.*$/s, '')
      .trim();
  for (let header = 0; header + 512 <= bytes.length && bytes[header] !== 0;) {
    const size = parseInt(field(header + 124, 12), 8);
    const prefix = field(header + 345, 155);
    const name = field(header, 100);
    const begin = header + 512;
    files.set(prefix ? `${prefix}/${name}` : name, bytes.subarray(begin, begin + size));
    header = begin + Math.ceil(size / 512) * 512;
  }
  return files;
}
