/** The model card while it is edited: its text, what the Hub would not take of it, and saving. */
import type { Output } from '../pour.ts';
import type { Client } from '../worker/client.ts';
import type { Pour } from './pour.svelte.ts';

/** Long enough not to check every letter, short enough to answer while the hands are still there. */
const checkAfterMs = 300;

const cardPath = 'README.md';

export class CardEditor {
  #text = $state('');
  /** As it is in the output. */
  #saved = $state.raw<string | undefined>();
  #generated = $state.raw('');
  #problem = $state.raw<Error | undefined>();
  #failure = $state.raw<Error | undefined>();
  #saving = $state(false);
  #justSaved = $state(false);
  #checking: ReturnType<typeof setTimeout> | undefined;
  #checks = 0;
  readonly #client: Client;
  readonly #pour: Pour;
  readonly #output: () => Output;

  constructor(client: Client, pour: Pour, output: () => Output) {
    this.#client = client;
    this.#pour = pour;
    this.#output = output;
  }

  get text(): string {
    return this.#text;
  }
  get loaded(): boolean {
    return this.#saved !== undefined;
  }
  /** What the Hub would not take; saving waits until it is mended. */
  get problem(): Error | undefined {
    return this.#problem;
  }
  /** Why reading or saving failed. The text stays. */
  get failure(): Error | undefined {
    return this.#failure;
  }
  get changed(): boolean {
    return this.loaded && this.#text !== this.#saved;
  }
  get savable(): boolean {
    return this.changed && !this.#saving && this.#problem === undefined;
  }
  /** It is as it was generated, so that there is nothing to go back from. */
  get generated(): boolean {
    return this.#text === this.#generated;
  }
  /** Of README.md, after it was saved and while it stands so. */
  get savedSha256(): string | undefined {
    if (!this.#justSaved || this.changed) return undefined;
    return this.#output().files.find(({ path }) => path === cardPath)?.sha256;
  }

  /** Reads the card, once. */
  async load(): Promise<void> {
    if (this.loaded) return;
    this.#failure = undefined;
    try {
      const output = this.#output();
      const file = await this.#client.openFile(output, cardPath);
      const generated = await this.#client.generatedCard(output);
      const text = await file.text();
      this.#generated = generated;
      this.#saved = text;
      this.#text = text;
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  edit(text: string): void {
    this.#text = text;
    this.#failure = undefined;
    clearTimeout(this.#checking);
    this.#checking = setTimeout(() => void this.#check(), checkAfterMs);
  }

  /** Back to the generated text; it takes a save to be in the output again. */
  reset(): void {
    this.edit(this.#generated);
  }

  async save(): Promise<void> {
    clearTimeout(this.#checking);
    const text = this.#text;
    // the page may show another output by the time that the card is checked
    const output = this.#output();
    this.#saving = true;
    this.#failure = undefined;
    try {
      await this.#check();
      if (this.#problem !== undefined) return;
      this.#pour.update(await this.#client.saveCard(output, text));
      this.#saved = text;
      this.#justSaved = true;
    } catch (error) {
      this.#failure = error as Error;
    } finally {
      this.#saving = false;
    }
  }

  async #check(): Promise<void> {
    // an answer about an earlier text must not overtake the one about this text
    const count = ++this.#checks;
    let problem: Error | undefined;
    try {
      await this.#client.checkCard(this.#text);
    } catch (error) {
      problem = error as Error;
    }
    if (count === this.#checks) this.#problem = problem;
  }
}
