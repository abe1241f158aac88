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
  'lm_head.weight': ['model.embed_tokens.weight', 'transformer.wte.weight', 'shared.weight'],
  'encoder.embed_tokens.weight': ['shared.weight'],
  'decoder.embed_tokens.weight': ['shared.weight'],
};

/** Every tensor's SHA-256 against the reference's, read from the written file by a reader of its own. */
export function compareTensors(
  path: string,
  { merge }: Expected,
  inputNames: ReadonlySet<string>,
  verdict: Verdict,
): void {
  const written = hashTensors(path);
  const madeUp: string[] = [];
  for (const [name, { shape, sha256 }] of Object.entries(merge.tensors)) {
    const source = written.has(name) ? name : (tiedTo[name] ?? []).find((other) => written.has(other));
    const tensor = source === undefined ? undefined : written.get(source);
    if (tensor === undefined) {
      // a pooler that no model's file has was made up at random by the reference: there is nothing to compare
      if (name.startsWith('pooler.') && !inputNames.has(name)) madeUp.push(name);
      else verdict.failures.push(`${name}: not written`);
      continue;
    }
    verdict.equal('tensors', `${name} shape`, tensor.shape.join('x'), shape.join('x'));
    verdict.equal('tensors', `${name} dtype`, tensor.dtype, 'F32');
    verdict.equal('tensors', `${name} sha256`, tensor.sha256, sha256);
  }
  if (madeUp.length > 0) verdict.remarks.push(`in no model's file, so not compared: ${madeUp.join(', ')}`);
  for (const name of written.keys()) {
    if (!(name in merge.tensors)) verdict.failures.push(`${name}: written, but not in the reference`);
  }
}
