/**
 * Fusion at build: a batch norm behind a convolution (or linear layer) becomes part of its weights, a relu behind a convolution or a sum part of
 * its loop, where nothing else reads what lies between. Nodes keep the name of the layer that takes the others in.
 */
import type { BuiltGraph, BuiltNode } from './builder.js';
import { BatchNormLayer } from './layers/batch-norm.js';
import { type FusibleLayer, isFusible } from './layers/conv.js';

export interface FusedGraph extends BuiltGraph {
  /** The node that stands for each layer that was declared. */
  readonly byName: ReadonlyMap<string, BuiltNode>;
}

export function fuse({ nodes, outputs }: BuiltGraph): FusedGraph {
  const readers = new Map<BuiltNode, number>();
  const read = (node: BuiltNode) => readers.set(node, (readers.get(node) ?? 0) + 1);
  nodes.forEach(({ inputs }) => {
    inputs.forEach(read);
  });
  for (const node of outputs.values()) read(node);

  const fused: BuiltNode[] = [];
  /** Where the node that stands for a declared one is in `fused`. */
  const places = new Map<BuiltNode, number>();
  const now = (node: BuiltNode) => fused[places.get(node)!]!;
  for (const node of nodes) {
    const [source] = node.inputs;
    const taken = source !== undefined && readers.get(source) === 1 ? takenInto(now(source), node) : undefined;
    if (taken !== undefined) {
      const place = places.get(source!)!;
      fused[place] = { ...fused[place]!, layer: taken };
      places.set(node, place);
    } else {
      places.set(node, fused.length);
      fused.push({ ...node, inputs: node.inputs.map(now) });
    }
  }
  return {
    nodes: fused,
    outputs: new Map(Array.from(outputs, ([name, node]) => [name, now(node)])),
    byName: new Map(nodes.map((node) => [node.name, now(node)])),
  };
}

function takenInto({ layer }: BuiltNode, next: BuiltNode): FusibleLayer | undefined {
  if (!isFusible(layer) || layer.activation !== 'none') return undefined;
  if (next.kind === 'relu') return layer.withRelu(next.name);
  return next.layer instanceof BatchNormLayer ? layer.withAffine?.(next.layer.affine, next.name) : undefined;
}
