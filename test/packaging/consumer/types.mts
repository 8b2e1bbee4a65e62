/** A user's types, imported. */
import { Conv, type ConvOptions, conv, features, tensor, verify } from 'atrous';

const options: ConvOptions = { dilation: [2, 2], padding: 'same', activation: 'relu' };
const input = tensor(new Float32Array(25), [1, 1, 5, 5]);
const weight = { data: new Float32Array(9), dims: [1, 1, 3, 3] };
export const first: Float32Array = conv(input, weight, options).data;
export const second: Promise<{ readonly data: Float32Array; readonly dims: readonly number[] }> = new Conv(weight, options).runAsync(input);
export const isas: readonly string[] = features().isas;
export const ok: boolean = verify(input, weight, options).ok;
// @ts-expect-error: a misspelt option
conv(input, weight, { dilations: 2 });
