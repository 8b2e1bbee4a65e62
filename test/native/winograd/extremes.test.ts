/** NaNs, infinities, huge and denormal numbers: the short algorithms mix the elements of a tile, and nothing of that may show. */
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../lib/addon.js';
import { createNativeBackend, encodeShape } from '../../../lib/backend/native.js';
import { referenceConv } from '../../reference/conv.js';
import { type ConvCase, convCase, type ConvDescription, planCase, runCase, titleOf } from '../../support/conv-cases.js';
import { expectSameBits, expectWithinBound } from '../../support/expect-within-bound.js';
import { probe } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import {
  algorithms,
  deviationOf,
  directOutput,
  expectWithin,
  families,
  outputOf,
  runScheme,
  type Scheme,
  schemesFor,
  schemeTitle,
  slack,
} from './forced-scheme.js';

const cases: readonly ConvDescription[] = [
  { inChannels: 3, outChannels: 5, input: [41], kernel: [3], dilation: 2, padding: 'same' },
  { inChannels: 3, outChannels: 4, input: [64], kernel: [11], dilation: 3, padding: 'same', layout: 'channelsLast' },
  { inChannels: 5, outChannels: 17, input: [15, 17], kernel: [3, 3], dilation: 2, padding: 'same', activation: 'relu' },
  { groups: 2, inChannels: 4, outChannels: 6, input: [13, 12], kernel: [3, 3], dilation: 3, padding: 'same', layout: 'channelsLast' },
  { inChannels: 2, outChannels: 3, input: [9, 11], kernel: [3, 3], padding: [[2, 1], [0, 3]], paddingMode: 'reflect' }, // prettier-ignore
  { inChannels: 2, outChannels: 3, input: [5, 7, 6], kernel: [3, 3, 3], padding: 'same' },
];
const titled = cases.map((description, n) => {
  const convolution = convCase(description, 300 + n);
  return [titleOf(convolution), convolution] as const;
});

const reference = ({ shape, weight, bias }: ConvCase, input: Float32Array) => referenceConv(shape, input, weight, bias);

/** A copy with other elements at some places. */
function withValues(input: Float32Array, values: readonly (readonly [index: number, value: number])[]): Float32Array {
  const copy = input.slice();
  for (const [index, value] of values) copy[index] = value;
  return copy;
}

/** About so many schemes of each family, which differ in their algorithms and pieces. */
function someSchemes({ shape }: ConvCase, most: number): Scheme[] {
  return families.flatMap((family) => {
    const schemes = schemesFor(family, shape);
    const step = Math.max(1, Math.floor(schemes.length / most));
    return schemes.filter((_, index) => index % step === 0);
  });
}

