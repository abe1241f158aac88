/** What one worker reads models from: opened once, kept for as long as the worker and its token. */
import { createSha256, type NamedSource } from '../pipeline.ts';
import { openCached } from '../source/cached.ts';
import { openDemo } from '../source/demo.ts';
import type { HubAccess } from '../source/hub-fetch.ts';
import { openHub } from '../source/hub.ts';
import { openLocal } from '../source/local.ts';
import type { ModelRef } from '../source/source.ts';
import { waits } from './jobs.ts';

export interface Setup {
  /** Address of the folder of embedded models. */
  readonly demoUrl: string;
  readonly token: string | undefined;
}

let setup: Setup = { demoUrl: '', token: undefined };
/** Hub and embedded models by name and commit: their listings and small files are read once. */
const sources = new Map<string, NamedSource['source']>();

export function setUp(next: Setup): void {
  if (next.token !== setup.token) sources.clear();
  setup = next;
}

export function demoUrl(): string {
  return setup.demoUrl;
}

export function hubAccess(): HubAccess {
  return { hubUrl: __HUB__, token: setup.token, waits };
}

export function openSource(ref: ModelRef): NamedSource {
  switch (ref.kind) {
    case 'local':
      return { ref, source: openLocal(ref.name, ref.files) };
    case 'demo':
      return { ref, source: keep(`demo ${ref.name}`, () => openDemo(ref.name, setup.demoUrl)) };
    case 'hub': {
      const open = () => openCached(openHub(ref, hubAccess()), createSha256);
      return { ref, source: keep(`hub ${ref.id} ${ref.commit}`, open) };
    }
  }
}

function keep(key: string, open: () => NamedSource['source']): NamedSource['source'] {
  const source = sources.get(key) ?? open();
  sources.set(key, source);
  return source;
}
