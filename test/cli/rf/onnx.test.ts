/** `atrous rf model.onnx`: the network that the file is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { UsageError } from '../../../lib/cli/command.js';
import { analyse } from '../../../lib/cli/rf.js';
import { headline } from '../../../lib/cli/rf/summary.js';
import { floats, model, node } from '../../network/onnx/model.js';

const folder = mkdtempSync(join(tmpdir(), 'atrous-rf-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('reports the fields of its layers, at the sizes that --input gives', () => {
  const weight = (name: string) => floats(name, [1, 1, 3, 3], new Array<number>(9).fill(1));
  const nodes = [
    node('Conv', ['x', 'w1'], ['a'], { dilations: [2, 2], pads: [2, 2, 2, 2] }, 'first'),
    node('Conv', ['a', 'w2'], ['y'], { dilations: [2, 2], pads: [2, 2, 2, 2] }, 'second'),
  ];
  const path = join(folder, 'two.onnx');
  writeFileSync(path, model({ inputs: { x: [1, 1, 'h', 'w'] }, nodes, initializers: [weight('w1'), weight('w2')] }));
  const { report } = analyse([path], '33x20');
  expect(headline(report)).toMatch(/^sees 9×9/);
  expect(report.layers.map(({ name }) => name)).toEqual(['first', 'second']);
});

it('names the file that is no model, or not there', () => {
  const path = join(folder, 'bad.onnx');
  writeFileSync(path, Uint8Array.of(1, 2, 3));
  expect(() => analyse([path])).toThrow(UsageError);
  expect(() => analyse([path])).toThrow(/bad\.onnx: /);
  expect(() => analyse([join(folder, 'none.onnx')])).toThrow(/none\.onnx: .*ENOENT/);
});
