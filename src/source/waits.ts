/**
 * What the requests of one thread share while the Hub or the network makes them wait: a wait that the Hub asks of one is
 * everybody's, and whoever hears of waits, a job's progress, is told why and how long.
 */
import type { Waiting } from '../progress.ts';
import { pause } from './hub-patience.ts';
import type { Network } from './network.ts';

/** Hears of the wait that has begun, or that it is over. */
export type OnWait = (waiting: Waiting | undefined) => void;

/**
 * How long to believe that there is no network before asking all the same, at first and at most: two seconds are little
 * to wait where the browser is wrong, and a question a minute is little to ask for a night.
 */
const doubtMs = { first: 2000, most: 60_000 };

/** How often to look whether it is back: `online` events do not reach the workers of every browser. */
const lookMs = 250;

export class Waits {
  readonly #listeners = new Set<OnWait>();
  #waiting: Waiting | undefined;
  /** Before it, by `performance.now`, the Hub wants no request. */
  #busyUntilMs = 0;
  #doubtMs = doubtMs.first;

  /** Whether anybody hears of waits. A wait without end, or of minutes, is only for those who are told. */
  get heard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Tells `listener` of every wait from now on, also of one that the Hub has asked for before; returns what ends that. */
  hear(listener: OnWait): () => void {
    this.#listeners.add(listener);
    const busyMs = this.#busyUntilMs - performance.now();
    if (busyMs > 0) listener({ why: 'busy', seconds: Math.ceil(busyMs / 1000) });
    return () => void this.#listeners.delete(listener);
  }

  /** Before each request: waits as long as the Hub has asked anybody here to. Rejects when the signal aborts. */
  async turn(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const leftMs = this.#busyUntilMs - performance.now();
      if (leftMs <= 0) return;
      await pause(leftMs, signal);
    }
  }

  /** Waits `ms`; every other request too, when it is the Hub that wants it. */
  async wait(why: 'busy' | 'failing' | 'broken', ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (why === 'busy') this.#busyUntilMs = Math.max(this.#busyUntilMs, performance.now() + ms);
    this.#tell({ why, seconds: Math.ceil(ms / 1000) });
    await pause(ms, signal);
  }

  /**
   * After a request that failed: where there is no network, and somebody hears of it, waits until it is back, or until
   * it is time to doubt that, and returns `waited`. Any number of such waits is no attempt.
   */
  async untilOnline(network: Network, signal: AbortSignal | undefined): Promise<'waited' | 'online'> {
    if (!network.isOffline() || !this.heard) return 'online';
    this.#tell({ why: 'offline' });
    const ms = this.#doubtMs;
    this.#doubtMs = Math.min(doubtMs.most, 2 * ms);
    const untilMs = performance.now() + ms;
    while (network.isOffline() && performance.now() < untilMs) {
      await pause(Math.min(lookMs, untilMs - performance.now()), signal);
    }
    return 'waited';
  }

  /** Something came: whatever was waited for is over. */
  end(): void {
    this.#doubtMs = doubtMs.first;
    if (this.#waiting !== undefined) this.#tell(undefined);
  }

  #tell(waiting: Waiting | undefined): void {
    this.#waiting = waiting;
    for (const listener of this.#listeners) listener(waiting);
  }
}
