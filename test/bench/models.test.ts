/** What the real network's run needs besides the network: package archives and a resized photograph. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readArchive } from '../../bench/models/archive.js';
import { toNetworkInput } from '../../bench/models/photograph.js';

describe('readArchive', () => {
  const header = (name: string, size: number, prefix = ''): Buffer => {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write(size.toString(8).padStart(11, '0'), 124);
    block.write('ustar\x0000', 257);
    block.write(prefix, 345);
    return block;
  };
  const padded = (content: string): Buffer => Buffer.concat([Buffer.from(content)], Math.ceil(content.length / 512) * 512);

  it('gives file contents by path', () => {
    const long = 'x'.repeat(700);
    const archive = gzipSync(
      Buffer.concat([
        header('package/a.txt', 5),
        padded('hello'),
        header('package/empty', 0),
        header('b.bin', 700, 'package/deep'),
        padded(long),
        Buffer.alloc(1024),
      ]),
    );
    const files = readArchive(archive);
    expect([...files.keys()]).toEqual(['package/a.txt', 'package/empty', 'package/deep/b.bin']);
    expect(Buffer.from(files.get('package/a.txt')!).toString()).toBe('hello');
    expect(files.get('package/empty')).toHaveLength(0);
    expect(Buffer.from(files.get('package/deep/b.bin')!).toString()).toBe(long);
  });
});

describe('toNetworkInput', () => {
  const picture = { width: 2, height: 1, data: Uint8Array.of(0, 128, 255, 255, 128, 128, 0, 255) };

  it('keeps the pixels of a picture of that size, as (pixel − 128)/256 in channel planes', () => {
    const square = { width: 2, height: 2, data: Uint8Array.of(...picture.data, ...picture.data) };
    expect([...toNetworkInput(square, 2)]).toEqual([-0.5, 0, -0.5, 0, 0, 0, 0, 0, 127 / 256, -0.5, 127 / 256, -0.5]);
  });

  it('mixes neighbours by distance between pixel centres, and holds the edge', () => {
    const red = [...toNetworkInput(picture, 4).subarray(0, 4)];
    expect(red).toEqual([-0.5, -0.375, -0.125, 0]);
  });
});
