/** The linear maps of short algorithms as kernels apply them: any matrix entry by entry, or F(4, taps) at pairs of points. */
import type { Random } from '../../support/random.js';

export const linearMaps = ['dense', 'symmetric points of inputs', 'symmetric points of products'] as const;
export type LinearMap = (typeof linearMaps)[number];

/** ShortStructure of native/kernels/table.hpp. */
export function structureOf(map: LinearMap): number {
  return linearMaps.indexOf(map);
}

const pairs = [0.5, 1.25, 2];
/** Inputs and products that kernels/symmetric_points.hpp is made for. */
export const symmetricCounts = [5, 6, 7, 8] as const;

/** Coefficients of Π (x − root), the highest last. */
const polynomial = (roots: readonly number[]) =>
  roots.reduce((product, root) => [...product, 0].map((_, i) => (product[i - 1] ?? 0) - root * (product[i] ?? 0)), [1]);

/** The matrix of F(4, count − 3) at `pairs`, at 0 where the count is even, and at ∞, and what the kernel takes in its place. */
function symmetricPoints(map: Exclude<LinearMap, 'dense'>, count: number) {
  const used = pairs.slice(0, Math.floor((count - 1) / 2));
  const points = [...(count % 2 === 0 ? [0] : []), ...used.flatMap((p) => [p, -p])];
  const padded = (row: readonly number[]) => Array.from({ length: count }, (_, i) => row[i] ?? 0);
  if (map === 'symmetric points of inputs') {
    const squares = (all: readonly number[]) => polynomial(all.map((p) => p * p)).slice(0, -1);
    return {
      matrix: [...points.map((point) => polynomial(points.filter((other) => other !== point))), polynomial(points)].map(padded),
      constants: [...used.flatMap((p) => [...squares(used.filter((q) => q !== p)), p, -p]), ...squares(used)],
    };
  }
  return {
    matrix: [0, 1, 2, 3].map((power) => [...points.map((point) => point ** power), power === 3 ? 1 : 0]),
    constants: used.flatMap((p) => [p, p ** 2, p ** 3]),
  };
}

/** What the kernel takes for the map's matrix. */
export function constantsFor(map: LinearMap, from: number, matrix: Float32Array): Float32Array {
  return map === 'dense' ? matrix : Float32Array.from(symmetricPoints(map, from).constants);
}

/** [to][from]: the map's own matrix, or a random one. */
export function matrixOf(map: LinearMap, from: number, to: number, values: 'floats' | 'integers', random: Random): Float32Array {
  return map === 'dense' ? random[values](to * from) : Float32Array.from(symmetricPoints(map, from).matrix.flat());
}

/** Roundings that a map adds to those of its sums: its constants are rounded, and not all where its matrix' are. */
export function constantsOf(maps: readonly LinearMap[]): number {
  return 4 * maps.filter((map) => map !== 'dense').length;
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
