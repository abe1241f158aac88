/** The examples of one kind: their rows and the way back. Each kind has its own, whichever the page shows. */
import type { ExampleSet } from '../pipeline.ts';
import type { ExampleKind } from '../score/columns.ts';
import type { Client } from '../worker/client.ts';
import type { Intake } from './intake.svelte.ts';
import type { KeptExamples } from './kept-examples.ts';
import { edited, emptySet, textIn, toRows, toSet, type Column, type Row } from './rows.ts';
import { Undo } from './undo.svelte.ts';

/** What was done to the examples and can be undone. */
export type ExamplesChange =
  | { readonly kind: 'removed'; readonly number: number; readonly key: string }
  | { readonly kind: 'replaced'; readonly count: number }
  | { readonly kind: 'added'; readonly count: number };

export class Examples {
  readonly kind: ExampleKind;
  readonly undo = new Undo<ExamplesChange>();
  /** The way in, which leads to the examples that the page shows. */
  readonly intake: Intake;
  /** This tab had examples before it was loaded again, or had lost them all. */
  readonly restored: boolean;
  #rows = $state.raw<readonly Row[]>([]);
  #rowCount = 0;
  readonly #client: Client;
  readonly #kept: KeptExamples;

  constructor(client: Client, kind: ExampleKind, kept: KeptExamples, intake: Intake) {
    this.kind = kind;
    this.#client = client;
    this.#kept = kept;
    this.intake = intake;
    const set = kept.load();
    this.restored = set !== undefined;
    this.#rows = set === undefined ? [] : this.#toRows(set);
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }
  get count(): number {
    return this.#rows.length;
  }
  get set(): ExampleSet {
    return toSet(this.kind, this.#rows);
  }
  /** One text of the person's own, to try a model with; '' where there is none. */
  get firstText(): string {
    const [row] = this.#rows;
    if (row === undefined) return '';
    return row.kind === 'contrastive' ? row.example.query : textIn(row, 'input') || textIn(row, 'output');
  }

  /** Puts examples into the table in the place of whatever is there. */
  put(set: ExampleSet): void {
    this.#change(this.#toRows(set));
  }

  /** The same, or beside those that are there; either can be undone. */
  take(set: ExampleSet, how: 'replace' | 'add'): void {
    this.intake.forgetNotes();
    const before = this.#rows;
    const added = this.#toRows(set);
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
    this.#change([...this.#rows, ...this.#toRows(emptySet(this.kind))]);
  }

  removeRow(key: string): void {
    const before = this.#rows;
    const number = before.findIndex((row) => row.key === key) + 1;
    this.#change(before.filter((row) => row.key !== key));
    this.#offer({ kind: 'removed', number, key }, before);
  }

  editRow(key: string, column: Column, text: string): void {
    this.#change(this.#rows.map((row) => (row.key === key ? edited(row, column, text) : row)));
  }

  /** The page may be about to go. */
  keepNow(): void {
    this.#kept.flush();
  }

  #change(rows: readonly Row[]): void {
    this.#rows = rows;
    this.undo.forget();
    this.intake.forgetFailure();
    this.#kept.save(this.set);
  }

  #offer(change: ExamplesChange, before: readonly Row[]): void {
    this.undo.offer(change, () => {
      if (change.kind !== 'removed') this.intake.forgetNotes();
      this.#change(before);
    });
  }

  #toRows(set: ExampleSet): readonly Row[] {
    return toRows(set, () => `${this.kind}-${this.#rowCount++}`);
  }
}
