/** Runs npm, for what the benchmark fetches on first use: the peers and the real network. */
import { spawn } from 'node:child_process';

/** Null on success, else npm's own last words. Its output goes to stderr as it comes. */
export function runNpm(parameters: readonly string[], folder: string): Promise<string | null> {
  return new Promise((resolve) => {
    const npm = spawn('npm', parameters, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      // Its install script would download GPU libraries; the CPU library is inside the package.
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    });
    let lastLine = '';
    const follow = (chunk: Buffer): void => {
      process.stderr.write(chunk);
      lastLine = chunk.toString().trim().split('\n').at(-1) ?? lastLine;
    };
    npm.stdout.on('data', follow);
    npm.stderr.on('data', follow);
    npm.on('error', (error) => {
      resolve(error.message);
    });
    npm.on('close', (code) => {
      resolve(code === 0 ? null : `exit code ${code}: ${lastLine}`);
    });
  });
}
