/** Compares what the browser computed with what the reference did. The only place where parity is decided. */
import { hashTensors } from '../support/safetensors-hashes.ts';
import type { Expected } from './family.ts';

/** Largest differences of one family on one provider, and every sentence about what is not equal. */
export class Verdict {
  readonly largest = new Map<string, number>();
  readonly failures: string[] = [];
  readonly remarks: string[] = [];

  /** Notes |got − want| under `kind`; a failure beyond the tolerance, or when either is no number. */
  near(
    kind: string,
    what: string,
    got: number | undefined,
    want: number | undefined,
    tolerance: number,
  ): void {
    const difference = Math.abs((got ?? NaN) - (want ?? NaN));
    this.largest.set(
      kind,
      Math.max(this.largest.get(kind) ?? 0, Number.isNaN(difference) ? Infinity : difference),
    );
    if (!(difference <= tolerance)) this.failures.push(`${what}: ${got}, not ${want} (± ${tolerance})`);
  }

  equal(kind: string, what: string, got: string, want: string): void {
    this.largest.set(kind, Math.max(this.largest.get(kind) ?? 0, got === want ? 0 : Infinity));
    if (got !== want) this.failures.push(`${what}: ${got}, not ${want}`);
  }

  nearAll(
    kind: string,
    what: string,
    got: readonly number[],
    want: readonly number[],
    tolerance: (value: number) => number,
  ): void {
    if (got.length !== want.length) this.failures.push(`${what}: ${got.length} values, not ${want.length}`);
    want.forEach((value, i) => this.near(kind, `${what}[${i}]`, got[i], value, tolerance(value)));
  }
}

/** Names that the reference ties to another: compared with their source's values, and not in the file. */
const tiedTo: Readonly<Record<string, readonly string[]>> = {
  'lm_head.weight': ['embed_tokens.weight', 'wte.weight', 'shared.weight', 'decoder.embed_tokens.weight'],
  'embed_out.weight': ['embed_in.weight'],
  'encoder.embed_tokens.weight': ['shared.weight'],
  'decoder.embed_tokens.weight': ['shared.weight'],
};

/** What classes with a head put before the names of the model inside; saved alone, that model has them without. */
const prefix = /^(?:bert|roberta|distilbert|mpnet|electra|model|transformer|gpt_neox)\./;

export function bareName(name: string): string {
  return name.replace(prefix, '');
}

/**
 * Every tensor's SHA-256 against the reference's, read from the written file by a reader of its own, under names
 * without prefix: the file has model 1's spelling, the reference its own class's.
 *
 * Two kinds of tensors have nothing to be compared with, and are named in a remark. The reference makes a pooler up at
 * random for a model whose file has none; and it does not load the heads beside a prefixed model.
 *
 * @param inputNames (models,) bare names in each model's files
 */
export function compareTensors(
  path: string,
  { merge }: Pick<Expected, 'merge'>,
  inputNames: readonly ReadonlySet<string>[],
  verdict: Verdict,
): void {
  const hashed = [...hashTensors(path)];
  const written = new Map(hashed.map(([name, tensor]) => [bareName(name), tensor]));
  if (written.size < hashed.length) verdict.failures.push('a tensor is written under two names');
  const madeUp: string[] = [];
  for (const [name, { shape, sha256 }] of Object.entries(merge.tensors)) {
    const bare = bareName(name);
    if (bare.startsWith('pooler.') && !inputNames.every((names) => names.has(bare))) {
      madeUp.push(name);
      continue;
    }
    const tensor = [bare, ...(tiedTo[bare] ?? [])].map((other) => written.get(other)).find(Boolean);
    if (tensor === undefined) {
      verdict.failures.push(`${name}: not written`);
      continue;
    }
    verdict.equal('tensors', `${name} shape`, tensor.shape.join('x'), shape.join('x'));
    verdict.equal('tensors', `${name} dtype`, tensor.dtype, 'F32');
    verdict.equal('tensors', `${name} sha256`, tensor.sha256, sha256);
  }
  if (madeUp.length > 0)
    verdict.remarks.push(`not in every model's file, so not compared: ${madeUp.join(', ')}`);

  const wanted = new Set(Object.keys(merge.tensors).map(bareName));
  const extra = hashed.map(([name]) => name).filter((name) => !wanted.has(bareName(name)));
  const prefixed = hashed.some(([name]) => prefix.test(name));
  const heads = prefixed ? extra.filter((name) => !prefix.test(name)) : [];
  if (heads.length > 0) verdict.remarks.push(`heads, so not compared: ${heads.join(', ')}`);
  for (const name of extra)
    if (!heads.includes(name)) verdict.failures.push(`${name}: written, but not in the reference`);
}

/** Every tensor of a Dense module's file, under its own names: none may be more, none less. */
export function compareModule(
  path: string,
  module: string,
  wanted: Expected['merge']['tensors'],
  verdict: Verdict,
): void {
  const written = hashTensors(path);
  for (const name of new Set([...Object.keys(wanted), ...written.keys()])) {
    const [got, want] = [written.get(name), wanted[name]];
    const what = `${module}/${name}`;
    if (got === undefined || want === undefined) {
      verdict.failures.push(
        got === undefined ? `${what}: not written` : `${what}: written, but not in the reference`,
      );
      continue;
    }
    verdict.equal('modules', `${what} shape`, got.shape.join('x'), want.shape.join('x'));
    verdict.equal('modules', `${what} dtype`, got.dtype, 'F32');
    verdict.equal('modules', `${what} sha256`, got.sha256, want.sha256);
  }
}
