/** A user's types, required. */
import atrous = require('atrous');

const options: atrous.ConvOptions = { dilation: [2, 2], padding: 'same', activation: 'relu' };
const input = atrous.tensor(new Float32Array(25), [1, 1, 5, 5]);
const result: Float32Array = atrous.conv(input, { data: new Float32Array(9), dims: [1, 1, 3, 3] }, options).data;
result.fill(0);
// @ts-expect-error: a misspelt option
atrous.conv(input, input, { dilations: 2 });
