/** Preloaded with --require: loads build-asan's binary wherever build/Release's is asked for. */
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..', '..');
const release = join(root, 'build', 'Release', 'atrous.node');
const sanitized = join(root, 'build-asan', 'Release', 'atrous.node');
if (!existsSync(sanitized)) throw new Error(`${sanitized} is missing: npm run build:asan`);

const { dlopen } = process;
process.dlopen = function (module, filename, ...flags) {
  return dlopen.call(process, module, filename === release ? sanitized : filename, ...flags);
};
