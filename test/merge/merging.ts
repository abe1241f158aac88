/** A plan run as the app runs it, without its file: the bytes of its values, in the file's order. */
import { chunkElementsFor, planChunks } from '../../src/merge/chunks.ts';
import type { PlannedTensor } from '../../src/merge/plan.ts';
import { mixChunks } from '../../src/merge/run.ts';
import type { Checkpoint } from '../../src/safetensors/checkpoint.ts';
import { planShards } from '../../src/safetensors/shards.ts';
import { openKernels } from '../../src/tensor/kernels.ts';

export async function* mergeTensors(
  tensors: readonly PlannedTensor[],
  checkpoints: readonly Checkpoint[],
  signal: AbortSignal,
  chunkElements = chunkElementsFor(checkpoints.length),
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const chunks = planChunks(planShards(tensors).shards, tensors, chunkElements);
  const inputs = { checkpoints, stored: [] };
  for await (const { chunk, bytes } of mixChunks(chunks, inputs, await openKernels(), signal)) {
    if (chunk.header === undefined) yield bytes.slice();
  }
}
