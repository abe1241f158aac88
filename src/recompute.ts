/**
 * A mixture computed once more, in memory, straight from the ingredients: what the smoke run holds against the written
 * files. On purpose it shares nothing with `model/match`, `merge/plan` and `merge/run` but the names of tensors: two
 * tensors that were swapped, a weight that went astray or a wrong plan would otherwise be wrong on both sides.
 */
import { nameTensors } from './model/names.ts';
import type { OutputDtype } from './merge/plan.ts';
import type { Readable, Tensor } from './safetensors/checkpoint.ts';
import { toFloat32 } from './tensor/convert.ts';
import type { Dtype } from './tensor/dtype.ts';
import { narrow } from './tensor/narrow.ts';

interface Ingredient {
  readonly checkpoint: Readable;
  /** By canonical name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** Elements of one model read at once: 4 MiB of float32, beside the sum. */
const pieceElements = 1024 * 1024;

/**
 * The mixture as a checkpoint under canonical names; `read` computes. Float tensors only mean something.
 *
 * @param weights (models,) rounded to float32 before they are used
 * @param modelType the base's, by which names are told apart
 * @param stored the written checkpoint: tells the dtype of a tensor that model 1 does not have
 */
export function recomputeMixture(
  checkpoints: readonly Readable[],
  weights: readonly number[],
  modelType: string,
  dtype: OutputDtype,
  stored: Readable,
): Readable {
  const ingredients = checkpoints.map((checkpoint) => ({
    checkpoint,
    tensors: nameTensors(checkpoint.tensors, modelType).tensors,
  }));
  const storedTensors = nameTensors(stored.tensors, modelType).tensors;
  const tensors = new Map<string, Tensor>();
  // the first that has a tensor tells its shape
  for (const ingredient of ingredients) {
    for (const [name, tensor] of ingredient.tensors)
      if (!tensors.has(name)) tensors.set(name, { ...tensor, name });
  }
  return {
    tensors,
    async read({ name }, start, end) {
      const sum = await sumOf(name, ingredients, weights, start, end);
      const first = ingredients[0]?.tensors.get(name) ?? storedTensors.get(name);
      return castAs(sum, dtype === 'as-model-1' ? first?.dtype : dtype);
    },
  };
}

/** Elements [start, end) of the tensor, float32 after every product and every sum, in model order. */
async function sumOf(
  name: string,
  ingredients: readonly Ingredient[],
  weights: readonly number[],
  start: number,
  end: number,
): Promise<Float32Array<ArrayBuffer>> {
  const having = ingredients.flatMap(({ checkpoint, tensors }, m) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? [] : [{ checkpoint, tensor, weight: Math.fround(weights[m]!) }];
  });
  // what is not in every model is lent by the first that has it, and taken whole
  const shares =
    having.length === ingredients.length ? having : having.slice(0, 1).map((one) => ({ ...one, weight: 1 }));
  const sum = new Float32Array(end - start);
  for (const [turn, { checkpoint, tensor, weight }] of shares.entries()) {
    for (let at = start; at < end; at += pieceElements) {
      const values = await checkpoint.read(tensor, at, Math.min(at + pieceElements, end));
      for (let i = 0, place = at - start; i < values.length; i++, place++) {
        const product = Math.fround(weight * values[i]!);
        sum[place] = turn === 0 ? product : Math.fround(sum[place]! + product);
      }
    }
  }
  return sum;
}

/** The values as a file of this dtype would give them back. */
function castAs(values: Float32Array<ArrayBuffer>, dtype: Dtype | undefined): Float32Array<ArrayBuffer> {
  if (dtype !== 'F16' && dtype !== 'BF16') return values;
  const bits = new Uint16Array(values.length);
  narrow(values, dtype, bits);
  toFloat32(new Uint8Array(bits.buffer), dtype, values);
  return values;
}
