/**
 * Has what is written brought to the disk while more is written: a merge would otherwise fill the system's memory at its speed and
 * then wait for the disk at the end. Another thread waits, one wait at a time.
 */

/** Brings a file of a job to the disk, in another worker. */
export type Flush = (job: string, path: string) => Promise<void>;

/** A wait for each 32 MiB or more: short enough that a stop does not have to wait long for one. */
const behindBytes = 32 * 1024 * 1024;

export class FlushBehind {
  readonly #flush: Flush | undefined;
  readonly #job: string;
  readonly #paths = new Set<string>();
  #path = '';
  #waiting = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** @param flush absent where no other worker can open a file that is being written */
  constructor(job: string, flush: Flush | undefined) {
    this.#job = job;
    this.#flush = flush;
  }

  /** The files that `end` brings to the disk. */
  get paths(): ReadonlySet<string> {
    return this.#paths;
  }

  /** So many more bytes of `path` were written. */
  wrote(path: string, bytes: number): void {
    if (this.#flush === undefined) return;
    this.#paths.add(path);
    this.#waiting = path === this.#path ? this.#waiting + bytes : bytes;
    this.#path = path;
    if (this.#running || this.#waiting < behindBytes) return;
    this.#waiting = 0;
    this.#running = this.#flush(this.#job, path)
      // `end` flushes it once more, and says what is wrong
      .catch(() => undefined)
      .finally(() => (this.#running = undefined));
  }

  /** Resolves when all of these files lie on the disk. Throws what flushing one throws: `storage-full`, `output-missing`. */
  async end(): Promise<void> {
    await this.#running;
    for (const path of this.#paths) {
      if (this.#stopped) return;
      const last = this.#flush?.(this.#job, path);
      this.#running = last?.catch(() => undefined);
      await last;
    }
  }

  /** Resolves when nobody has a file open any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}
