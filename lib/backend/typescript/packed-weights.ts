/**
 * Weights in the order in which the kernels read them: blocks of four output channels of one group, then single ones where four do not fit,
 * each block [tap][input channel of the group][output channel of the block]. Nothing is padded, so a block starts at
 * firstOutputChannel · inChannels/groups · taps.
 */
import type { ConvShape } from '../backend.js';
import { allocateFloats } from './allocate.js';

export const BLOCK_CHANNELS = 4;

/** How many of `remaining` output channels the next block takes. */
export function blockChannels(remaining: number): number {
  return remaining >= BLOCK_CHANNELS ? BLOCK_CHANNELS : 1;
}

export function packWeights({ groups, inChannels, outChannels, kernel, layout }: ConvShape, weight: Float32Array): Float32Array {
  const taps = kernel[0] * kernel[1] * kernel[2];
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  // channelsFirst: [outChannels][inPerGroup][taps]; channelsLast: [taps][inPerGroup][outChannels].
  const [outStep, inStep, tapStep] = layout === 'channelsFirst' ? [inPerGroup * taps, taps, 1] : [1, outChannels, inPerGroup * outChannels];
  const packed = allocateFloats(weight.length, 'the packed weights');
  let to = 0;
  for (let group = 0; group < groups; group++) {
    for (let done = 0; done < outPerGroup; done += blockChannels(outPerGroup - done)) {
      const first = group * outPerGroup + done;
      const end = first + blockChannels(outPerGroup - done);
      for (let tap = 0; tap < taps; tap++) {
        for (let channel = 0; channel < inPerGroup; channel++) {
          for (let out = first; out < end; out++) packed[to++] = weight[out * outStep + channel * inStep + tap * tapStep]!;
        }
      }
    }
  }
  return packed;
}
