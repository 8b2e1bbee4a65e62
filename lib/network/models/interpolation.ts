/** A transposed convolution that interpolates bilinearly, each channel by itself: the frozen "deconvolution" of Caffe networks. */
import type { NetworkBuilder, NetworkNode } from '../builder.js';
import type { Initializer } from '../parameters.js';

/** Enlarges by `factor`, with the triangular kernel of 2·factor taps; outputs cut from the ends: `padding`. */
export function interpolate(
  g: NetworkBuilder,
  input: NetworkNode,
  name: string,
  channels: number,
  factor: number,
  padding = 0,
): NetworkNode {
  const kernel = 2 * factor;
  return g.convTranspose(input, {
    name,
    channels,
    kernel,
    stride: factor,
    padding,
    groups: channels,
    bias: false,
    frozen: true,
    weight: triangle,
  });
}

/** w[y, x] = (1 − |y/f − c|)·(1 − |x/f − c|) with f half the kernel and c = (2f − 1)/2f: Caffe's "bilinear" filler for even kernels. */
const triangle: Initializer = ([channels, , height, width]) => {
  const side = (size: number, index: number) => 1 - Math.abs(index / (size / 2) - (size - 1) / size);
  return Float32Array.from({ length: channels! * height! * width! }, (_, index) => {
    return side(width!, index % width!) * side(height!, Math.floor(index / width!) % height!);
  });
};
