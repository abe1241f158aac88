/** What the production code makes of a case: a table of tensors, as its hash, or the code of a refusal. */
import { createHash } from 'node:crypto';
import { KnownError } from '../../src/errors.ts';
import { openCheckpoint, type Checkpoint, type Tensor } from '../../src/safetensors/checkpoint.ts';
import type { Source } from '../../src/source/source.ts';

export type Outcome =
  /** `rows` are sorted: name as UTF-8 in hexadecimal, dtype, shape, SHA-256 of the row-major bytes. */
  | { readonly at: 'read'; readonly table: string; readonly rows: readonly string[] }
  | { readonly at: 'refused'; readonly code: string }
  /** Anything but a KnownError: a bug. */
  | { readonly at: 'failed'; readonly why: string };

/** Larger tensors are compared by name, dtype and shape alone: strides can make one of terabytes out of a few bytes. */
const hashedElements = 1 << 22;

const chunkElements = 1 << 18;

export async function readOutcome(source: Source): Promise<Outcome> {
  try {
    const checkpoint = await openCheckpoint(source);
    const rows: string[] = [];
    for (const tensor of checkpoint.tensors.values()) rows.push(await printRow(checkpoint, tensor));
    rows.sort();
    return { at: 'read', table: hash(rows.join('\n')), rows };
  } catch (error) {
    if (error instanceof KnownError) return { at: 'refused', code: error.code };
    return { at: 'failed', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

async function printRow(checkpoint: Checkpoint, tensor: Tensor): Promise<string> {
  const { name, dtype, shape, elementCount } = tensor;
  let digest = '-';
  if (elementCount <= hashedElements) {
    const sha = createHash('sha256');
    for (let start = 0; start < elementCount; start += chunkElements) {
      const end = Math.min(start + chunkElements, elementCount);
      sha.update(await checkpoint.readElements(tensor, start, end));
    }
    digest = sha.digest('hex');
  }
  return `${Buffer.from(name).toString('hex')} ${dtype} ${shape.join(',')} ${digest}`;
}
