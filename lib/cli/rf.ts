/** `atrous rf`: receptive fields of a stack or a network, layer by layer, as a table, JSON, and pictures that stand alone. */
import { writeFile } from 'node:fs/promises';
import type { CodedError } from '../index.js';
import { type Command, readWords, UsageError } from './command.js';
import { renderPage } from './rf/page.js';
import { renderPicture } from './rf/picture.js';
import { type Report, reportStack } from './rf/report.js';
import { drawStack } from './rf/stack-drawing.js';
import { readStack, type StackLayer } from './rf/stack.js';
import { columnsOf, headline, remarksOf, rowOf } from './rf/summary.js';

const help = `Usage: atrous rf <layer>… [--input <size>] [--svg <file>] [--html <file>] [--json]

Prints what every layer of a stack sees of its input: receptive field, jump (the input elements from one output to
the next), centre of the first output's field, and holes (elements of the field that no path reaches).

  <layer>         the stack, the layer next to the input first, one word a layer:
                    3x3 3x3d2 3x5d1x2   kernel (height × width), dilation
                    k2d512causal        one axis
                    max2x2s2ceil        pool (max, avg), stride, ceil mode
                    t4x4s2p1o1          transposed convolution, padding, output padding
                    3x3p1 3x3p0:1 3x3same   padding: both ends, begin:end, valid (default), same, sameLower, causal
  --input <size>  size of the input, 224 or 224x320: adds the output size of every layer
  --svg <file>    writes a picture: the field growing layer by layer, paths and holes
  --html <file>   writes the picture and the table as one page

  atrous rf 3x3d1 3x3d2 3x3d4 --svg field.svg
  atrous rf k2d1causal k2d2causal k2d4causal k2d8causal
`;

export const rf: Command = {
  summary: 'receptive fields of a stack of layers, with pictures',

  async run(args) {
    const { values, positionals } = readWords(args, { input: { type: 'string' }, svg: { type: 'string' }, html: { type: 'string' } });
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    if (positionals.length === 0) throw new UsageError('Expected the layers of a stack, such as 3x3d1 3x3d2 3x3d4');
    const stack = readStack(positionals);
    const inputSize = values.input === undefined ? undefined : readInputSize(values.input, stack[0]!.axes.length);
    const report = namingWords(stack, () => reportStack(stack, inputSize));
    const picture = values.svg === undefined && values.html === undefined ? '' : renderPicture(report, () => drawStack(stack, report));
    if (values.svg !== undefined) await writeFile(values.svg, picture);
    if (values.html !== undefined) await writeFile(values.html, renderPage(report, picture));
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : text(report));
    return 0;
  },
};

/** One size for every axis, or one per axis. */
function readInputSize(value: string, axes: number): number[] {
  const sizes = /^\d{1,10}([x×]\d{1,10})*$/.test(value) ? value.split(/[x×]/).map(Number) : [];
  if (sizes.length === 1) return new Array<number>(axes).fill(sizes[0]!);
  if (sizes.length === axes) return sizes;
  throw new UsageError(`Expected --input to be a size, or ${axes} with x between them, received '${value}'`);
}

/** Errors of the arithmetic call a layer `layers[2]`, and an argument what the function does: here both stand on the command line. */
function namingWords<Result>(stack: readonly StackLayer[], analyse: () => Result): Result {
  try {
    return analyse();
  } catch (error) {
    if (!(error instanceof Error) || !isArgumentError(error)) throw error;
    const message = error.message
      .replaceAll(/layers\[(\d+)\]/g, (_, index: string) => `layer ${Number(index) + 1} (${stack[Number(index)]!.word})`)
      .replace('inputSize', '--input');
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
  return `${[...lines, '', `The stack ${headline(report)}.`, ...remarksOf(report)].join('\n')}\n`;
}
