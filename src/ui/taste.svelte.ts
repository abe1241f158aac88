/** The second station's state: what the models are run as, the examples, what a loss means, and the losses of the last scoring. */
import type { Device } from '../graph/runtime.ts';
import type { LossDefinition, Scores, Task as ModelTask } from '../pipeline.ts';
import type { ExampleKind } from '../score/columns.ts';
import type { Client, Demo } from '../worker/client.ts';
import { isReady, isRefusal, problemsAs, type Card, type ReadyCard } from './card.ts';
import { Examples } from './examples.svelte.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import { Intake } from './intake.svelte.ts';
import { keepInTab, type KeptExamples } from './kept-examples.ts';
import { exampleKindOf } from './kinds.ts';
import type { Task } from './task.svelte.ts';

/** Losses and what they are of: another set of models, examples or settings has another `of`. */
export interface Scored {
  readonly scores: Scores;
  readonly of: string;
  /** What the models were run as. */
  readonly runAs: ModelTask;
  /** (models,) whose losses these are, as their cards stood. */
  readonly models: readonly Pick<Card, 'key' | 'slot' | 'name'>[];
  readonly exampleCount: number;
}

/** What went wrong, and the models, examples, settings and device that it went wrong with. */
interface Failed {
  readonly error: Error;
  readonly of: string;
}

export type ReferenceSettings = Omit<Extract<LossDefinition, { kind: 'reference' }>, 'kind'>;

export class Taste {
  device = $state<Device>('automatic');
  #definition = $state<LossDefinition['kind']>('own');
  /** What a person says that the models are; counts where model 1 can be that. */
  #asked = $state.raw<ModelTask | undefined>();
  /**
   * The reference's batch size. Its 2048 tokens are more than any BERT takes, so 512 as its example for embedding models has; its
   * 7 negatives are more than the sample examples have, so their 3.
   */
  #reference = $state.raw<ReferenceSettings>({ batchSize: 2, maxInputTokens: 512, negativeCount: 3 });
  #scored = $state.raw<Scored | undefined>();
  #failure = $state.raw<Failed | undefined>();
  /** Sets of examples to choose from, of every kind. */
  samples = $state.raw<Demo['samples']>([]);
  /** Each kind's, kept while the other one shows. */
  readonly tables: Readonly<Record<ExampleKind, Examples>>;
  readonly #client: Client;
  readonly #task: Task;
  readonly #ingredients: Ingredients;

  constructor(
    client: Client,
    task: Task,
    ingredients: Ingredients,
    kept: (kind: ExampleKind) => KeptExamples = keepInTab,
  ) {
    this.#client = client;
    this.#task = task;
    this.#ingredients = ingredients;
    const intake = new Intake(client, () => this.examples);
    this.tables = {
      contrastive: new Examples(client, 'contrastive', kept('contrastive'), intake),
      completion: new Examples(client, 'completion', kept('completion'), intake),
    };
  }

