/** What layers are called in tables and pictures. */
import type { StackLayer } from './stack.js';

/** Whether the dilation of a convolution is worth telling. */
export function isDilated(stack: readonly StackLayer[]): boolean {
  return stack.some(({ axes }) => axes.some(({ dilation = 1 }) => dilation > 1));
}

/** `3×3, d 2, s 2`; a stride of 1 goes unsaid, and a dilation of 1 but for a convolution of a `dilated` stack. */
export function labelOf({ kind, axes }: StackLayer, dilated: boolean): string {
  const kernel = axes.map(({ kernel }) => kernel);
  const dilation = perAxis(axes.map(({ dilation = 1 }) => dilation));
  const stride = perAxis(axes.map(({ stride = 1 }) => stride));
  const window = `${kind === 'conv' ? '' : `${kind} `}${kernel.length === 1 ? `k ${kernel[0]}` : kernel.join('×')}`;
  return `${window}${dilation !== '1' || (dilated && kind === 'conv') ? `, d ${dilation}` : ''}${stride === '1' ? '' : `, s ${stride}`}`;
}

/** The labels; neighbours that differ in dilation only share one: `3×3, dilation 1, 2, 4`. */
export function titleOf(stack: readonly StackLayer[]): string {
  const runs: { readonly head: string; readonly dilations: string[] }[] = [];
  for (const layer of stack) {
    const [head, dilation] = labelOf(layer, isDilated(stack)).split(/, d (?=[^,]+$)/);
    const run = runs.at(-1);
    if (dilation === undefined) runs.push({ head: head!, dilations: [] });
    else if (run?.head === head && run?.dilations.length) run.dilations.push(dilation);
    else runs.push({ head: head!, dilations: [dilation] });
  }
  const name = runs.length === 1 ? 'dilation' : 'd';
  return runs.map(({ head, dilations }) => (dilations.length === 0 ? head : `${head}, ${name} ${dilations.join(', ')}`)).join(' → ');
}

/** One number where the axes agree, else one per axis. */
export function perAxis(values: readonly number[] | undefined): string {
  if (values === undefined) return '–';
  return values.every((value) => Object.is(value, values[0])) ? String(values[0]) : values.join('×');
}
