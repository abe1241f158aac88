/** What the first station asks of the client. */
import type { Client } from '../worker/client.ts';

export type Kitchen = Pick<
  Client,
  'readAsked' | 'search' | 'modelLimit' | 'pin' | 'groupLocal' | 'inspect' | 'compare' | 'setToken'
>;
