/** `atrous rf`: receptive fields of a stack or a network, layer by layer, as a table, JSON, and pictures that stand alone. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CodedError, fromOnnx, type Network } from '../index.js';
import { type Command, readWords, UsageError } from './command.js';
import type { Drawing } from './rf/drawing.js';
import { networks, reportNetwork } from './rf/network.js';
import { renderPage } from './rf/page.js';
import { renderPicture } from './rf/picture.js';
import { type Report, reportStack } from './rf/report.js';
import { drawStack } from './rf/stack-drawing.js';
import { readStack } from './rf/stack.js';
import { columnsOf, headline, remarksOf, rowOf } from './rf/summary.js';

/** The names that pass a test, for a line of the help. */
function networkNames(belongs: (name: string) => boolean): string {
  return Object.keys(networks).filter(belongs).join(', ');
}

const help = `Usage: atrous rf <layer>… | <network> | <file>.onnx [--input <size>] [--svg <file>] [--html <file>] [--json]

Prints what every layer of a stack or network sees of its input: receptive field, jump (the input elements from one output to
the next), centre of the first output's field, and holes (elements of the field that no path reaches).

  <layer>         the stack, the layer next to the input first, one word a layer:
                    3x3 3x3d2 3x5d1x2   kernel (height × width), dilation
                    k2d512causal        one axis
                    max2x2s2ceil        pool (max, avg), stride, ceil mode
                    t4x4s2p1o1          transposed convolution, padding, output padding
                    3x3p1 3x3p0:1 3x3same   padding: both ends, begin:end, valid (default), same, sameLower, causal
  <network>       ${networkNames((name) => !name.startsWith('drn-'))},
                  ${networkNames((name) => name.startsWith('drn-a') || name.startsWith('drn-c'))},
                  ${networkNames((name) => name.startsWith('drn-d'))}
  <file>.onnx     the network that an ONNX model is
  --input <size>  size of the input, 224 or 224x320: adds the output size of every layer
  --svg <file>    writes a picture: the field growing layer by layer, paths and holes
  --html <file>   writes the picture and the table as one page

  atrous rf 3x3d1 3x3d2 3x3d4 --svg field.svg
  atrous rf k2d1causal k2d2causal k2d4causal k2d8causal
`;

export const rf: Command = {
  summary: 'receptive fields of a stack of layers or a network, with pictures',

  async run(args) {
    const { values, positionals } = readWords(args, { input: { type: 'string' }, svg: { type: 'string' }, html: { type: 'string' } });
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    if (positionals.length === 0)
      throw new UsageError('Expected the layers of a stack, such as 3x3d1 3x3d2 3x3d4, or the name of a network');
    const { report, draw } = analyse(positionals, values.input);
    const picture = values.svg === undefined && values.html === undefined ? '' : naming(positionals, () => renderPicture(report, draw));
    if (values.svg !== undefined) await writeFile(values.svg, picture);
    if (values.html !== undefined) await writeFile(values.html, renderPage(report, picture));
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : text(report));
    return 0;
  },
};

/** What the words on the command line stand for: the layers of a stack, or one network. */
export function analyse(words: readonly string[], input?: string): { readonly report: Report; readonly draw: () => Drawing } {
  const [name] = words;
  const inputSize = (axes: number) => (input === undefined ? undefined : readInputSize(input, axes));
  if (words.length === 1 && name!.endsWith('.onnx')) {
    const network = readModel(name!);
    return naming([], () => reportNetwork(basename(name!), network, inputSize(network.inputs[0]!.dims.length - 2)));
  }
  if (words.length === 1 && !/^(max|avg|t)?(k|\d)/.test(name!)) {
    const build = Object.hasOwn(networks, name!) ? networks[name!] : undefined;
    if (!build)
      throw new UsageError(`Expected a layer such as 3x3d2, or a network (${Object.keys(networks).join(', ')}), received '${name}'`);
    const network = build();
    return naming([], () => reportNetwork(name!, network, inputSize(network.inputs[0]!.dims.length - 2)));
  }
  const stack = readStack(words);
  const report = naming(words, () => reportStack(stack, inputSize(stack[0]!.axes.length)));
  return { report, draw: () => drawStack(stack, report) };
}

/** The network of an .onnx file; a model without an input of axes is refused by what reports it. */
function readModel(path: string): Network {
  try {
    return fromOnnx(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** One size for every axis, or one per axis. */
function readInputSize(value: string, axes: number): number[] {
  const sizes = /^\d{1,10}([x×]\d{1,10})*$/.test(value) ? value.split(/[x×]/).map(Number) : [];
  if (sizes.length === 1) return new Array<number>(axes).fill(sizes[0]!);
  if (sizes.length === axes) return sizes;
  throw new UsageError(`Expected --input to be a size, or ${axes} with x between them, received '${value}'`);
}

/** Errors of the arithmetic call a layer `layers[2]`, and an argument what the function does: here both stand on the command line. */
function naming<Result>(words: readonly string[], analyse: () => Result): Result {
  try {
    return analyse();
  } catch (error) {
    if (!(error instanceof Error) || !isArgumentError(error)) throw error;
    const message = error.message
      .replaceAll(/layers\[(\d+)\]/g, (_, index: string) => `layer ${Number(index) + 1} (${words[Number(index)]})`)
      .replace(/input(Size|Dims)/, '--input');
    throw new UsageError(message, { cause: error });
  }
}

function isArgumentError(error: Error): error is CodedError {
  return 'code' in error && String(error.code).startsWith('ERR_ATROUS_ARGUMENT');
}

function text(report: Report): string {
  const cells = [columnsOf(report), ...report.layers.map(rowOf)];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  );
  return `${[...lines, '', `The ${report.of} ${headline(report)}.`, ...remarksOf(report)].join('\n')}\n`;
}
