/** Scripts in a process of their own: a crash, an exit or a limit there is a result here. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ScriptResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The lines of its standard output that are JSON, parsed. */
  readonly output: unknown[];
  readonly stderr: string;
}

export interface ScriptOptions {
  /** Node's own flags. */
  readonly flags?: readonly string[];
  /** A program that starts Node, with its arguments: ['taskset', '-c', '0']. */
  readonly through?: readonly string[];
  /** True: `native` is missing, nothing has loaded the addon yet. */
  readonly withoutAddon?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const nativePlan = fileURLToPath(new URL('native-plan.cjs', import.meta.url));

/**
 * Runs a CommonJS script in a new Node process. It finds native-plan.cjs's exports in `native`, may use `await`, and reports with
 * `report(value)`. A script that hangs is killed: signal SIGKILL.
 */
export function runScript(
  script: string,
  { flags = [], through = [], withoutAddon = false, env = {} }: ScriptOptions = {},
): Promise<ScriptResult> {
  const program = `
    ${withoutAddon ? '' : 'const native = require(process.env.NATIVE_PLAN);'}
    const report = (value) => require('node:fs').writeSync(1, JSON.stringify(value) + '\\n');
    (async () => { ${script} })().catch((error) => { console.error(error); process.exit(70); });`;
  const command = [...through, process.execPath, ...flags, '-e', program];
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env, NATIVE_PLAN: nativePlan },
      timeout: 100_000,
      killSignal: 'SIGKILL',
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({ code, signal, output: lines.map((line) => JSON.parse(line) as unknown), stderr });
    });
  });
}
