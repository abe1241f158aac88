/**
 * Whether this computer has a network, as far as the browser knows. Only a hint: `navigator.onLine` may be true without
 * a way to the Hub, and false where a Hub on this computer answers all the same. So it decides nothing before a request
 * has failed.
 *
 * Source: https://html.spec.whatwg.org/multipage/system-state.html#browser-state; workers have it too; in Chromium
 * without its events.
 */
export interface Network {
  isOffline(): boolean;
}

/** What the browser says. Where nobody says anything, as in Node, there is a network. */
export const browserNetwork: Network = {
  isOffline: () => (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine === false,
};
