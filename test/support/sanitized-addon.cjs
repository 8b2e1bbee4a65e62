/** Preloaded with --require: loads build-asan's binaries wherever those of build/ and build-dev/ are asked for. */
'use strict';
const { existsSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');

const root = join(__dirname, '..', '..');
const sanitized = join(root, 'build-asan', 'Release');
const others = [join(root, 'build', 'Release'), join(root, 'build-dev', 'Release')];
if (!existsSync(join(sanitized, 'atrous.node'))) throw new Error(`${sanitized} holds no binary: npm run build:asan`);

const { dlopen } = process;
process.dlopen = function (module, filename, ...flags) {
  return dlopen.call(process, module, others.includes(dirname(filename)) ? join(sanitized, basename(filename)) : filename, ...flags);
};
