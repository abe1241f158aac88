/** Whether the page works without a network, and whether another version waits. */
import type { OfflineCopy, OfflineState } from '../offline/register.ts';

export class Offline {
  #state = $state<OfflineState>('none');
  readonly #copy: OfflineCopy;

  /** @param replace lets the version that waits take over, and reloads the page */
  constructor(keep: (tell: (state: OfflineState) => void) => OfflineCopy) {
    this.#copy = keep((state) => (this.#state = state));
  }

  get state(): OfflineState {
    return this.#state;
  }

  replace(): void {
    void this.#copy.replace();
  }
}