  /** The model that decides what all are run as: the first, or while it is read, the first that is. */
  get #decider(): ReadyCard | undefined {
    return this.#ingredients.cards.find(isReady);
  }
  /** What all models are run as. Where that is not known, as embedding models: nothing of the page is lost by it. */
  get runAs(): ModelTask {
    return this.runAsAsked ?? this.stated ?? 'encoder';
  }
  set runAs(task: ModelTask) {
    this.#asked = task;
  }
  /** What a person has corrected it to. */
  get runAsAsked(): ModelTask | undefined {
    const facts = this.#decider?.state.facts;
    const isCorrection = this.#asked !== undefined && this.#asked !== facts?.task;
    return isCorrection && facts?.tasks.includes(this.#asked!) ? this.#asked : undefined;
  }
  /** What a person has chosen, whether or not it counts for these models: it may for others. */
  get chosen(): { readonly runAs: ModelTask | undefined; readonly definition: LossDefinition['kind'] } {
    return { runAs: this.#asked, definition: this.#definition };
  }
  /** As it stood once; `undefined`: as model 1's files say. */
  restoreRunAs(task: ModelTask | undefined): void {
    this.#asked = task;
  }
  /** What model 1 can be run as. */
  get runnableAs(): readonly ModelTask[] {
    return this.#decider?.state.facts.tasks ?? [];
  }
  /** What model 1 is as its files say. */
  get stated(): ModelTask | undefined {
    return this.#decider?.state.facts.task;
  }
  /** Models that cannot be run as that, though they can be run. */
  get unable(): readonly ReadyCard[] {
    return this.#ingredients.cards
      .filter(isReady)
      .filter(({ state: { facts } }) => facts.tasks.length > 0 && !facts.tasks.includes(this.runAs));
  }
  /** A model among them can be mixed by hand only, as what they are run as. */
  get unscorable(): boolean {
    const ready = this.#ingredients.cards.filter(isReady);
    const refused = ready.some(({ state: { facts } }) => problemsAs(facts, this.runAs).some(isRefusal));
    return refused || this.unable.length > 0;
  }
  /** Models that can, and that are of another kind than the first, as their files say. */
  get otherKinds(): readonly ReadyCard[] {
    const own = this.stated;
    return this.#ingredients.cards
      .filter(isReady)
      .filter(({ state: { facts } }) => facts.task !== own && facts.tasks.includes(this.runAs));
  }

  /** The examples of the kind that these models take. */
  get examples(): Examples {
    return this.tables[exampleKindOf[this.runAs]];
  }
  /** Sample sets of that kind. */
  get fittingSamples(): Demo['samples'] {
    return this.samples.filter(({ kind }) => kind === this.examples.kind);
  }
  /** The reference cannot score rerankers: what was chosen waits for other models. */
  get definition(): LossDefinition['kind'] {
    return this.runAs === 'reranker' ? 'own' : this.#definition;
  }
  set definition(definition: LossDefinition['kind']) {
    this.#definition = definition;
  }
  get reference(): ReferenceSettings {
    return this.#reference;
  }
  /** Those of them that these models' losses depend on: an output has no negatives. */
  get referenceUsed(): ReferenceSettings {
    return this.examples.kind === 'completion' ? { ...this.#reference, negativeCount: 0 } : this.#reference;
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
    return this.#ingredients.obstacle === 'none' && !this.unscorable && this.#task.phase.at === 'idle';
  }

  /** The page may be about to go. */
  keepNow(): void {
    this.tables.contrastive.keepNow();
    this.tables.completion.keepNow();
  }

  setReference(edit: Partial<ReferenceSettings>): void {
    this.#reference = { ...this.#reference, ...edit };
  }

  async score(): Promise<void> {
    const cards = this.#ingredients.ready;
    if (!cards || !this.scorable) return;
    this.#failure = undefined;
    const of = this.#subject();
    const { runAs, runAsAsked } = this;
    const job = {
      models: cards.map((card) => card.state.model),
      set: this.examples.set,
      ...(runAsAsked === undefined ? {} : { task: runAsAsked }),
      definition: this.#lossDefinition(),
      device: this.device,
    };
    try {
      const end = await this.#task.run('score', (watch) => this.#client.score(job, watch));
      if (end.at === 'stopped') return;
      const exampleCount = job.set.examples.length;
      this.#scored = { scores: end.value, of, runAs, models: cards, exampleCount };
    } catch (error) {
      // as it stands now: what was changed meanwhile must not hide why the work ended
      this.#failure = { error: error as Error, of: this.#attempt() };
    }
  }

  #lossDefinition(): LossDefinition {
    if (this.definition === 'reference') return { kind: 'reference', ...this.referenceUsed };
    return { kind: 'own', prompts: (this.#ingredients.ready ?? []).map((card) => card.state.prompts) };
  }

  // the device is left out: it moves losses by less than is shown, and the result says where it ran
  #subject(): string {
    const models = this.#ingredients.cards.map((card) => [card.key, card.state.at]);
    return JSON.stringify([models, this.runAs, this.examples.set, this.#lossDefinition()]);
  }

  // a failure may well be the device's
  #attempt(): string {
    return JSON.stringify([this.#subject(), this.device]);
  }
}
