/** The pure-TypeScript backend, under the tests of every backend and a few of its own. */
import { describe, expect, it } from 'vitest';
import { typescriptBackend } from '../../lib/backend/typescript.js';
import { convCase, directOnly, outputLength, planCase, runCase } from '../support/conv-cases.js';
import { expectSameBits } from '../support/expect-within-bound.js';
import { conformance } from './conformance.js';

describe('typescript', () => {
  conformance(() => typescriptBackend);
});

describe('typescript backend', () => {
  const description = { inChannels: 6, outChannels: 7, input: [9, 10], kernel: [3, 3], padding: 1 } as const;

  it('is direct, on one thread, whatever is asked for', () => {
    const convolution = convCase(description);
    const { info } = planCase(typescriptBackend, convolution, { algorithm: 'winograd', tolerance: 1, threads: 4 });
    expect(info).toMatchObject({ algorithm: 'direct', isa: 'typescript', threads: 1, weightBytes: 4 * convolution.weight.length });
    const winograd = runCase(typescriptBackend, convolution, { algorithm: 'winograd', tolerance: 1, threads: 4 });
    expectSameBits(winograd, runCase(typescriptBackend, convolution));
  });

  it('needs a padded copy of one image for the modes that read their padding, and none for zeros', () => {
    const workspace = (paddingMode: 'zeros' | 'reflect', batch: number) =>
      planCase(typescriptBackend, convCase({ ...description, batch, paddingMode })).info.workspaceBytes;
    const paddedImage = 4 * 6 * 11 * 12;
    expect(workspace('zeros', 1)).toBeLessThan(100);
    expect(workspace('reflect', 1)).toBeGreaterThanOrEqual(paddedImage);
    expect(workspace('reflect', 1)).toBeLessThan(paddedImage + 300);
    expect(workspace('reflect', 5)).toBe(workspace('reflect', 1));
  });

  it('computes asynchronously in a later turn, after what was queued before', async () => {
    const convolution = convCase(description);
    const output = new Float32Array(outputLength(convolution.shape)).fill(NaN);
    const promise = planCase(typescriptBackend, convolution).runAsync(convolution.input, output);
    expect(output.every(Number.isNaN)).toBe(true);
    await Promise.resolve();
    expect(output.every(Number.isNaN)).toBe(true);
    await promise;
    expectSameBits(output, runCase(typescriptBackend, convolution));
  });

  it('rejects when the output is transferred away before it is written', async () => {
    const convolution = convCase(description);
    const output = new Float32Array(outputLength(convolution.shape));
    const promise = planCase(typescriptBackend, convolution).runAsync(convolution.input, output);
    structuredClone(output, { transfer: [output.buffer] });
    await expect(promise).rejects.toMatchObject({ name: 'RangeError', code: 'ERR_ATROUS_ARGUMENT_RANGE' });
  });

  it('finds its taps where dilation and padding reach far beyond 2³¹ elements', () => {
    const far = 2 ** 29;
    const convolution = convCase({
      inChannels: 5,
      outChannels: 5,
      input: [4, 6],
      kernel: [3, 3],
      dilation: [far, 1],
      padding: [
        [far, far],
        [1, 1],
      ],
      layout: 'channelsLast',
    });
    // Of the three rows of taps only the middle one meets the image.
    const { weight, shape } = convolution;
    const rowLength = weight.length / 3;
    const middle = {
      ...convolution,
      shape: {
        ...shape,
        kernel: [1, 1, 3] as const,
        dilation: [1, 1, 1] as const,
        paddingBegin: [0, 0, 1] as const,
        paddingEnd: [0, 0, 1] as const,
      },
    };
    const expected = runCase(typescriptBackend, { ...middle, weight: weight.slice(rowLength, 2 * rowLength) }, directOnly);
    expectSameBits(runCase(typescriptBackend, convolution), expected);
  });
});
