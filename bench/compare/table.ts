/** The comparison as text for a terminal. */
import { geometricMean } from '../report/result.js';
import { countThreads, duration, times, type Table } from '../report/table.js';
import type { ComparedLayer, Side } from './layer.js';

export function comparisonTables(layers: readonly ComparedLayer[]): Table[] {
  return [...new Set(layers.map(({ threads }) => threads))].map((threads) => {
    const those = layers.filter((layer) => layer.threads === threads);
    return {
      title: `Base and head, ${countThreads(threads)}`,
      columns: ['layer', 'algorithm', 'base ms', 'head ms', 'speed', '95 % of resamples', 'noise', 'bits', 'head is'],
      rows: those.map(({ name, base, head, movement, sameBits }) => [
        name,
        [...new Set([base, head].map(({ algorithm }) => algorithm ?? '–'))].join(' → '),
        cell(base),
        cell(head),
        times(movement?.speed ?? null),
        movement ? movement.interval.map((end) => end.toFixed(3)).join('…') : '–',
        movement ? `±${(100 * movement.noise).toFixed(1)} %` : '–',
        sameBits === null ? '–' : sameBits ? 'same' : 'other',
        movement ? movement.verdict : '–',
      ]),
      summary: [['geometric mean', '', '', '', times(geometricMean(those.map(({ movement }) => movement?.speed ?? null))), '', '', '', '']],
    };
  });
}

export function comparisonRemarks(layers: readonly ComparedLayer[]): string[] {
  const list = (verdict: 'faster' | 'slower'): string => {
    const moved = layers.filter(({ movement }) => movement?.verdict === verdict);
    const names = moved.map(
      ({ name, threads, movement }) => `${name} ${times(movement!.speed)}${threads > 1 ? ` (${countThreads(threads)})` : ''}`,
    );
    return `The head is ${verdict} on ${moved.length} of ${layers.length}${names.length > 0 ? `: ${names.join(', ')}` : ''}`;
  };
  return [
    list('faster'),
    list('slower'),
    ...layers.flatMap(({ name, base, head }) =>
      Object.entries({ base, head }).flatMap(([side, { failure }]) => (failure === null ? [] : [`FAILED: ${name}, ${side}: ${failure}`])),
    ),
  ];
}

function cell({ milliseconds, failure }: Side): string {
  return failure === null ? duration(milliseconds) : 'FAILED';
}
