/**
 * The way of examples into the table: from a pasted text or a file, over what its columns mean, to rows. What was read
 * waits here until the person has said yes to it, so that nothing in the table is lost to a wrong file. Which table that is
 * may come out only when the models are read: what waits is then asked about anew.
 */
import { KnownError, type Problem } from '../errors.ts';
import type { ExampleSet } from '../pipeline.ts';
import type { ExampleKind, Mapped, Mapping, Role } from '../score/columns.ts';
import type { Table } from '../score/table.ts';
import type { Client } from '../worker/client.ts';

/** A file, or a pasted text as one, and what its refusals call it. */
export interface ExampleFile {
  readonly name: string;
  readonly file: Blob;
}

export type IntakePhase =
  | { readonly at: 'idle' }
  | { readonly at: 'reading'; readonly name: string }
  | { readonly at: 'mapping'; readonly name: string; readonly table: Table; readonly mapping: Mapping };

/** Whether the person is asked what the columns mean where their names say it. */
type Manner = 'ask' | 'ask-if-needed';

/** What reads tables and makes examples of them. */
type Reader = Pick<Client, 'readTable' | 'guessMapping' | 'isDocumented' | 'mapTable' | 'rolesOf'>;

/** The table that examples go to. */
interface Target {
  readonly kind: ExampleKind;
  readonly count: number;
  take(set: ExampleSet, how: 'replace' | 'add'): void;
}

interface Notes {
  readonly kind: ExampleKind;
  readonly problems: readonly Problem[];
}

/** More lines than these are counted, not listed. */
const notesLimit = 5;

export class Intake {
  how = $state<'replace' | 'add'>('replace');
  // raw: a phase is replaced, never edited, and a table may have megabytes
  #phase = $state.raw<IntakePhase>({ at: 'idle' });
  #failure = $state.raw<Error | undefined>();
  #notes = $state.raw<Notes>({ kind: 'contrastive', problems: [] });
  /** Files that wait until the one before them is decided. */
  #waiting: readonly ExampleFile[] = [];
  readonly #reader: Reader;
  readonly #target: () => Target;

  constructor(reader: Reader, target: () => Target) {
    this.#reader = reader;
    this.#target = target;
  }

  get phase(): IntakePhase {
    const phase = this.#phase;
    const { kind } = this.#target();
    if (phase.at !== 'mapping' || phase.mapping.kind === kind) return phase;
    return { ...phase, mapping: this.#reader.guessMapping(phase.table, kind) };
  }
  /** Why the last text, file or sample set could not be read. */
  get failure(): Error | undefined {
    return this.#failure;
  }
  /** Lines of the last text or file that are not among the examples, with the table that it went to. */
  get notes(): readonly Problem[] {
    return this.#notes.kind === this.#target().kind ? this.#notes.problems : [];
  }
  /** What a column may be. */
  get roles(): readonly Role[] {
    return this.#reader.rolesOf(this.#target().kind);
  }
  /** What would come of the table that waits to be decided. */
  get mapped(): Mapped | undefined {
    const { phase } = this;
    if (phase.at !== 'mapping') return undefined;
    const { table, mapping } = phase;
    const taken = this.how === 'add' ? this.#target().count : 0;
    const mapped = this.#reader.mapTable(table, mapping, taken);
    return { ...mapped, problems: shorten(mapped.problems) };
  }

  /** Takes a pasted text; `ask-if-needed`: at once where its keys leave nothing to ask. */
  async readText(text: string, name: string, manner: Manner = 'ask-if-needed'): Promise<void> {
    this.#failure = undefined;
    await this.#read({ name, file: new Blob([text]) }, manner);
  }

  /** Asks of each file in turn what its columns mean. */
  async readFiles(files: readonly ExampleFile[]): Promise<void> {
    this.#waiting = [...this.#waiting, ...files];
    if (this.#phase.at !== 'idle') return;
    this.#failure = undefined;
    await this.#readNext();
  }

  setRole(column: number, role: Role): void {
    const { phase } = this;
    if (phase.at !== 'mapping') return;
    const roles = phase.mapping.roles.map((each, c) => (c === column ? role : each));
    this.#phase = { ...phase, mapping: { ...phase.mapping, roles } };
  }

  setFirstLine(firstLine: Mapping['firstLine']): void {
    if (this.#phase.at !== 'mapping') return;
    const mapping = this.#reader.guessMapping(this.#phase.table, this.#target().kind, firstLine);
    this.#phase = { ...this.#phase, mapping };
  }

  /** Takes what the mapping makes of the table. */
  async use(): Promise<void> {
    const { mapped } = this;
    if (!mapped || mapped.set.examples.length === 0) return;
    this.#take(mapped);
    // of several files, the next ones come to the first
    if (this.#waiting.length > 0) this.how = 'add';
    await this.#readNext();
  }

  /** Leaves the table as it is, and goes on to the next file. */
  async cancel(): Promise<void> {
    if (this.#phase.at !== 'mapping') return;
    this.#phase = { at: 'idle' };
    await this.#readNext();
  }

  /** What could not be read matters no more: it was given up, or other examples were written. */
  forgetFailure(): void {
    this.#failure = undefined;
  }
  forgetNotes(): void {
    this.#notes = { ...this.#notes, problems: [] };
  }
  fail(error: Error): void {
    this.#failure = error;
  }

  async #readNext(): Promise<void> {
    const [next, ...rest] = this.#waiting;
    this.#waiting = rest;
    if (next) await this.#read(next, 'ask');
  }

  async #read({ name, file }: ExampleFile, manner: Manner): Promise<void> {
    this.#phase = { at: 'reading', name };
    try {
      const table = await this.#reader.readTable(file, name);
      const mapping = this.#reader.guessMapping(table, this.#target().kind);
      this.#phase = { at: 'mapping', name, table, mapping };
      if (manner === 'ask' || !this.#reader.isDocumented(table, this.#target().kind)) return;
      this.#takeWhole();
    } catch (error) {
      this.#phase = { at: 'idle' };
      this.#failure = error as Error;
    }
    await this.#readNext();
  }

  #takeWhole(): void {
    const { mapped } = this;
    if (!mapped) return;
    const [first] = mapped.problems;
    if (mapped.set.examples.length === 0 && first) throw new KnownError(first.code, first.facts);
    this.#take(mapped);
  }

  #take({ set, problems }: Mapped): void {
    // why a file before this one could not be read is not settled by this one
    const failure = this.#failure;
    this.#phase = { at: 'idle' };
    this.#target().take(set, this.how);
    this.#failure = failure;
    this.#notes = { kind: set.kind, problems };
    this.how = 'replace';
  }
}

function shorten(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= notesLimit) return problems;
  const count = problems.length - notesLimit;
  return [...problems.slice(0, notesLimit), { severity: 'note', code: 'examples-more', facts: { count } }];
}
