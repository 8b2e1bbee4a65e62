/**
 * Receptive fields of a graph, along each axis: those of stacks, carried along every edge and joined where paths meet. A field is the hull
 * of what all paths see; whether they see it around the same centre, at the same stride, is the alignment check.
 *
 * A. Araujo, W. Norris, J. Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019.
 */
import { inLayer } from '../errors.js';
import { type Fields, firstSeen, inputFields, largestField } from '../receptive-field/fields.js';
import { centreOf, fieldsBehindRelation, fieldsOfAll, isConstant, joinedFields } from '../receptive-field/relation-fields.js';
import type { BuiltNode } from './builder.js';
import { type Dims, ofInputs, requireSize } from './layer.js';

/** What an output of a network sees along one axis of an input. */
export interface AxisReceptiveField {
  /** Input elements that the field of one output spans over all paths, the largest over all outputs. */
  readonly size: number;
  /** Effective stride: input elements from one output to the next; 0 where all outputs see the same, as behind a global pool. */
  readonly stride: number;
  /** Effective padding: output 0's field begins at input element −padding. */
  readonly padding: number;
  /** Centre of output 0's field, −padding + (size − 1)/2, element i lying at coordinate i. */
  readonly center: number;
  /** Whether all paths see the input at the same stride and around the same centre. */
  readonly aligned: boolean;
  /** Where they don't. */
  readonly misalignments: readonly Misalignment[];
}

/** A layer that joins paths that don't fit. */
export interface Misalignment {
  readonly layer: string;
  /** `'stride'`: features of its inputs drift apart; `'center'`: they are shifted by a constant part of an element. */
  readonly kind: 'stride' | 'center';
  /** Effective strides, or centres of output 0's field, in input elements: of one path and of another. */
  readonly paths: readonly [number, number];
}

/** What a node sees along one axis of the input. */
interface Seen {
  readonly fields: Fields;
  /** Which of the node's axes runs along it; undefined where none does (behind a flatten). */
  readonly axis: number | undefined;
  /** Least and greatest centre of output 0's field over all paths; undefined where every output sees the same. */
  readonly centers: readonly [number, number] | undefined;
  readonly misalignments: readonly Misalignment[];
}

/** Fields of the nodes of a graph, and of those that have none the error that says which size it takes to tell. */
export interface GraphFields {
  readonly seen: ReadonlyMap<BuiltNode, readonly Seen[]>;
  readonly failures: ReadonlyMap<BuiltNode, unknown>;
}

/** What each node sees of `input`, per spatial axis; nodes that do not depend on it are absent. `dims` are sizes as far as they are known. */
export function graphFields(nodes: readonly BuiltNode[], input: BuiltNode, dims: (node: BuiltNode) => Dims): GraphFields {
  const spatialAxes = Math.max(0, input.dims.length - 2);
  const ofInput = Array.from({ length: spatialAxes }, (_, axis): Seen => {
    return { fields: inputFields, axis: axis + 2, centers: [0, 0], misalignments: [] };
  });
  const seen = new Map<BuiltNode, readonly Seen[]>([[input, ofInput]]);
  const failures = new Map<BuiltNode, unknown>();
  for (const node of nodes) {
    if (node === input) continue;
    const failed = node.inputs.find((source) => failures.has(source));
    if (failed !== undefined) {
      failures.set(node, failures.get(failed));
      continue;
    }
    try {
      const joined = inLayer(node.name, node.kind, () => seenBy(node, seen, dims));
      if (joined !== undefined) seen.set(node, joined);
    } catch (error) {
      failures.set(node, error);
    }
  }
  return { seen, failures };
}

function seenBy(node: BuiltNode, seen: GraphFields['seen'], dims: (node: BuiltNode) => Dims): readonly Seen[] | undefined {
  const perInput = node.inputs.flatMap((source, index) => seenThrough(node, index, seen.get(source), dims));
  return perInput.reduce<readonly Seen[] | undefined>(
    (all, next) => (all === undefined ? next : all.map((one, axis) => join(node, one, next[axis]!, dims))),
    undefined,
  );
}

