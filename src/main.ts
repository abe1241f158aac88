/**
 * Starts the page: one session, one client whose requests are listed, what the address states on the bar, else the demo,
 * and a copy for when there is no network.
 */
import { mount } from 'svelte';
import { keepOffline } from './offline/register.ts';
import App from './ui/App.svelte';
import './ui/app.css';
import { PageHistory } from './ui/history.svelte.ts';
import { Ledger } from './ui/ledger.svelte.ts';
import { Locale } from './ui/locale.svelte.ts';
import { Offline } from './ui/offline.svelte.ts';
import { Session } from './ui/session.svelte.ts';
import { openClient } from './worker/client.ts';

const target = document.querySelector('#app');
if (target) void start(target);

async function start(target: Element): Promise<void> {
  const ledger = new Ledger();
  const session = new Session(openClient((entry) => ledger.hear(entry)));
  const offline = new Offline(keepOffline);
  const locale = new Locale();
  await locale.begin();
  mount(App, { target, props: { session, locale, ledger, offline } });
  void new PageHistory(session).start();
}
