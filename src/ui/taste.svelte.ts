/** The second station's state: the examples, what a loss means, and the losses of the last scoring. */
import type { Device } from '../graph/runtime.ts';
import type { LossDefinition, Scores } from '../pipeline.ts';
import type { Example } from '../score/examples.ts';
import type { Client, Demo } from '../worker/client.ts';
import type { Card } from './card.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import { Intake } from './intake.svelte.ts';
import { keepInTab, type KeptExamples } from './kept-examples.ts';
import type { Task } from './task.svelte.ts';
import { Undo } from './undo.svelte.ts';

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

/** What was done to the examples and can be undone. */
export type ExamplesChange =
  | { readonly kind: 'removed'; readonly number: number; readonly key: string }
  | { readonly kind: 'replaced'; readonly count: number }
  | { readonly kind: 'added'; readonly count: number };

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
  /** Sets of examples to choose from. */
  samples = $state.raw<Demo['samples']>([]);
  readonly undo = new Undo<ExamplesChange>();
  readonly intake: Intake;
  /** This tab had examples before it was loaded again, or had lost them all. */
  readonly restored: boolean;
  #rowCount = 0;
  readonly #client: Client;
  readonly #task: Task;
  readonly #ingredients: Ingredients;
  readonly #kept: KeptExamples;

  constructor(client: Client, task: Task, ingredients: Ingredients, kept = keepInTab()) {
    this.#client = client;
    this.#task = task;
    this.#ingredients = ingredients;
    this.#kept = kept;
    const examples = kept.load();
    this.restored = examples !== undefined;
    this.#rows = (examples ?? []).map((example) => this.#row(example));
    this.intake = new Intake(client, this);
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }
  get exampleCount(): number {
    return this.#rows.length;
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

  /** Puts examples into the table in the place of whatever is there. */
  setExamples(examples: readonly Example[]): void {
    this.#change(examples.map((example) => this.#row(example)));
  }

  /** The same, or beside those that are there; either can be undone. */
  take(examples: readonly Example[], how: 'replace' | 'add'): void {
    this.intake.forgetNotes();
    const before = this.#rows;
    const added = examples.map((example) => this.#row(example));
    this.#change(how === 'add' ? [...before, ...added] : added);
    const replaced = how === 'replace' && before.length > 0;
    this.#offer(
      replaced ? { kind: 'replaced', count: before.length } : { kind: 'added', count: added.length },
      before,
    );
  }

  /** Puts a sample set in the place of the examples. */
  async takeSample(id: string): Promise<void> {
    this.intake.forgetFailure();
    try {
      this.take(await this.#client.sample(id), 'replace');
    } catch (error) {
      this.intake.fail(error as Error);
    }
  }

  addRow(): void {
    this.#change([...this.#rows, this.#row({ query: '', positives: [], negatives: [] })]);
  }

  removeRow(key: string): void {
    const before = this.#rows;
    const number = before.findIndex((row) => row.key === key) + 1;
    this.#change(before.filter((row) => row.key !== key));
    this.#offer({ kind: 'removed', number, key }, before);
  }

  editRow(key: string, edit: { query: string } | { positive: string } | { negativesText: string }): void {
    this.#change(this.#rows.map((row) => (row.key === key ? edited(row, edit) : row)));
  }

  /** The page may be about to go. */
  keepNow(): void {
    this.#kept.flush();
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
      set: { kind: 'contrastive', examples: this.#examples() } as const,
      definition: this.#definition(),
      device: this.device,
    };
    try {
      const end = await this.#task.run('score', (watch) => this.#client.score(job, watch));
      if (end.at === 'stopped') return;
      this.#scored = { scores: end.value, of, models: cards, exampleCount: job.set.examples.length };
    } catch (error) {
      // as it stands now: what was changed meanwhile must not hide why the work ended
      this.#failure = { error: error as Error, of: this.#attempt() };
    }
  }

  #change(rows: readonly Row[]): void {
    this.#rows = rows;
    this.undo.forget();
    this.intake.forgetFailure();
    this.#kept.save(this.#examples());
  }

  #offer(change: ExamplesChange, before: readonly Row[]): void {
    this.undo.offer(change, () => {
      if (change.kind !== 'removed') this.intake.forgetNotes();
      this.#change(before);
    });
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