describe.each(probe.isas)('%s', (isa) => {
  describe.each(titled)('%s', (_, convolution) => {
    const { input, shape } = convolution;
    const random = new Random(9);

    it('a NaN or an infinity reaches the outputs whose taps touch it, and no others', () => {
      const places = [0, input.length - 1, ...Array.from({ length: 4 }, () => random.integer(0, input.length - 1))];
      const inputs = places.flatMap((place) => [NaN, Infinity, -Infinity].map((value) => withValues(input, [[place, value]])));
      inputs.push(withValues(input, [[places[2]!, Infinity], [places[3]!, -Infinity], [places[4]!, NaN]])); // prettier-ignore
      const exact = inputs.map((spoilt) => reference(convolution, spoilt));
      const direct = inputs.map((spoilt) => directOutput(convolution, isa, spoilt));
      for (const { value } of exact) {
        expect(value.some((sum) => !Number.isFinite(sum)) || shape.activation === 'relu', 'it reaches some').toBe(true);
      }
      for (const scheme of someSchemes(convolution, 6)) {
        const { outputs, error } = runScheme(convolution, scheme, { isa, threads: 2 }, inputs);
        outputs.forEach((output, index) => {
          expectWithin(slack * error * deviationOf(exact[index]!), output, exact[index]!, `${schemeTitle(scheme)}, input ${index}`);
          expectFiniteLike(output, direct[index]!, `${schemeTitle(scheme)}, input ${index}`);
        });
      }
    });

    it('finite inputs of any size never give a non-finite result where direct gives a finite one', () => {
      const huge = (magnitude: number, share: number) =>
        input.map((value) => (random.fraction() < share ? (value < 0 ? -magnitude : magnitude) : value));
      for (const scale of [1, 1e-3, 1e-20, 1e-36, 1e10, 1e34]) {
        const scaled = { ...convolution, weight: convolution.weight.map((weight) => weight * scale) };
        const inputs = [huge(1e38, 0.02), huge(3e38, 0.02), huge(3e38, 0.3), huge(3.4e38, 1), input.map(() => 0)];
        // Through every binade: one of them lies just below the limit that sends an image to the direct plan.
        for (let exponent = -20; exponent < 128; exponent++) inputs.push(input.map((value) => value * 2 ** exponent));
        const direct = inputs.map((extreme) => directOutput(scaled, isa, extreme));
        for (const scheme of someSchemes(convolution, 3)) {
          runScheme(scaled, scheme, { isa, edge: 'end' }, inputs).outputs.forEach((output, index) => {
            const title = `${schemeTitle(scheme)}, weights of ${scale}, input ${index}`;
            expectFiniteLike(output, direct[index]!, title, 'where direct is finite');
          });
        }
      }
    });

    it('scales with its input through every binade: no limit changes a result by more than its error', () => {
      const plain = { ...convolution, bias: null };
      const exact = reference(plain, input);
      const exponents = Array.from({ length: 38 }, (_, n) => -18 + 4 * n).filter((exponent) => exponent < 127);
      for (const scheme of someSchemes(convolution, 4)) {
        const inputs = exponents.map((exponent) => input.map((value) => value * 2 ** exponent));
        const { outputs, error } = runScheme(plain, scheme, { isa, edge: 'begin' }, inputs);
        const allowed = slack * error * deviationOf(exact);
        outputs.forEach((output, index) => {
          // Sums beyond the largest float are infinite, and those near it may be.
          const scaled = { ...exact, value: exact.value.map((value) => value * 2 ** exponents[index]!) };
          const largest = scaled.value.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          if (largest < 2 ** 127)
            expectWithin(allowed * 2 ** exponents[index]!, output, scaled, `${schemeTitle(scheme)}, 2^${exponents[index]}`);
        });
      }
    });

    it('denormal inputs lose what denormals lose', () => {
      const plain = { ...convolution, bias: null };
      for (const exponent of [-149, -146, -140, -130, -124]) {
        const tiny = input.map((value) => value * 2 ** exponent);
        const exact = reference(plain, tiny);
        for (const scheme of someSchemes(convolution, 4)) {
          const { outputs, error } = runScheme(plain, scheme, { isa }, [tiny]);
          const allowed = slack * error * deviationOf(exact) * 2 ** exponent + roundingsOf(scheme, convolution) * 2 ** -149;
          expectWithin(allowed, outputs[0]!, exact, `${schemeTitle(scheme)}, 2^${exponent}`);
        }
      }
    });

    it('an image that holds a NaN leaves the others of its batch alone', () => {
      const two = convCase({ ...convolution.description, batch: 2 });
      const batch = { ...two, weight: convolution.weight, bias: convolution.bias };
      for (const scheme of someSchemes(convolution, 3)) {
        const alone = outputOf(convolution, scheme, { isa });
        for (const [first, second] of [
          [NaN, undefined],
          [undefined, Infinity],
        ] as const) {
          const images = [first, second].map((value) => (value === undefined ? input : withValues(input, [[7, value]])));
          const joined = new Float32Array(2 * input.length);
          images.forEach((image, n) => {
            joined.set(image, n * input.length);
          });
          const output = outputOf({ ...batch, input: joined }, scheme, { isa, threads: 2 });
          const clean = first === undefined ? 0 : 1;
          expectSameBits(output.slice(clean * alone.length, (clean + 1) * alone.length), alone);
          const touched = output.slice((1 - clean) * alone.length, (2 - clean) * alone.length);
          expectFiniteLike(touched, directOutput(convolution, isa, images[1 - clean]!), schemeTitle(scheme));
        }
      }
    });
  });
});

