/** Every candidate on every layer as tables: the model's choice beside the fastest, and each family's time. */
import { judge, tolerated, type CandidateLayer } from '../candidates.js';
import { countThreads, duration, times, type Table } from './table.js';
import { geometricMean } from './result.js';

export function candidateTables(layers: readonly CandidateLayer[]): Table[] {
  return [...new Set(layers.map(({ threads }) => threads))].flatMap((threads) => {
    const those = layers.filter((layer) => layer.threads === threads);
    return [choiceTable(those, threads), familyTable(those, threads)];
  });
}

function choiceTable(layers: readonly CandidateLayer[], threads: number): Table {
  const verdicts = layers.map((layer) => judge(layer));
  return {
    title: `The cost model's choice, ${countThreads(threads)}`,
    columns: ['layer', 'chosen', 'ms', 'fastest', 'its ms', 'slower'],
    rows: layers.map(({ name, entries }, index) => {
      const verdict = verdicts[index];
      if (!verdict) return [name, entries.find(({ chosen }) => chosen)?.name ?? '', 'WRONG', '–', '–', '–'];
      const { chosen, fastest, slowdown } = verdict;
      return [
        name,
        chosen.name,
        duration(chosen.timing!.milliseconds),
        fastest === chosen ? '' : fastest.name,
        duration(fastest.timing!.milliseconds),
        times(slowdown),
      ];
    }),
    summary: [['geometric mean', '', '', '', '', times(geometricMean(verdicts.map((verdict) => verdict?.slowdown ?? null)))]],
  };
}

function familyTable(layers: readonly CandidateLayer[], threads: number): Table {
  const names = [...new Set(layers.flatMap(({ entries }) => entries.map(({ name }) => name)))];
  return {
    title: `Every candidate, milliseconds, ${countThreads(threads)}; #2 and on: short algorithms in the model's order`,
    columns: ['layer', ...names],
    rows: layers.map(({ name: layer, entries }) => [
      layer,
      ...names.map((name) => {
        const entry = entries.find((candidate) => candidate.name === name);
        if (!entry) return '–';
        return entry.timing ? duration(entry.timing.milliseconds) : 'WRONG';
      }),
    ]),
    summary: [],
  };
}

/** How often the choice is more than 5 % slower than the fastest candidate, and where; what is wrong. */
export function candidateRemarks(layers: readonly CandidateLayer[]): string[] {
  const missed = layers.flatMap((layer) => {
    const verdict = judge(layer);
    return verdict && verdict.slowdown > tolerated ? [{ layer, ...verdict }] : [];
  });
  return [
    `The choice is more than 5 % slower than the fastest candidate on ${missed.length} of ${layers.length} layers.`,
    ...missed.map(({ layer, chosen, fastest, slowdown }) => {
      const title = (entry: typeof chosen): string => entry.name + (entry.scheme === null ? '' : ` (${entry.scheme})`);
      const estimates = `${chosen.cycles.toExponential(2)} and ${fastest.cycles.toExponential(2)} cycles`;
      return `${layer.name}, ${countThreads(layer.threads)}: ${title(chosen)} ${times(slowdown)} as long as ${title(fastest)}; estimated ${estimates}`;
    }),
    ...layers.flatMap(({ name, entries }) =>
      entries
        .filter(({ timing }) => timing === null)
        .map((entry) => `WRONG: ${name}, ${entry.name}: ${entry.maxErrorOverBound.toPrecision(3)} times the allowed error`),
    ),
  ];
}
