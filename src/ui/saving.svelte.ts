/** The ways out of this browser for a finished output (a zip, one file, a picked folder), and what came of the last one. */
import type { Client, OutputRef } from '../worker/client.ts';
import { isKnown } from '../errors.ts';
import { canPickFolder, pickFolder } from './pick-folder.ts';
import { save } from './save.ts';
import type { Task } from './task.svelte.ts';

/** Of which output it is, so that nothing is said of another. */
type End =
  | { readonly at: 'none' }
  | { readonly at: 'saved'; readonly job: string; readonly path: string }
  | { readonly at: 'failed'; readonly job: string; readonly errors: readonly Error[] };

export class Saving {
  #end = $state.raw<End>({ at: 'none' });
  readonly #client: Client;
  readonly #task: Task;

  constructor(client: Client, task: Task) {
    this.#client = client;
    this.#task = task;
  }

  /** This browser can write into a folder. */
  get folders(): boolean {
    return canPickFolder();
  }

  /** Where the output was saved, if a folder was the last way. */
  savedIn(job: string): string | undefined {
    return this.#end.at === 'saved' && this.#end.job === job ? this.#end.path : undefined;
  }
  /** Why the last way failed, and what it left. */
  failures(job: string): readonly Error[] {
    return this.#end.at === 'failed' && this.#end.job === job ? this.#end.errors : [];
  }

  async zip(output: OutputRef): Promise<void> {
    await this.#try(output, async () => {
      const end = await this.#task.run('pack', (watch) => this.#client.openZip(output, watch));
      if (end.at === 'done') save(end.value, `${output.name}.zip`);
    });
  }

  async file(output: OutputRef, path: string): Promise<void> {
    this.#end = { at: 'none' };
    try {
      save(await this.#client.openFile(output, path), path.split('/').at(-1) ?? path);
    } catch (error) {
      this.#fail(output, error as Error);
    }
  }

  /** Asks for a folder and writes the files into a new one in it. */
  async folder(output: OutputRef): Promise<void> {
    await this.#try(output, async () => {
      const parent = await pickFolder();
      if (!parent) return;
      const end = await this.#task.run('save', (watch) => this.#client.saveInto(output, parent, watch));
      if (end.at === 'done') {
        this.#end = { at: 'saved', job: output.job, path: `${parent.name}/${end.value}` };
      }
    });
  }

  async #try(output: OutputRef, work: () => Promise<void>): Promise<void> {
    if (this.#task.phase.at !== 'idle') return;
    this.#end = { at: 'none' };
    try {
      await work();
    } catch (error) {
      this.#fail(output, error as Error);
    }
  }

  #fail({ job }: OutputRef, error: Error): void {
    // what happened first, then what it left; a stop was asked for and is no failure
    const cause = isKnown(error, 'folder-leftover') && error.cause instanceof Error ? [error.cause] : [];
    const errors = [...cause.filter(({ name }) => name !== 'AbortError'), error];
    this.#end = { at: 'failed', job, errors };
  }
}
