/** The benchmark: reads the arguments, measures layer after layer, reports. Its first result is whether everything computed is right. */
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { features } from '../lib/index.js';
import { chooseShapes, parseArguments, usage, UsageError, type BenchOptions } from './arguments.js';
import { loadProbe, measureCandidates, type CandidateLayer } from './candidates.js';
import { describeMachine, type Machine } from './machine.js';
import { full, measureLayer, quick } from './measure.js';
import { DownloadError } from './models/download.js';
import { runIsnet } from './models/isnet.js';
import { runWholeIsnet } from './models/whole-isnet.js';
import { loadNativeSide, type NativeSide } from './native.js';
import { benchFolder, inRepository, probePath } from './paths.js';
import { loadPeers } from './peers/load.js';
import { makeProblem } from './problem.js';
import { Progress } from './progress.js';
import { candidateRemarks, candidateTables } from './report/candidates.js';
import { isRight, type BenchResult, type Findings, type LayerResult } from './report/result.js';
import { makeRemarks, makeTables, renderText } from './report/table.js';
import { writeReport } from './report/write.js';

/** A load average per CPU that only other work causes; a shell and an editor stay below it. */
const busyLoad = 0.5;

/** Returns the exit status: see the usage text. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = parseArguments(argv);
    if (options) return await run(options);
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage}`);
      return 2;
    }
    if (error instanceof DownloadError) {
      process.stderr.write(`${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

async function run(options: BenchOptions): Promise<number> {
  const machine = describeMachine();
  const native = ofIsas(loadNativeSide(), options.isas);
  if (options.candidates) return runCandidates(options, native, machine);
  const threads = options.threads ?? [...new Set([1, native.cpus ?? availableParallelism()])];
  if (options.whole) return runWholeIsnet(options, threads);
  const findings = options.model ? await runIsnet(options, native, threads) : await runShapes(options, native, threads);
  return report(complete(findings, native, machine), options);
}

/** @throws UsageError for an instruction set that is not there */
function ofIsas(side: NativeSide, isas: readonly string[] | undefined): NativeSide {
  if (!isas) return side;
  const known = side.natives.map(({ isa }) => isa);
  const unknown = isas.find((isa) => !known.includes(isa));
  if (unknown !== undefined) throw new UsageError(`Expected --isa to be of ${known.join(', ')}, received '${unknown}'`);
  return { ...side, natives: side.natives.filter(({ isa }) => isas.includes(isa)) };
}

async function runShapes(options: BenchOptions, native: NativeSide, threads: readonly number[]): Promise<Findings> {
  const chosen = chooseShapes(options);
  const progress = new Progress(chosen.length);
  const { peers, notes } = options.peers
    ? await loadPeers((line) => {
        progress.say(line);
      })
    : { peers: [], notes: ['no peers, as asked'] };
  const measure = { threads, tolerance: options.tolerance, ...(options.full ? full : quick) };
  const layers: LayerResult[] = [];
  for (const shape of chosen) {
    progress.next(shape.name);
    native.peak.sample();
    const layer = await measureLayer(makeProblem(shape), native.natives, peers, measure, (what) => {
      progress.step(what);
    });
    const { network, goalPercent, published } = shape;
    layers.push({ ...layer, network, goalPercent, published });
  }
  progress.finish();
  return {
    title: 'Dilated layers of published networks',
    threads,
    tolerance: options.tolerance,
    peerVersions: Object.fromEntries(peers.map(({ name, version }) => [name, version])),
    layers,
    notes,
  };
}

/** Every candidate on every layer, with the best instruction set of those asked for; one thread where no other is asked for. */
async function runCandidates(options: BenchOptions, { natives }: NativeSide, machine: Machine): Promise<number> {
  const probe = loadProbe();
  const isa = natives[0]?.isa;
  if (!probe || isa === undefined) {
    process.stderr.write(`--candidates needs ${probePath}, which npm run build:native makes in the repository\n`);
    return 1;
  }
  const chosen = chooseShapes(options);
  const progress = new Progress(chosen.length);
  const layers: CandidateLayer[] = [];
  for (const shape of chosen) {
    progress.next(shape.name);
    for (const threads of options.threads ?? [1]) {
      const execution = { threads, tolerance: options.tolerance };
      layers.push(await measureCandidates(probe, isa, makeProblem(shape), execution, options.full ? full : quick));
    }
  }
  progress.finish();
  process.stdout.write(
    options.json
      ? JSON.stringify({ date: new Date().toISOString(), version: features().version, machine, isa, layers }, null, 2) + '\n'
      : renderText(candidateTables(layers), [`${machine.cpu}, ${isa}`, ...candidateRemarks(layers)]),
  );
  return layers.every(({ entries }) => entries.every(({ timing }) => timing !== null)) ? 0 : 1;
}

function complete(findings: Findings, native: NativeSide, machine: Machine): BenchResult {
  native.peak.sample();
  const { loadError } = native;
  const missing = loadError === null ? [] : [`no native binary, so nothing native is checked or timed: ${loadError}`];
  const busy =
    machine.loadBefore > busyLoad
      ? [`the machine was busy with other work (load ${machine.loadBefore}): the times are too long, and uneven`]
      : [];
  return {
    ...findings,
    notes: [...missing, ...busy, ...findings.notes],
    date: new Date().toISOString(),
    version: features().version,
    machine,
    isas: native.natives.map(({ isa }) => isa),
    peak: native.peak.get(),
  };
}

async function report(result: BenchResult, options: BenchOptions): Promise<number> {
  process.stdout.write(options.json ? JSON.stringify(result, null, 2) + '\n' : renderText(makeTables(result), makeRemarks(result)));
  const folder = options.output ?? (inRepository ? join(benchFolder, 'results') : undefined);
  if (folder !== undefined) {
    const files = await writeReport(result, folder, options.model ? `-${options.model}` : '');
    process.stderr.write(`Report: ${files.join(' ')}\n`);
  }
  return isRight(result) ? 0 : 1;
}

const startedAs = process.argv[1];
if (startedAs !== undefined && realpathSync(startedAs) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
