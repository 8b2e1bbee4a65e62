/** The linear maps of short algorithms as kernels apply them: any matrix entry by entry, or F(4, 3) at 0, ±2/3, ±3/2, ∞ by hand. */
import type { Random } from '../../support/random.js';

export const linearMaps = ['dense', 'points_4_3 of inputs', 'points_4_3 of products'] as const;
export type LinearMap = (typeof linearMaps)[number];

/** ShortStructure of native/kernels/table.hpp. */
export function structureOf(map: LinearMap): number {
  return linearMaps.indexOf(map);
}

const middle = -97 / 36;
/** As native/kernels/points_4_3.hpp computes it: [to][from] of the inputs' values, and of the way back from the products. */
const points43 = {
  input: [
    [1, 0, middle, 0, 1, 0],
    [0, -3 / 2, -9 / 4, 2 / 3, 1, 0],
    [0, 3 / 2, -9 / 4, -2 / 3, 1, 0],
    [0, -2 / 3, -4 / 9, 3 / 2, 1, 0],
    [0, 2 / 3, -4 / 9, -3 / 2, 1, 0],
    [0, 1, 0, middle, 0, 1],
  ],
  products: [0, 1, 2, 3].map((power) => [
    power === 0 ? 1 : 0,
    (2 / 3) ** power,
    (-2 / 3) ** power,
    1.5 ** power,
    (-1.5) ** power,
    power === 3 ? 1 : 0,
  ]),
};

/** [to][from]: the map's own matrix, or a random one. */
export function matrixOf(map: LinearMap, from: number, to: number, values: 'floats' | 'integers', random: Random): Float32Array {
  if (map === 'dense') return random[values](to * from);
  return Float32Array.from(points43[map === 'points_4_3 of inputs' ? 'input' : 'products'].flat());
}

/** Roundings that a map adds to those of its sums: by hand its constants are rounded, and not all where its matrix' are. */
export function constantsOf(maps: readonly LinearMap[]): number {
  return 2 * maps.filter((map) => map !== 'dense').length;
}

/** 0 … count − 1 in some order. */
export function shuffled(count: number, random: Random): number[] {
  const places = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return places;
}
