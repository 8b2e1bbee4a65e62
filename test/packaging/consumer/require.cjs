/** A user's CommonJS module: import.mjs says what it computes. */
const { conv, features } = require('atrous');

const input = { data: Float32Array.of(1, 2, 3, 4, 5), dims: [1, 1, 5] };
const weight = { data: Float32Array.of(1, 2), dims: [1, 1, 2] };
conv(input, weight);
const { data } = conv(input, weight, { dilation: 2 });
const { backend, loadError } = features();
console.log(JSON.stringify({ result: [...data], backend, loadError }));
