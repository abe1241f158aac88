/**
 * What has left this tab: every request to another origin since the page was opened, in the order of asking. They are
 * told many times a second while files come, and are shown once a frame.
 */
import type { LedgerEntry } from '../worker/client.ts';

export class Ledger {
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never shown: #entries is
  readonly #latest = new Map<string, LedgerEntry>();
  // raw: the list is replaced, never edited
  #entries = $state.raw<readonly LedgerEntry[]>([]);
  #waiting = false;
  readonly #nextFrame: (show: () => void) => void;

  constructor(nextFrame: (show: () => void) => void = (show) => requestAnimationFrame(show)) {
    this.#nextFrame = nextFrame;
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  get sentBytes(): number {
    return this.#entries.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
  }

  get receivedBytes(): number {
    return this.#entries.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
  }

  /** Who was asked and who answered, without repeats. */
  get hosts(): readonly string[] {
    const urls = this.#entries.flatMap(({ url, finalUrl }) => [url, finalUrl ?? url]);
    return urls.map(hostOf).filter((host, i, hosts) => hosts.indexOf(host) === i);
  }

  /** The list as comma-separated values, a request a line. */
  get text(): string {
    return printLedger(this.#entries);
  }

  hear(entry: LedgerEntry): void {
    this.#latest.set(entry.id, entry);
    if (this.#waiting) return;
    this.#waiting = true;
    this.#nextFrame(() => {
      this.#waiting = false;
      this.#entries = [...this.#latest.values()];
    });
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}

/** Comma-separated values with a header line; exact bytes, times in UTC. Source: RFC 4180 */
export function printLedger(entries: readonly LedgerEntry[]): string {
  const head = ['asked', 'method', 'url', 'final_url', 'status', 'state', 'sent_bytes', 'received_bytes'];
  const rows = entries.map((entry) => [
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read at once
    new Date(entry.askedMs).toISOString(),
    entry.method,
    entry.url,
    entry.finalUrl ?? '',
    String(entry.status),
    entry.state,
    String(entry.sentBytes),
    String(entry.receivedBytes),
  ]);
  return [head, ...rows].map((row) => row.map(quote).join(',') + '\r\n').join('');
}

function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
