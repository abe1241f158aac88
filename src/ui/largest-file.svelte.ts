/** How large one file of the mixture may become: one of a few sizes, a size of the person's own, or no limit. */
import type { OutputDtype } from '../pipeline.ts';
import { defaultShardBytes, splitTensors } from '../safetensors/split.ts';
import type { Ingredients } from './ingredients.svelte.ts';

/** In bytes: the reference's, what a drive formatted for everything takes, and what is passed on more easily. */
export const offeredBytes: readonly number[] = [defaultShardBytes, 2e9, 1e9, 5e8, 1e8];

/** Bytes as a text, `one` file whatever its size, or a size of one's `own`. */
export type SizeChoice = string;

export const sizeUnits = { MB: 1e6, GB: 1e9 } as const;
export type SizeUnit = keyof typeof sizeUnits;

/** What the checkpoint will be. */
export type Files =
  /** Nobody knows yet what is to be written. */
  | { readonly at: 'unknown' }
  | { readonly at: 'known'; readonly count: number; readonly larger: 'some' | 'none' }
  | { readonly at: 'failed'; readonly error: Error };

/** A size of one's own and what its field shows, which may be no size at all: splitting refuses it. */
interface Own {
  readonly text: string;
  readonly unit: SizeUnit;
}

export class LargestFile {
  #choice = $state<SizeChoice>(String(defaultShardBytes));
  #own = $state.raw<Own>({ text: '4', unit: 'GB' });
  readonly #ingredients: Pick<Ingredients, 'fit'>;
  readonly #dtype: () => OutputDtype;

  constructor(ingredients: Pick<Ingredients, 'fit'>, dtype: () => OutputDtype) {
    this.#ingredients = ingredients;
    this.#dtype = dtype;
  }

  get choice(): SizeChoice {
    return this.#choice;
  }
  set choice(choice: SizeChoice) {
    this.#choice = choice;
  }
  get ownText(): string {
    return this.#own.text;
  }
  set ownText(text: string) {
    this.#own = { ...this.#own, text };
  }
  get ownUnit(): SizeUnit {
    return this.#own.unit;
  }
  set ownUnit(unit: SizeUnit) {
    this.#own = { ...this.#own, unit };
  }

  /** As it was set; `undefined` for one file, NaN for a field that holds no size. */
  get bytes(): number | undefined {
    if (this.#choice === 'one') return undefined;
    if (this.#choice !== 'own') return Number(this.#choice);
    const { text, unit } = this.#own;
    // 2.3 GB is a whole number of bytes, and 2.3 · 10⁹ in doubles may not be
    return text.trim() === '' ? Number.NaN : Math.round(Number(text) * sizeUnits[unit]);
  }

  /** As it was set once. */
  restore(bytes: number | undefined): void {
    if (bytes === undefined) this.#choice = 'one';
    else if (offeredBytes.includes(bytes)) this.#choice = String(bytes);
    else {
      this.#choice = 'own';
      const unit = bytes >= sizeUnits.GB ? 'GB' : 'MB';
      this.#own = { text: Number.isNaN(bytes) ? '' : String(bytes / sizeUnits[unit]), unit };
    }
  }

  get files(): Files {
    const { fit } = this.#ingredients;
    const output = fit.at === 'known' ? fit.comparison.output : undefined;
    const { bytes } = this;
    const tensorBytes = output?.tensorBytes[this.#dtype()] ?? [];
    try {
      const count = splitTensors(tensorBytes, bytes).length;
      if (output === undefined) return { at: 'unknown' };
      const larger = bytes !== undefined && tensorBytes.some((one) => one > bytes) ? 'some' : 'none';
      return { at: 'known', count, larger };
    } catch (error) {
      return { at: 'failed', error: error as Error };
    }
  }

  /** What the bytes depend on: absent where all fits into one file. */
  get shardBytes(): number | undefined {
    const { files } = this;
    return files.at === 'known' && files.count === 1 ? undefined : this.bytes;
  }
}
