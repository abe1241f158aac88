import { describe, expect, test } from 'vitest';
import { Ledger, printLedger } from '../../src/ui/ledger.svelte.ts';
import { requestState } from '../../src/ui/request-state.ts';
import type { LedgerEntry } from '../../src/worker/client.ts';

function entry(news: Partial<LedgerEntry>): LedgerEntry {
  return {
    ...{ id: '1', url: 'https://hub.example/a', finalUrl: undefined, method: 'GET', status: 0 },
    ...{ sentBytes: 0, receivedBytes: 0, state: 'running', askedMs: Date.UTC(2026, 10, 24, 12) },
    ...news,
  };
}

describe('Ledger', () => {
  test('keeps the latest of each request, in the order of asking', () => {
    const ledger = new Ledger((show) => show());
    ledger.hear(entry({}));
    ledger.hear(
      entry({ id: '2', url: 'https://hub.example/b', finalUrl: 'https://files.example/b', receivedBytes: 5 }),
    );
    ledger.hear(entry({ status: 200, receivedBytes: 7, state: 'done' }));
    expect(ledger.entries.map(({ id, state }) => [id, state])).toEqual([
      ['1', 'done'],
      ['2', 'running'],
    ]);
    expect(ledger.sentBytes).toBe(0);
    expect(ledger.receivedBytes).toBe(12);
    expect(ledger.hosts).toEqual(['hub.example', 'files.example']);
  });

  test('shows many reports once a frame', () => {
    const frames: (() => void)[] = [];
    const ledger = new Ledger((show) => void frames.push(show));
    for (let i = 0; i < 100; i++) ledger.hear(entry({ receivedBytes: i }));
    expect(frames).toHaveLength(1);
    expect(ledger.entries).toEqual([]);
    frames[0]!();
    expect(ledger.receivedBytes).toBe(99);
  });
});

describe('printLedger', () => {
  test('is comma-separated values with exact numbers', () => {
    const text = printLedger([
      entry({
        url: 'https://hub.example/?q=a,"b"',
        finalUrl: 'https://files.example/',
        status: 206,
        receivedBytes: 1234567,
        state: 'done',
      }),
    ]);
    expect(text).toBe(
      'asked,method,url,final_url,status,state,sent_bytes,received_bytes\r\n' +
        '2026-11-24T12:00:00.000Z,GET,"https://hub.example/?q=a,""b""",https://files.example/,206,done,0,1234567\r\n',
    );
  });
});

describe('requestState', () => {
  test('says the status, and what became of the body where it did not come whole', () => {
    expect(requestState(entry({}))).toBe('under way');
    expect(requestState(entry({ status: 200, state: 'done' }))).toBe('200');
    expect(requestState(entry({ status: 206, state: 'failed' }))).toBe('206 failed');
    expect(requestState(entry({ state: 'stopped' }))).toBe('stopped');
  });
});
