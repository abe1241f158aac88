/**
 * Whether this computer has a network, as far as the browser knows. Only a hint: `navigator.onLine` may be true without
 * a way to the Hub, and false where a Hub on this computer answers all the same. So it decides nothing before a request
 * has failed.
 *
 * Source: https://html.spec.whatwg.org/multipage/system-state.html#browser-state; workers have it and its events too.
 */
export interface Network {
  isOffline(): boolean;
  /** Calls `listener` each time the network is back; returns what ends that. */
  hearOnline(listener: () => void): () => void;
}

/** What the browser says. Where nobody says anything, as in Node, there is a network. */
export const browserNetwork: Network = {
  isOffline: () => (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine === false,
  hearOnline(listener) {
    globalThis.addEventListener?.('online', listener);
    return () => globalThis.removeEventListener?.('online', listener);
  },
};
