/** Layers beside convolutions on the addon's kernels: encodes their shapes. */
import type { NativeAddon } from '../addon.js';
import type { ElementFunction, LayerKernels } from './layer-kernels.js';

/** RunFunction and RunOperation of native/kernels/table.hpp. */
const functions: Readonly<Record<ElementFunction['kind'], number>> = { clip: 0, leakyRelu: 1, sigmoid: 2 };
const operations = { add: 0, mul: 1 } as const;

export function nativeLayerKernels(addon: NativeAddon, isa: string): LayerKernels {
  return {
    mapElements(of, threads = addon.cpus) {
      const parameters = parametersOf(of);
      return (input, output) => {
        addon.mapElements(isa, threads, functions[of.kind], parameters, input, output);
      };
    },
    combineElements(operation, { run, repeated, begins }, relu, threads = addon.cpus) {
      const flags = [Number(repeated), Number(relu)] as const;
      return (left, right, output) => {
        if (output.length > 0) addon.combineElements(isa, threads, operations[operation], left, right, run, begins, ...flags, output);
      };
    },
    pool({ kind, planes, axes }, threads = addon.cpus) {
      const ofAxes = axes.flatMap(({ input, output, kernel, stride, dilation, begin, counted }) => {
        return [input, output, kernel, stride, dilation, begin, ...counted];
      });
      const shape = Int32Array.of(planes, Number(kind === 'avgPool'), ...ofAxes);
      return (input, output) => {
        addon.pool(isa, threads, shape, input, output);
      };
    },
    resize({ planes, axes }, threads = addon.cpus) {
      const sizes = Int32Array.of(planes, ...axes.flatMap(({ input, output }) => [input, output]));
      const elements = Int32Array.from(axes.flatMap(({ low, high }) => [...low, ...high]));
      const fractions = Float32Array.from(axes.flatMap(({ fraction }) => [...fraction]));
      const doubles = Number(axes[2].doubles);
      return (input, output) => {
        addon.resize(isa, threads, sizes, elements, fractions, doubles, input, output);
      };
    },
  };
}

/** Two, whatever the function takes. */
function parametersOf(of: ElementFunction): Float32Array {
  switch (of.kind) {
    case 'clip':
      return Float32Array.of(of.least, of.most);
    case 'leakyRelu':
      return Float32Array.of(of.slope, 0);
    case 'sigmoid':
      return new Float32Array(2);
  }
}
