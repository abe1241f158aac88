/** The second station's state: the examples, what a loss means, and the losses of the last scoring. */
import type { Device } from '../graph/runtime.ts';
import type { LossDefinition, Scores } from '../pipeline.ts';
import type { Example } from '../score/examples.ts';
import type { Client } from '../worker/client.ts';
import type { Card, Ingredients } from './ingredients.svelte.ts';
import type { Task } from './task.svelte.ts';

/** An example while it is edited. */
export interface Row {
  readonly key: string;
  readonly query: string;
  readonly positives: readonly string[];
  readonly negatives: readonly string[];
  /** The negatives as they stand in their field, one a line, blank last line and all. */
  readonly negativesText: string;
}

/** Losses and what they are of: another set of models, examples or settings has another `of`. */
export interface Scored {
  readonly scores: Scores;
  readonly of: string;
  /** (models,) whose losses these are, as their cards stood. */
  readonly models: readonly Pick<Card, 'key' | 'slot' | 'name'>[];
  readonly exampleCount: number;
}

/** What went wrong, and the models, examples, settings and device that it went wrong with. */
interface Failed {
  readonly error: Error;
  readonly of: string;
}

type ReferenceSettings = Omit<Extract<LossDefinition, { kind: 'reference' }>, 'kind'>;

export class Taste {
  definition = $state<LossDefinition['kind']>('own');
  device = $state<Device>('automatic');
  #rows = $state.raw<readonly Row[]>([]);
  /**
   * The reference's batch size. Its 2048 tokens are more than any BERT takes, so 512 as its example for embedding models has; its
   * 7 negatives are more than the sample examples have, so their 3.
   */
  #reference = $state.raw<ReferenceSettings>({ batchSize: 2, maxInputTokens: 512, negativeCount: 3 });
  #scored = $state.raw<Scored | undefined>();
  #failure = $state.raw<Failed | undefined>();
  #examplesFailure = $state.raw<Error | undefined>();
  #rowCount = 0;
  readonly #client: Client;
  readonly #task: Task;
  readonly #ingredients: Ingredients;

  constructor(client: Client, task: Task, ingredients: Ingredients) {
    this.#client = client;
    this.#task = task;
    this.#ingredients = ingredients;
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }
  get reference(): ReferenceSettings {
    return this.#reference;
  }
  /** The last losses, of whatever they are. */
  get scored(): Scored | undefined {
    return this.#scored;
  }
  /** Why the last scoring failed, for as long as nothing that it may have failed by has changed. */
  get failure(): Error | undefined {
    return this.#failure?.of === this.#attempt() ? this.#failure.error : undefined;
  }
  /** Why the last pasted or dropped examples could not be read. */
  get examplesFailure(): Error | undefined {
    return this.#examplesFailure;
  }
  /** The losses, if they are of the models, examples and settings as they stand now. */
  get current(): Scored | undefined {
    return this.#scored?.of === this.#subject() ? this.#scored : undefined;
  }
  get stale(): boolean {
    return this.#scored !== undefined && this.current === undefined;
  }
  get scorable(): boolean {
    return (
      this.#ingredients.obstacle === 'none' && !this.#ingredients.unscorable && this.#task.phase.at === 'idle'
    );
  }

  setExamples(examples: readonly Example[]): void {
    this.forgetUnreadable();
    this.#rows = examples.map((example) => this.#row(example));
  }

  /** Takes examples from JSONL or a JSON array in the place of the present ones; says at the table what is wrong with it. */
  readExamples(text: string): void {
    try {
      this.setExamples(this.#client.parseExamples(text));
    } catch (error) {
      this.#examplesFailure = error as Error;
    }
  }

  /** Examples that could not be read matter no more: they were given up, or others were written. */
  forgetUnreadable(): void {
    this.#examplesFailure = undefined;
  }

  addRow(): void {
    this.forgetUnreadable();
    this.#rows = [...this.#rows, this.#row({ query: '', positives: [], negatives: [] })];
  }

  removeRow(key: string): void {
    this.forgetUnreadable();
    this.#rows = this.#rows.filter((row) => row.key !== key);
  }

  editRow(key: string, edit: { query: string } | { positive: string } | { negativesText: string }): void {
    this.forgetUnreadable();
    this.#rows = this.#rows.map((row) => (row.key === key ? edited(row, edit) : row));
  }

  setReference(edit: Partial<ReferenceSettings>): void {
    this.#reference = { ...this.#reference, ...edit };
  }

  async score(): Promise<void> {
    const cards = this.#ingredients.ready;
    if (!cards || !this.scorable) return;
    this.#failure = undefined;
    const of = this.#subject();
    const job = {
      models: cards.map((card) => card.state.model),
      examples: this.#examples(),
      definition: this.#definition(),
      device: this.device,
    };
    try {
      const end = await this.#task.run('score', (watch) => this.#client.score(job, watch));
      if (end.at === 'stopped') return;
      this.#scored = { scores: end.value, of, models: cards, exampleCount: job.examples.length };
    } catch (error) {
      // as it stands now: what was changed meanwhile must not hide why the work ended
      this.#failure = { error: error as Error, of: this.#attempt() };
    }
  }

  #examples(): readonly Example[] {
    return this.#rows.map(({ query, positives, negatives }) => ({ query, positives, negatives }));
  }

  #definition(): LossDefinition {
    if (this.definition === 'reference') return { kind: 'reference', ...this.#reference };
    return { kind: 'own', prompts: (this.#ingredients.ready ?? []).map((card) => card.state.prompts) };
  }

  // the device is left out: it moves losses by less than is shown, and the result says where it ran
  #subject(): string {
    const models = this.#ingredients.cards.map((card) => [card.key, card.state.at]);
    return JSON.stringify([models, this.#examples(), this.#definition()]);
  }

  // a failure may well be the device's
  #attempt(): string {
    return JSON.stringify([this.#subject(), this.device]);
  }

  #row({ query, positives, negatives }: Example): Row {
    const key = `example-${this.#rowCount++}`;
    return { key, query, positives, negatives, negativesText: negatives.join('\n') };
  }
}

function edited(row: Row, edit: { query: string } | { positive: string } | { negativesText: string }): Row {
  if ('query' in edit) return { ...row, query: edit.query };
  if ('positive' in edit) {
    const others = row.positives.slice(1);
    // an emptied positive is an absent one, unless others would move up in its place
    return {
      ...row,
      positives: edit.positive === '' && others.length === 0 ? [] : [edit.positive, ...others],
    };
  }
  const { negativesText } = edit;
  return { ...row, negativesText, negatives: negativesText.split('\n').filter((line) => line.trim() !== '') };
}
