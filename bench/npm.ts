/** Runs npm, for what the benchmark fetches on first use: the peers and the real network. */
import { spawn } from 'node:child_process';

/** Null on success, else why not, in npm's word for it, such as ENOTFOUND. Its own output goes to standard error as it comes. */
export function runNpm(parameters: readonly string[], folder: string): Promise<string | null> {
  return new Promise((resolve) => {
    const npm = spawn('npm', parameters, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      // Its install script would download GPU libraries; the CPU library is inside the package.
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    });
    let said = '';
    const follow = (chunk: Buffer): void => {
      process.stderr.write(chunk);
      said += chunk.toString();
    };
    npm.stdout.on('data', follow);
    npm.stderr.on('data', follow);
    npm.on('error', (error) => {
      resolve(error.message);
    });
    npm.on('close', (status) => {
      const code = /^npm (?:error|ERR!) code (\w+)/m.exec(said)?.[1];
      resolve(status === 0 ? null : (code ?? `exit status ${status}`));
    });
  });
}
