/** Plans straight from the addon, for scripts that run in a process or a worker of their own: `require(process.env.NATIVE_PLAN)`. */
'use strict';
const addon = module.require('../../build/Release/atrous.node');

/** Floats of a linear congruential generator, in [−1, 1). */
function randomFloats(length, seed = 1) {
  const floats = new Float32Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    floats[i] = state / 2 ** 31;
  }
  return floats;
}

/** The integers of a 3×3 convolution with dilation 2 and as much padding: [1, channels, size, size] in and out. */
function encodedShape(channels, size) {
  const [square, twos] = [
    [1, size, size],
    [0, 2, 2],
  ];
  return Int32Array.of(1, 1, channels, channels, ...square, 1, 3, 3, 1, 1, 1, 1, 2, 2, ...twos, ...twos, ...square, 0, 0, 0);
}

/** Its plan with random weights, and an input; a run at 64 channels and size 96 takes milliseconds, under a sanitizer a tenth of a second. */
function makePlan({ channels = 64, size = 96, threads = 2, isa = addon.isas[0], sibling = null } = {}) {
  const weight = randomFloats(channels * channels * 9, 2);
  const plan = addon.createPlan(encodedShape(channels, size), weight, null, isa, threads, 'auto', 1e-5, sibling);
  const length = channels * size * size;
  return { plan, length, input: randomFloats(length) };
}

/** What `run` gives for the input. */
function expected({ plan, length, input }) {
  const output = new Float32Array(length);
  plan.run(input, output);
  return output;
}

const equal = (a, b) => a.length === b.length && a.every((value, index) => Object.is(value, b[index]));

module.exports = { addon, randomFloats, encodedShape, makePlan, expected, equal };
