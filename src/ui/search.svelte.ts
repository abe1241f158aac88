/** The picker's state: what was searched for on the Hub, and what was found. Nothing is asked but when the person asks. */
import type { Problem } from '../errors.ts';
import type { Asked, Client, FoundModel } from '../worker/client.ts';

export type Query = Extract<Asked, { kind: 'search' }>;

export type SearchState =
  | { readonly at: 'closed' }
  /** `models` are what stands already, when more are asked for. */
  | { readonly at: 'searching'; readonly asked: Query; readonly models: readonly FoundModel[] }
  | { readonly at: 'failed'; readonly asked: Query; readonly error: Error }
  | {
      readonly at: 'found';
      readonly asked: Query;
      readonly models: readonly FoundModel[];
      readonly more: 'yes' | 'no';
    };

/** As many as a person looks through before she types another word. */
const pageCount = 20;

export class Search {
  #state = $state.raw<SearchState>({ at: 'closed' });
  #askedCount = 0;
  readonly #client: Pick<Client, 'search'>;
  readonly #tokens: { readonly hasToken: boolean };

  constructor(client: Pick<Client, 'search'>, tokens: { readonly hasToken: boolean }) {
    this.#client = client;
    this.#tokens = tokens;
  }

  get state(): SearchState {
    return this.#state;
  }

  async ask(asked: Query): Promise<void> {
    await this.#ask(asked, [], pageCount);
  }

  /** The next ones, under those that stand. */
  async more(): Promise<void> {
    if (this.#state.at !== 'found') return;
    const { asked, models } = this.#state;
    await this.#ask(asked, models, models.length + pageCount);
  }

  async tryAgain(): Promise<void> {
    if (this.#state.at === 'failed') await this.ask(this.#state.asked);
  }

  close(): void {
    this.#askedCount++;
    this.#state = { at: 'closed' };
  }

  /** Why a model cannot be added: the first reason is enough. */
  refusalOf({ id, access, problems }: FoundModel): Problem | undefined {
    const refused = problems.find(({ severity }) => severity === 'refused');
    if (refused || access === 'open' || this.#tokens.hasToken) return refused;
    return { severity: 'refused', code: 'hub-gated', facts: { id } };
  }

  async #ask(asked: Query, models: readonly FoundModel[], count: number): Promise<void> {
    // the answer to an earlier question must not overtake this one's, nor open what was closed
    const current = ++this.#askedCount;
    this.#state = { at: 'searching', asked, models };
    let state: SearchState;
    try {
      state = { at: 'found', asked, ...(await this.#client.search(asked.query, count)) };
    } catch (error) {
      state = { at: 'failed', asked, error: error as Error };
    }
    if (current === this.#askedCount) this.#state = state;
  }
}
