/** What this browser keeps of this page, how much of it another tab uses, and whether what comes next may fit. */
import type { ModelRef } from '../source/source.ts';
import type {
  Client,
  Kept,
  KeptItem,
  KeptOutput,
  Room,
  StoredModel,
  UnfinishedJob,
} from '../worker/client.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import type { Pour } from './pour.svelte.ts';
import type { Recipe } from './recipe.svelte.ts';
import { Saving } from './saving.svelte.ts';
import type { Task } from './task.svelte.ts';

export type KeptList =
  | { readonly at: 'unread' }
  | { readonly at: 'known'; readonly kept: Kept }
  | { readonly at: 'failed'; readonly error: Error };

/** What the last deletion gave back; `name` is absent when it was all. */
export interface Freed {
  readonly bytes: number;
  readonly name: string | undefined;
}

export interface Totals {
  readonly models: number;
  readonly mixtures: number;
  readonly unfinished: number;
  readonly bytes: number;
}

interface Entry {
  readonly kind: 'models' | 'mixtures' | 'unfinished';
  readonly item: KeptItem;
  readonly bytes: number;
  readonly use: 'free' | 'in-use';
}

export function itemOfModel({ id, commit }: StoredModel): KeptItem {
  return { kind: 'model', id, commit };
}

export function itemOfJob({ job, name }: KeptOutput | UnfinishedJob): KeptItem {
  return { kind: 'job', job, name };
}

export class KeptHere {
  /** The list is unfolded. */
  open = $state(false);
  /** How often the list was asked for from elsewhere on the page. */
  #shown = $state(0);
  readonly saving: Saving;
  #list = $state.raw<KeptList>({ at: 'unread' });
  #room = $state.raw<Room | undefined>();
  #freed = $state.raw<Freed | undefined>();
  #failure = $state.raw<Error | undefined>();
  #refreshCount = 0;
  readonly #client: Client;
  readonly #task: Task;
  readonly #ingredients: Ingredients;
  readonly #recipe: Pick<Recipe, 'dtype'>;
  readonly #pour: Pour;

  constructor(
    client: Client,
    task: Task,
    ingredients: Ingredients,
    recipe: Pick<Recipe, 'dtype'>,
    pour: Pour,
  ) {
    this.saving = new Saving(client, task);
    this.#client = client;
    this.#task = task;
    this.#ingredients = ingredients;
    this.#recipe = recipe;
    this.#pour = pour;
  }

  get shown(): number {
    return this.#shown;
  }
  get list(): KeptList {
    return this.#list;
  }
  /** What the browser said about room when the list was read. */
  get room(): Room | undefined {
    return this.#room;
  }
  get freed(): Freed | undefined {
    return this.#freed;
  }
  /** Why the last deletion failed. */
  get failure(): Error | undefined {
    return this.#failure;
  }
  /** A zip or folder is being written: what it is made of must stay. */
  get locked(): boolean {
    return this.#task.isRunning('pack') || this.#task.isRunning('save');
  }

  get all(): Totals {
    return totalsOf(this.#entries);
  }
  /** What deleting all would take: what nobody uses. */
  get deletable(): Totals {
    return totalsOf(this.#free);
  }

  /** What is still to be downloaded and written takes more than the browser says is free. */
  get shortage(): { readonly needBytes: number; readonly freeBytes: number } | undefined {
    const { fit, ready = [] } = this.#ingredients;
    const toFetch = ready.reduce((sum, { state }) => sum + state.facts.bytesToFetch, 0);
    const toWrite = fit.at === 'known' ? (fit.comparison.output?.bytes[this.#recipe.dtype] ?? 0) : 0;
    const needBytes = toFetch + toWrite;
    const freeBytes = this.#room?.freeBytes ?? Number.POSITIVE_INFINITY;
    return needBytes > freeBytes ? { needBytes, freeBytes } : undefined;
  }

  /** Unfolds the list and brings it into view. */
  show(): void {
    this.open = true;
    this.#shown++;
  }

  /** Reads the list again. */
  async refresh(): Promise<void> {
    const count = ++this.#refreshCount;
    const room = await this.#client.room();
    const list = await this.#read();
    // an earlier look must not overtake a later one
    if (count !== this.#refreshCount) return;
    this.#room = room;
    this.#list = list;
    if (list.at === 'known') this.#ingredients.recount((model) => storedBytes(list.kept, model));
  }

  async remove(item: KeptItem): Promise<void> {
    const entry = this.#entries.find((entry) => isSame(entry.item, item));
    if (!entry) return;
    await this.#removeAll([entry], nameOf(item));
  }

  /** Deletes what nobody uses. */
  async removeAll(): Promise<void> {
    await this.#removeAll(this.#free, undefined);
  }

  get #entries(): readonly Entry[] {
    if (this.#list.at !== 'known') return [];
    const { models, outputs, unfinished } = this.#list.kept;
    const entryOf = (kind: Entry['kind'], item: KeptItem, { bytes, use }: Omit<Entry, 'kind' | 'item'>) => {
      return { kind, item, bytes, use };
    };
    return [
      ...models.map((model) => entryOf('models', itemOfModel(model), model)),
      ...outputs.map((output) => entryOf('mixtures', itemOfJob(output), output)),
      ...unfinished.map((job) => entryOf('unfinished', itemOfJob(job), job)),
    ];
  }
  /** What nobody uses. */
  get #free(): readonly Entry[] {
    return this.#entries.filter(({ use }) => use === 'free');
  }

  async #removeAll(entries: readonly Entry[], name: string | undefined): Promise<void> {
    if (this.locked) return;
    this.#freed = undefined;
    this.#failure = undefined;
    let bytes = 0;
    for (const entry of entries) {
      try {
        await this.#client.removeKept(entry.item);
        bytes += entry.bytes;
        if (entry.item.kind === 'job') this.#pour.forget(entry.item.job);
      } catch (error) {
        // the others go all the same; the last reason is as good as the first
        this.#failure = error as Error;
      }
    }
    if (bytes > 0) this.#freed = { bytes, name };
    await this.refresh();
  }

  async #read(): Promise<KeptList> {
    try {
      return { at: 'known', kept: await this.#client.listKept() };
    } catch (error) {
      return { at: 'failed', error: error as Error };
    }
  }
}

function totalsOf(entries: readonly Entry[]): Totals {
  const countOf = (kind: Entry['kind']): number => entries.filter((entry) => entry.kind === kind).length;
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  return {
    models: countOf('models'),
    mixtures: countOf('mixtures'),
    unfinished: countOf('unfinished'),
    bytes,
  };
}

function storedBytes({ models }: Kept, model: ModelRef): number {
  if (model.kind !== 'hub') return 0;
  const stored = models.find(({ id, commit }) => id === model.id && commit === model.commit);
  return stored?.checkpointBytes ?? 0;
}

function isSame(a: KeptItem, b: KeptItem): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function nameOf(item: KeptItem): string {
  return item.kind === 'model' ? item.id : item.name;
}
