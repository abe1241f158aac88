/** How a request went, in words: the status that answered, and what became of the body. */
import type { LedgerEntry } from '../worker/client.ts';
import { m } from './messages/messages.js';

export function requestState({ state, status }: LedgerEntry): string {
  const answer = status === 0 ? '' : `${status} `;
  switch (state) {
    case 'running':
      return `${answer}${m.ledger_running()}`;
    case 'done':
      return String(status);
    case 'failed':
      return `${answer}${m.ledger_failed()}`;
    case 'stopped':
      return `${answer}${m.ledger_stopped()}`;
  }
}
