/**
 * The proof of an output, made before it is offered: its files as they lie on the disk, against what was planned and
 * hashed while they were written. The last check, the smoke run, needs a session: smoke.ts.
 *
 * Sizes come first and hashes last, so that each check names what it is about: a value that is no number is said to be
 * one, and not only that some byte is another.
 */
import { KnownError, type Problem } from './errors.ts';
import type { JobFolder } from './job/folder.ts';
import type { WrittenFile } from './job/marker.ts';
import { openWritten } from './job/written.ts';
import { checkpointPath, openCheckpoint, type Checkpoint } from './safetensors/checkpoint.ts';
import type { ReadFile } from './read-back.ts';
import { indexPath } from './safetensors/shard-index.ts';
import type { CheckpointPlan } from './safetensors/shards.ts';
import type { TensorToWrite } from './safetensors/writer.ts';
import type { Watching } from './score/score.ts';
import { hashBlob } from './tensor/sha256.ts';

/** One thing that was checked, and what it was about. A check that fails is thrown, and there is no output. */
export type Check =
  | {
      readonly kind: 'read-back';
      readonly state: 'passed';
      readonly fileCount: number;
      readonly bytes: number;
    }
  | { readonly kind: 'header'; readonly state: 'passed'; readonly tensorCount: number }
  | { readonly kind: 'finite'; readonly state: 'passed'; readonly valueCount: number }
  | { readonly kind: 'sha256'; readonly state: 'passed'; readonly fileCount: number }
  | SmokeCheck;

export type SmokeCheck =
  | {
      readonly kind: 'smoke';
      readonly state: 'passed';
      /** What was embedded: the first example's query, or a sentence of ours. Never the text itself, which is private. */
      readonly text: 'example' | 'sentence';
      /** Largest absolute difference of the two vectors of length 1. */
      readonly difference: number;
      /** The most that it may be. */
      readonly limit: number;
    }
  | { readonly kind: 'smoke'; readonly state: 'not-run'; readonly why: Problem };

/** Plain values, kept beside the output. */
export interface Proof {
  /** In the order in which they were made. */
  readonly checks: readonly Check[];
  /** The values of Hub models were read straight from it: the Hub's hashes of their files were compared with nothing. */
  readonly inputs?: 'straight';
}

export type OnCheck = (check: Check) => void;

/** What is proved: the checkpoint's files as they were read back, and the small ones beside them. */
export interface Proving {
  readonly small: readonly WrittenFile[];
  readonly read: readonly ReadFile[];
  /** Of `checkWritten`. */
  readonly header: Check;
}

/**
 * Checks the checkpoint's files as they lie: their sizes, and their headers against the plan. Throws `output-missing`,
 * `output-damaged`, `output-tensor-wrong`.
 */
export async function checkWritten(
  folder: JobFolder,
  { shards, index }: CheckpointPlan,
  planned: readonly TensorToWrite[],
): Promise<Check> {
  const files = shards.map(({ path, plan }) => ({ path, bytes: plan.bytes, sha256: '' }));
  await checkSizes(folder, files);
  // the index was written as any small file is
  const all = index === undefined ? files : [...files, { path: indexPath, bytes: 0, sha256: '' }];
  const folders = shards.flatMap(({ folder }) => (folder === '' ? [] : [folder]));
  return checkHeader(await openAgain(folder, all, folders), planned);
}

/**
 * Says what files alone tell; `onCheck` hears of each check as it passes. The checkpoint's values and hashes are of its read-back,
 * small files are read here. Throws `output-missing`, `output-damaged` and AbortError.
 */
export async function proveFiles(
  folder: JobFolder,
  { small, read, header }: Proving,
  watching: Watching,
  onCheck: OnCheck,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const pass = (check: Check): void => {
    checks.push(check);
    onCheck(check);
  };
  pass(await checkSizes(folder, [...small, ...read]));
  pass(header);
  const valueCount = read.reduce((sum, file) => sum + file.valueCount, 0);
  pass({ kind: 'finite', state: 'passed', valueCount });
  await checkHashes(folder, small, watching);
  pass({ kind: 'sha256', state: 'passed', fileCount: small.length + read.length });
  return checks;
}

async function checkSizes(folder: JobFolder, files: readonly WrittenFile[]): Promise<Check> {
  for (const { path, bytes } of files) {
    const { size } = await folder.file(path);
    if (size === bytes) continue;
    throw new KnownError('output-damaged', { file: path, why: `${size} ≠ ${bytes} bytes` });
  }
  return { kind: 'read-back', state: 'passed', fileCount: files.length, bytes: totalBytes(files) };
}

function totalBytes(files: readonly WrittenFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** As any other model's checkpoint: what its header says has been checked whole. */
async function openAgain(
  folder: JobFolder,
  files: readonly WrittenFile[],
  folders: readonly string[],
): Promise<Checkpoint> {
  try {
    return await openCheckpoint(openWritten(folder, folder.id, files), folders);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    const file = files.some(({ path }) => path === indexPath) ? indexPath : checkpointPath;
    throw new KnownError('output-damaged', { file, why: error.message }, { cause: error });
  }
}

/** Of all shards together: which tensor lies in which was checked against the index when they were opened. */
function checkHeader({ tensors, files }: Checkpoint, planned: readonly TensorToWrite[]): Check {
  const wanted = new Map(planned.map((tensor) => [tensor.name, tensor]));
  for (const tensor of new Set([...wanted.keys(), ...tensors.keys()])) {
    const [want, got] = [printTensor(wanted.get(tensor)), printTensor(tensors.get(tensor))];
    if (want === got) continue;
    const file = tensors.get(tensor)?.file ?? files.map(({ path }) => path).join(', ');
    throw new KnownError('output-tensor-wrong', { file, tensor, want, got });
  }
  return { kind: 'header', state: 'passed', tensorCount: tensors.size };
}

/** E.g. `F32 (30522, 384)`; a dash for a tensor that is not there. */
function printTensor(tensor: TensorToWrite | undefined): string {
  return tensor === undefined ? '–' : `${tensor.dtype} (${tensor.shape.join(', ')})`;
}

/** Reads every file and compares its hash with that of the bytes that were given to the disk. */
async function checkHashes(
  folder: JobFolder,
  files: readonly WrittenFile[],
  { signal, report }: Watching,
): Promise<void> {
  const total = totalBytes(files);
  let done = 0;
  for (const { path, sha256 } of files) {
    const file = await folder.file(path);
    const got = await hashBlob(file, (pieceBytes) => {
      signal.throwIfAborted();
      done += pieceBytes;
      report({ stage: 'check', subject: path, done, total, unit: 'bytes' });
    });
    if (got === sha256) continue;
    throw new KnownError('output-damaged', { file: path, why: `SHA-256 ${got} ≠ ${sha256}` });
  }
}
