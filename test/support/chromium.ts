/** Finds the browser that tests drive: `CHROMIUM`, else a Chromium or Chrome where Debian and macOS put them. */
import { existsSync } from 'node:fs';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

export function findChromium(): string {
  const named = process.env['CHROMIUM'];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM names ${named}, which does not exist: point it at a Chromium or Chrome.`);
  }
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new Error(
      'No Chromium or Chrome was found: install one (Debian: apt-get install -y chromium; macOS: brew install --cask google-chrome) or set CHROMIUM to its path.',
    );
  }
  return found;
}

/** Software WebGPU needs the one flag; a root user cannot have the sandbox. */
export function chromiumArguments(): string[] {
  const root = process.getuid?.() === 0;
  return ['--enable-unsafe-webgpu', ...(root ? ['--no-sandbox'] : [])];
}