describe.each(nativeBackends())('weights and biases, %s', (isa, backend) => {
  const layer: ConvDescription = { inChannels: 24, outChannels: 32, input: [16, 17], kernel: [3, 3], dilation: 2, padding: 'same' };
  const asked = { algorithm: 'winograd', tolerance: 1e-5, threads: 2 } as const;
  const chooses = ({ shape, weight, bias }: ConvCase) =>
    probe.chooseShort({ shape: encodeShape(shape), weight, bias, isa, threads: 2, algorithm: 'winograd', tolerance: 1e-5 }) !== null;

  it.each([NaN, Infinity, -Infinity])('a weight of %d is left to the direct kernels, which are right', (value) => {
    const convolution = convCase(layer);
    expect(chooses(convolution), 'finite ones are not').toBe(true);
    convolution.weight[100] = value;
    expect(chooses(convolution)).toBe(false);
    expect(planCase(backend, convolution, asked).info.algorithm).toMatch(/^direct-/);
    expectWithinBound(runCase(backend, convolution, asked), reference(convolution, convolution.input), convolution.shape);
  });

  it('so is a bias that is not finite', () => {
    const convolution = convCase(layer);
    convolution.bias![3] = -Infinity;
    expect(chooses(convolution)).toBe(false);
    expectWithinBound(runCase(backend, convolution, asked), reference(convolution, convolution.input), convolution.shape);
  });

  it.each([3.4e38, 1e38, 1e30])('weights and biases of %d overflow where direct kernels do, and not on the way', (magnitude) => {
    for (const zeros of [true, false]) {
      const convolution = convCase(layer);
      convolution.weight.forEach((weight, index) => (convolution.weight[index] = weight < 0 ? -magnitude : magnitude));
      convolution.input.forEach((value, index) => (convolution.input[index] = zeros ? 0 : value * 1e-12));
      const output = runCase(backend, convolution, asked);
      expectFiniteLike(output, runCase(backend, convolution, { ...asked, algorithm: 'direct' }), `weights of ${magnitude}`);
      const biased = convCase(layer);
      biased.bias!.forEach((bias, index) => (biased.bias![index] = bias < 0 ? -magnitude : magnitude));
      const sums = runCase(backend, biased, asked);
      expectFiniteLike(sums, runCase(backend, biased, { ...asked, algorithm: 'direct' }), `biases of ${magnitude}`);
    }
  });
});

/** Finite in the same places; or, `'where direct is finite'`, in all of those: huge sums may overflow in one order and not in another. */
function expectFiniteLike(
  actual: Float32Array,
  direct: Float32Array,
  title: string,
  places: 'all' | 'where direct is finite' = 'all',
): void {
  expect(actual.length).toBe(direct.length);
  const index = actual.findIndex((value, at) => {
    if (places === 'where direct is finite' && !Number.isFinite(direct[at])) return false;
    return Number.isFinite(value) !== Number.isFinite(direct[at]) || Number.isNaN(value) !== Number.isNaN(direct[at]);
  });
  if (index >= 0) expect.fail(`${title}: element ${index} is ${actual[index]}, and ${direct[index]} of the direct plan`);
}

/** How often half of the smallest float may be lost, weighed by what follows: once for an entry of B, once for a product and once for an entry of A. */
function roundingsOf(scheme: Scheme, { shape }: ConvCase): number {
  const growth = (matrix: Float64Array, columns: number) => {
    const rows = Array.from({ length: matrix.length / columns }, (_, i) => matrix.slice(i * columns, (i + 1) * columns));
    return Math.max(...rows.map((entries) => entries.reduce((sum, entry) => sum + Math.abs(entry), 0)));
  };
  const used = scheme.algorithms.map((number, axis) =>
    [number, 'second' in scheme ? scheme.second[axis]! : -1].flatMap((n) => (n < 0 ? [] : [algorithms[n]!])),
  );
  const product = (factor: (algorithm: (typeof algorithms)[number]) => number) =>
    used.reduce((all, ofAxis) => all * Math.max(1, ...ofAxis.map(factor)), 1);
  // Weights lie in [−1, 1).
  const channels = (shape.inChannels / shape.groups) * scheme.tapGroups;
  const entries = product(({ inputs }) => inputs) * product(({ b, inputs }) => growth(b, inputs));
  const kernels = product(({ g, taps }) => growth(g, taps));
  return product(({ a, products }) => growth(a, products)) * channels * (1 + kernels * entries);
}

function nativeBackends() {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw new Error('The native binary does not load: npm run build:native', { cause: loaded.loadError });
  return loaded.addon.isas.map((isa) => [isa, createNativeBackend(loaded.addon, isa)] as const);
}
