/** A user's ES module. [1, 2, 3, 4, 5] with the kernel [1, 2], two apart: 1·1 + 2·3 = 7, … Computed twice: one warning is enough. */
import { conv, features } from 'atrous';

const input = { data: Float32Array.of(1, 2, 3, 4, 5), dims: [1, 1, 5] };
const weight = { data: Float32Array.of(1, 2), dims: [1, 1, 2] };
conv(input, weight);
const { data } = conv(input, weight, { dilation: 2 });
const { backend, loadError } = features();
console.log(JSON.stringify({ result: [...data], backend, loadError }));
