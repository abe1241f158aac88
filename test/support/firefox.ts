/** Finds the Firefox that `npm run test:firefox` drives: `FIREFOX`, else one where Debian and macOS put it. */
import { findBrowser } from './find-browser.ts';

const places = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

export function findFirefox(): string {
  const install = 'Debian: apt-get install -y firefox-esr; macOS: brew install --cask firefox';
  return findBrowser({ variable: 'FIREFOX', what: 'a Firefox', places, install });
}
