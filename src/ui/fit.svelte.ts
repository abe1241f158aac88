/** How the models on the bar fit together: asked anew when they change, and the last question's answer counts. */
import type { Comparison } from '../pipeline.ts';
import type { ModelRef } from '../source/source.ts';
import type { Client } from '../worker/client.ts';

export type Fit =
  | { readonly at: 'unknown' }
  | { readonly at: 'comparing' }
  | { readonly at: 'known'; readonly comparison: Comparison }
  | { readonly at: 'failed'; readonly error: Error };

export class Fitting {
  #fit = $state.raw<Fit>({ at: 'unknown' });
  #count = 0;
  readonly #client: Pick<Client, 'compare'>;

  constructor(client: Pick<Client, 'compare'>) {
    this.#client = client;
  }

  get fit(): Fit {
    return this.#fit;
  }

  /** No answer that is still to come counts. */
  settle(fit: Fit): void {
    this.#count++;
    this.#fit = fit;
  }

  /** @param models `undefined` while some of them are not read yet */
  async compare(models: readonly ModelRef[] | undefined): Promise<void> {
    if (!models || models.length < 2) return this.settle({ at: 'unknown' });
    this.settle({ at: 'comparing' });
    // the answer about an earlier set of models must not overtake the one about this set
    const count = this.#count;
    let fit: Fit;
    try {
      fit = { at: 'known', comparison: await this.#client.compare(models) };
    } catch (error) {
      fit = { at: 'failed', error: error as Error };
    }
    if (count === this.#count) this.#fit = fit;
  }
}

/** Nothing is wrong or to be noted about mixing them; licences and twins are not about that. */
export function fitsWell({ output, problems }: Comparison): boolean {
  return output !== undefined && problems.every(({ code }) => /^(licen|model-twice$)/.test(code));
}
