/** How far a model's run is: bytes of parameters that were read, and runs that are over. */
import { sumBytes } from '../graph/memory.ts';
import type { Item, Running } from './run-model.ts';

export class RunProgress {
  readonly #running: Running;
  readonly #totalBytes: number;
  readonly #totalRuns: number;
  #bytes = 0;
  #runs = 0;

  constructor(running: Running, items: readonly Item[], waveCount: number) {
    const { body, head } = running.parts;
    this.#running = running;
    this.#totalBytes =
      waveCount * [...body, ...head].reduce((sum, { parameters }) => sum + sumBytes(parameters), 0);
    this.#totalRuns = items.length * (body.length + head.length);
  }

  loaded(bytes: number): void {
    this.#bytes += bytes;
    this.#running.onLoad?.(Math.min(this.#bytes, this.#totalBytes), this.#totalBytes);
  }

  ran(): void {
    this.#runs++;
    this.#running.onRun?.(Math.min(this.#runs, this.#totalRuns), this.#totalRuns);
  }
}
