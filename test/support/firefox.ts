/** Finds the Firefox that `npm run test:firefox` drives: `FIREFOX`, else one where Debian and macOS put it. */
import { existsSync } from 'node:fs';

const places = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

export function findFirefox(): string {
  const named = process.env['FIREFOX'];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new Error(`FIREFOX names ${named}, which does not exist: point it at a Firefox.`);
  }
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new Error(
      'No Firefox was found: install one (Debian: apt-get install -y firefox-esr; macOS: brew install --cask firefox) or set FIREFOX to its path.',
    );
  }
  return found;
}
