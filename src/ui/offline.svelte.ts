/** Whether the page works without a network, and whether another version waits. */
export type OfflineState = 'none' | 'ready' | 'newer';

export class Offline {
  #state = $state<OfflineState>('none');
  readonly #replace: () => void;

  /** @param replace lets the version that waits take over, and reloads the page */
  constructor(keep: (tell: (state: OfflineState) => void) => { replace(): void }) {
    const copy = keep((state) => (this.#state = state));
    this.#replace = () => copy.replace();
  }

  get state(): OfflineState {
    return this.#state;
  }

  replace(): void {
    this.#replace();
  }
}
