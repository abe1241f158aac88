/** Finds a browser that tests drive: where an environment variable says, else where Debian and macOS put it. */
import { existsSync } from 'node:fs';

export interface Wanted {
  /** The environment variable that may name it. */
  readonly variable: string;
  /** What it is called, with an article. */
  readonly what: string;
  readonly places: readonly string[];
  /** The commands that install one. */
  readonly install: string;
}

/** Throws one sentence that says how to get it. */
export function findBrowser({ variable, what, places, install }: Wanted): string {
  const named = process.env[variable];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new Error(`${variable} names ${named}, which does not exist: point it at ${what}.`);
  }
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new Error(
    `No ${what.replace(/^an? /, '')} was found: install one (${install}) or set ${variable} to its path.`,
  );
}
