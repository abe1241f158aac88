/** The ends of encoders and rerankers: one vector of a sequence, sentence-transformers' Dense layers, a classifier's score. */
import type { Dense } from '../model/dense.ts';
import { activation } from './activation.ts';
import { lastHidden, type Classifier } from './family.ts';
import type { PoolingNode, Stage } from './graph.ts';
import { linear } from './layers.ts';
import { integer } from './onnx.ts';
import type { PartWriter } from './part.ts';

/** The result `embedding`: (batch, dim), not normalised. Dense modules' tensors are `FOLDER/linear.weight` and `FOLDER/linear.bias`. */
export function embeddingStage(dim: number, pooling: PoolingNode, dense: readonly Dense[]): Stage {
  return (part) => {
    const pooled = pool(part, part.take(lastHidden, dim), dim, pooling);
    const outDim = dense.at(-1)?.outDim ?? dim;
    let x = part.node('Reshape', [pooled, part.shape(-1, dim)]);
    for (const { folder, inDim, outDim, bias, act } of dense) {
      const value = linear(part, x, `${folder}/linear`, { inDim, outDim, bias });
      x = act === 'identity' ? value : activation(part, act, value);
    }
    part.result('embedding', 'Identity', [x], ['batch', outDim]);
  };
}

/** The result `score`: (batch, labels). */
export function scoreStage(dim: number, { write }: Classifier, labelCount: number): Stage {
  return (part) => {
    const pooled = pool(part, part.take(lastHidden, dim), dim, 'matrix');
    const flat = part.node('Reshape', [pooled, part.shape(-1, dim)]);
    part.result('score', 'Identity', [write(part, flat, labelCount, dim)], ['batch', labelCount]);
  };
}

/** (tokens, dim) to (batch, 1, dim). */
function pool(part: PartWriter, x: string, dim: number, pooling: PoolingNode): string {
  const hidden = part.node('Reshape', [x, part.feed({ kind: 'hidden', side: 'source', dim })]);
  const rows = part.feed({ kind: 'pool', pooling });
  if (pooling === 'matrix') return part.node('MatMul', [rows, hidden]);
  const kept = part.node('Add', [hidden, rows]);
  return part.node('ReduceMax', [kept, part.shape(1)], { keepdims: integer(1) });
}
