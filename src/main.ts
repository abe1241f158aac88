/** Starts the page: one session, one client, what the address states on the bar, else the demo. */
import { mount } from 'svelte';
import App from './ui/App.svelte';
import './ui/app.css';
import { PageHistory } from './ui/history.svelte.ts';
import { Locale } from './ui/locale.svelte.ts';
import { Session } from './ui/session.svelte.ts';
import { openClient } from './worker/client.ts';

const target = document.querySelector('#app');
if (target) {
  const session = new Session(openClient());
  mount(App, { target, props: { session, locale: new Locale() } });
  void new PageHistory(session).start();
}
