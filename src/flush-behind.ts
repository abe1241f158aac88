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
  #path = '';
  #waiting = 0;
  #running: Promise<void> | undefined;

  /** @param flush absent where no other worker can open a file that is being written */
  constructor(job: string, flush: Flush | undefined) {
    this.#job = job;
    this.#flush = flush;
  }

  /** So many more bytes of `path` were written. */
  wrote(path: string, bytes: number): void {
    this.#waiting = path === this.#path ? this.#waiting + bytes : bytes;
    this.#path = path;
    if (this.#running || this.#waiting < behindBytes) return;
    this.#waiting = 0;
    this.#running = this.#flush?.(this.#job, path)
      // whoever closes the file flushes it once more, and says what is wrong
      .catch(() => undefined)
      .finally(() => (this.#running = undefined));
  }

  /** Resolves when nobody has a file open any more. */
  async end(): Promise<void> {
    await this.#running;
  }
}
