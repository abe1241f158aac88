/**
 * What this page tells the other tabs that it uses, as Web Locks, which die with the page: the outputs that it offers,
 * and the models that it scores or mixes. All are shared; whoever deletes asks for them alone.
 */
import { offerLock } from '../kept.ts';
import { modelLock } from '../source/opfs.ts';
import type { ModelRef } from '../source/source.ts';

/** Does `work` while nobody may delete what is stored of these models. */
export async function whileUsed<T>(models: readonly ModelRef[], work: () => Promise<T>): Promise<T> {
  const locks = models.flatMap((model) => (model.kind === 'hub' ? [modelLock(model.id, model.commit)] : []));
  const held = await Promise.all(locks.map(hold));
  try {
    return await work();
  } finally {
    for (const release of held) void release();
  }
}

/** The outputs that this page offers, or has opened. */
export class Offers {
  readonly #held = new Map<string, Promise<() => Promise<void>>>();

  get jobs(): readonly string[] {
    return [...this.#held.keys()];
  }

  offer(job: string): void {
    if (!this.#held.has(job)) this.#held.set(job, hold(offerLock(job)));
  }

  /** Deletes an output that this page may offer itself; goes on offering it when that fails. */
  async without(job: string, remove: () => Promise<void>): Promise<void> {
    const release = this.#held.get(job);
    this.#held.delete(job);
    await (
      await release
    )?.();
    try {
      await remove();
    } catch (error) {
      if (release) this.offer(job);
      throw error;
    }
  }
}

/** Holds a shared Web Lock until the returned function is called, which resolves when the lock is free, or the page goes. */
async function hold(name: string): Promise<() => Promise<void>> {
  let release: () => void = () => undefined;
  const kept = new Promise<void>((resolve) => (release = resolve));
  let freed: Promise<unknown> = Promise.resolve();
  // a browser that refuses locks refuses storage, too, and says so there
  await new Promise<void>((resolve) => {
    freed = navigator.locks
      .request(name, { mode: 'shared' }, () => {
        resolve();
        return kept;
      })
      .catch(() => resolve());
  });
  return async () => {
    release();
    await freed;
  };
}
