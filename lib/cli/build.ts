/**
 * `atrous build`: compiles the native binary on this machine.
 *
 * In an installed package the sources are compiled in a temporary folder, and the binary goes where the loader looks first. In the
 * repository the binary of the release build is laid where `npm pack` takes it from, and binding.gyp beside the sources: at the
 * root of a published package it would make package managers compile at every installation.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { platformName } from '../platform.js';
import { type Command, readOptions } from './command.js';

const help = `Usage: atrous build [--json]

Compiles the native binary from the sources in this package, for a platform without a prebuilt one, and checks
that it loads. Needs a C++17 compiler, make and Python 3 (what node-gyp needs), and the npm registry for node-gyp
and node-addon-api.
`;

export const build: Command = {
  summary: 'compiles the native binary on this machine',

  async run(args) {
    const options = readOptions(args, {});
    if (options.help) {
      process.stdout.write(help);
      return 0;
    }
    const root = packageRoot();
    const inRepository = existsSync(join(root, 'binding.gyp'));
    const binary = await (inRepository ? stagePrebuilt(root) : compileInstalled(root));
    const isas = await instructionSets(binary);
    process.stdout.write(
      options.json ? `${JSON.stringify({ binary, isas }, null, 2)}\n` : `${relative(process.cwd(), binary)}: ${isas.join(' ')}\n`,
    );
    return 0;
  },
};

/** The folder with package.json, above this file or above the bundle made of it. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

async function stagePrebuilt(root: string): Promise<string> {
  await npm(['run', 'build:native'], root);
  const binary = join(root, 'prebuilds', `${platformName()}.node`);
  await place(join(root, 'build', 'Release', 'atrous.node'), binary);
  await cp(join(root, 'binding.gyp'), join(root, 'native', 'binding.gyp'));
  return binary;
}

async function compileInstalled(root: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'atrous-build-'));
  try {
    const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const tools = Object.fromEntries(['node-addon-api', 'node-gyp'].map((name) => [name, devDependencies[name]]));
    await cp(join(root, 'native'), join(folder, 'native'), { recursive: true });
    await cp(join(root, 'native', 'binding.gyp'), join(folder, 'binding.gyp'));
    const manifest = { private: true, scripts: { compile: 'node-gyp rebuild' }, dependencies: tools };
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'], folder);
    await npm(['run', 'compile'], folder);
    const binary = join(root, 'build', 'Release', 'atrous.node');
    await place(join(folder, 'build', 'Release', 'atrous.node'), binary);
    return binary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Replaces a binary in one step: written over in place, it would change under the processes that have it mapped. */
async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const incoming = `${to}.${process.pid}`;
  await cp(from, incoming);
  await rename(incoming, to);
}

/** Runs npm with its output on stderr. */
function npm(args: readonly string[], folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${args[0]} failed with exit code ${code}; its messages stand above`));
    });
  });
}

/** Loads the binary in a process of its own, which may die of it, and tells what it offers here. */
async function instructionSets(binary: string): Promise<string[]> {
  const script = 'console.log(JSON.stringify(require(process.argv[1]).isas))';
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, binary]);
  return JSON.parse(stdout) as string[];
}
