/** Two commits side by side: builds what is missing, compares layer after layer, says which moved. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chooseShapes, UsageError } from '../arguments.js';
import { describeMachine } from '../machine.js';
import { makeProblem } from '../problem.js';
import { Progress } from '../progress.js';
import { renderText } from '../report/table.js';
import { parseCompareArguments, usage, type CompareOptions } from './arguments.js';
import { BuildError, loadBuild } from './build.js';
import { compareLayer, timing, type ComparedLayer } from './layer.js';
import { comparisonRemarks, comparisonTables } from './table.js';

/** Returns the exit status: see the usage text. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = parseCompareArguments(argv);
    if (options) return await run(options);
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage}`);
      return 2;
    }
    if (error instanceof BuildError) {
      process.stderr.write(`${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

async function run(options: CompareOptions): Promise<number> {
  const machine = describeMachine();
  const chosen = chooseShapes(options);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const base = await loadBuild(options.base, say);
  const head = await loadBuild(options.head, say);
  const progress = new Progress(chosen.length);
  const layers: ComparedLayer[] = [];
  for (const shape of chosen) {
    progress.next(shape.name);
    const problem = makeProblem(shape);
    for (const threads of options.threads) {
      layers.push(await compareLayer(problem, { threads, tolerance: options.tolerance }, [base.face, head.face], timing));
    }
  }
  progress.finish();
  const about = { base: base.title, head: head.title, isa: head.isa, tolerance: options.tolerance };
  process.stdout.write(
    options.json
      ? JSON.stringify({ date: new Date().toISOString(), machine, ...about, layers }, null, 2) + '\n'
      : renderText(comparisonTables(layers), [
          `Base: ${base.title} (${base.isa})`,
          `Head: ${head.title} (${head.isa})`,
          `${machine.cpu}, ${machine.cpus} CPUs, Node ${machine.node}, load ${machine.loadBefore}`,
          ...comparisonRemarks(layers),
        ]),
  );
  return layers.every(({ movement }) => movement !== null) ? 0 : 1;
}

const startedAs = process.argv[1];
if (startedAs !== undefined && realpathSync(startedAs) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
