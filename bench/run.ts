/** The benchmark: reads the arguments, measures layer after layer, reports. Its first result is whether everything computed is right. */
import { readFileSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArguments, usage, UsageError, type BenchOptions } from './arguments.js';
import { describeMachine, type Machine } from './machine.js';
import { measureLayer, type MeasureOptions } from './measure.js';
import { DownloadError } from './models/download.js';
import { runIsnet } from './models/isnet.js';
import { loadNatives, type Natives } from './native.js';
import { benchFolder, inRepository, packageRoot } from './paths.js';
import { loadPeers } from './peers/load.js';
import { makeProblem } from './problem.js';
import { Progress } from './progress.js';
import type { BenchResult, Findings, LayerResult } from './report/result.js';
import { makeRemarks, makeTables, renderText } from './report/table.js';
import { writeReport } from './report/write.js';
import { filterShapes, shapes, type Shape } from './shapes.js';

/** A load average that other work causes; a shell and an editor stay below it. */
const busyLoad = 0.5;

/** Returns the exit status: see the usage text. */
export async function main(argv: readonly string[]): Promise<number> {
  let options: BenchOptions | null;
  let chosen: readonly Shape[];
  try {
    options = parseArguments(argv);
    if (options === null) {
      process.stdout.write(usage);
      return 0;
    }
    chosen = chooseShapes(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}`);
    return 2;
  }
  const machine = describeMachine();
  const natives = loadNatives();
  const threads = options.threads ?? [...new Set([1, natives.cpus ?? availableParallelism()])];
  try {
    const findings = options.model ? await runIsnet(options, natives, threads) : await runShapes(options, chosen, natives, threads);
    return await report(complete(findings, natives, machine), options);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

function chooseShapes({ full, filter }: BenchOptions): readonly Shape[] {
  if (!filter) return full ? shapes : shapes.filter((shape) => shape.quick);
  const chosen = filterShapes(shapes, filter);
  if (chosen.length === 0)
    throw new UsageError(`No layer's name matches ${filter}; they are:\n${shapes.map(({ name }) => name).join(' ')}`);
  return chosen;
}

async function runShapes(options: BenchOptions, chosen: readonly Shape[], natives: Natives, threads: readonly number[]): Promise<Findings> {
  const progress = new Progress(chosen.length);
  const { peers, notes } = options.peers
    ? await loadPeers((line) => {
        progress.say(line);
      })
    : { peers: [], notes: ['no peers, as asked'] };
  const measure: MeasureOptions = options.full
    ? { threads, budgetMilliseconds: 600, rounds: 6, longestRunSeconds: 20 }
    : { threads, budgetMilliseconds: 80, rounds: 4, longestRunSeconds: 1 };
  const layers: LayerResult[] = [];
  for (const shape of chosen) {
    progress.next(shape.name);
    natives.peak.sample();
    const layer = await measureLayer(makeProblem(shape), natives.backends, peers, measure, (what) => {
      progress.step(what);
    });
    const { network, goalPercent, best } = shape;
    layers.push({ ...layer, network, goalPercent, best });
  }
  progress.finish();
  return {
    title: 'Dilated layers of published networks',
    threads,
    peerVersions: Object.fromEntries(peers.map(({ name, version }) => [name, version])),
    layers,
    notes,
  };
}

function complete(findings: Findings, natives: Natives, machine: Machine): BenchResult {
  natives.peak.sample();
  const { loadError } = natives;
  const missing = loadError === null ? [] : [`no native binary, so nothing native is checked or timed: ${loadError}`];
  const busy =
    machine.loadBefore > busyLoad
      ? [`the machine was busy with other work (load ${machine.loadBefore}): the times are too long, and uneven`]
      : [];
  return {
    ...findings,
    notes: [...missing, ...busy, ...findings.notes],
    date: new Date().toISOString(),
    version: packageVersion(),
    machine,
    isas: natives.backends.map(({ isa }) => isa),
    peak: natives.peak.get(),
  };
}

async function report(result: BenchResult, options: BenchOptions): Promise<number> {
  process.stdout.write(options.json ? JSON.stringify(result, null, 2) + '\n' : renderText(makeTables(result), makeRemarks(result)));
  const folder = options.output ?? (inRepository ? join(benchFolder, 'results') : undefined);
  if (folder !== undefined) {
    const files = await writeReport(result, folder, options.model ? `-${options.model}` : '');
    process.stderr.write(`Report: ${files.join(' ')}\n`);
  }
  const right = result.layers.every(
    ({ entries, comparison }) => comparison?.ok !== false && entries.every(({ kind, status }) => kind === 'peer' || status === 'timed'),
  );
  return right && result.isas.length > 0 ? 0 : 1;
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
}

const startedAs = process.argv[1];
if (startedAs !== undefined && realpathSync(startedAs) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
