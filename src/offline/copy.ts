/** What the service worker keeps of one version of the app, and what the page and it say to each other. */

import type { RuntimeBuild } from '../graph/runtime.ts';

/** One file of the app, below the folder of the service worker. */
export interface AppFile {
  readonly path: string;
  /** SHA-256 in the form of the integrity attribute: a copy is never of two versions. */
  readonly integrity: string;
  /** The build of the runtime that needs it; none: every browser needs it. */
  readonly build?: RuntimeBuild;
}

export interface AppVersion {
  /** Another one whenever any file is another. */
  readonly version: string;
  readonly files: readonly AppFile[];
}

/** What the page asks, each with a port for the answer. */
export type Question =
  /** Keep these builds of the runtime, too. Answers `kept` once everything that they and the page need is there. */
  | { readonly ask: 'keep'; readonly builds: readonly RuntimeBuild[] }
  /** Take the place of the version before, for a page that runs this script. Answers `yes`, `no` when the page is of another version, `later` when other pages may be. */
  | { readonly ask: 'replace-quietly'; readonly script: string }
  /** Take the place of the version before: the person reloads for it. */
  | { readonly ask: 'replace' };

export type Reply = 'kept' | 'failed' | 'yes' | 'no' | 'later';