/** What a node sees through its input `index`: one element, or none where that input sees nothing or is not read. */
function seenThrough(
  node: BuiltNode,
  index: number,
  source: readonly Seen[] | undefined,
  dims: (node: BuiltNode) => Dims,
): (readonly Seen[])[] {
  if (source === undefined) return [];
  const inputDims = dims(node.inputs[index]!);
  const outputDims = dims(node);
  const relation = node.layer.relation(index, ofInputs(node.inputs, dims), outputDims);
  switch (relation.kind) {
    case 'permutation':
      return [source.map((one) => (one.axis === undefined ? one : { ...one, axis: relation.permutation.indexOf(one.axis) }))];
    case 'order': {
      const unchanged = inputDims.length === outputDims.length && inputDims.every((size, axis) => size === outputDims[axis]);
      return [unchanged ? source : source.map((one) => ({ ...allOf(one, inputDims), axis: undefined }))];
    }
    case 'axes': {
      if (relation.axes.some((axis) => axis.kind === 'blocks' && axis.inputs === 0)) return [];
      const missing = outputDims.length - inputDims.length;
      return [
        source.map((one) => {
          if (one.axis === undefined) return one;
          const along = relation.axes[one.axis]!;
          const size = () => requireSize(inputDims[one.axis!], 'the receptive field of what is read as a whole');
          const fields = fieldsBehindRelation(node.name, along, one.fields, size);
          return {
            ...one,
            fields,
            axis: one.axis + missing,
            centers: along.kind === 'window' || along.kind === 'resample' ? moved(one, centreOf(along)) : undefined,
          };
        }),
      ];
    }
  }
}

function allOf(one: Seen, dims: Dims): Seen {
  if (one.axis === undefined) return one;
  const size = requireSize(dims[one.axis], 'the receptive field of what is read as a whole');
  return { ...one, fields: fieldsOfAll(one.fields, size), centers: undefined };
}

function strideOf({ shift, period }: Fields): number {
  return shift / period;
}

function moved({ fields, centers }: Seen, { offset }: { readonly offset: number }): readonly [number, number] | undefined {
  if (centers === undefined) return undefined;
  const distance = offset * strideOf(fields);
  return [centers[0] + distance, centers[1] + distance];
}

function join(node: BuiltNode, a: Seen, b: Seen, dims: (node: BuiltNode) => Dims): Seen {
  const axis = a.axis ?? b.axis;
  const size = () => (axis === undefined ? 1 : requireSize(dims(node)[axis], 'the receptive field of what is read as a whole'));
  const fields = joinedFields(node.name, a.fields, b.fields, size);
  const misalignments = Array.from(new Set([...a.misalignments, ...b.misalignments]));
  if (a.centers === undefined || b.centers === undefined || isConstant(a.fields) || isConstant(b.fields)) {
    return { fields, axis, centers: undefined, misalignments };
  }
  const strides = [strideOf(a.fields), strideOf(b.fields)] as const;
  const centers = [Math.min(a.centers[0], b.centers[0]), Math.max(a.centers[1], b.centers[1])] as const;
  // Centres that differ on both sides alike met before, at a layer that has told.
  const apart = ([0, 1] as const).find((end) => !isSame(a.centers![end], b.centers![end]));
  if (!isSame(...strides)) misalignments.push({ layer: node.name, kind: 'stride', paths: strides });
  else if (apart !== undefined) misalignments.push({ layer: node.name, kind: 'center', paths: [a.centers[apart], b.centers[apart]] });
  return { fields, axis, centers, misalignments };
}

/** Centres behind resampled axes are fractions such as 1/3, which doubles round. */
function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

export function describeSeen({ fields, misalignments }: Seen): AxisReceptiveField {
  const size = largestField(fields);
  // 0 − x, not −x, which would be −0 for a field that begins at 0.
  const padding = 0 - firstSeen(fields);
  const center = (size - 1) / 2 - padding;
  return { size, stride: strideOf(fields), padding, center, aligned: misalignments.length === 0, misalignments };
}
