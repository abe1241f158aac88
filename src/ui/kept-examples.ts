/**
 * The examples survive a reload of this tab and nothing more: they are private text, so they are in the tab's own
 * session storage, never in the address, and never in the browser's file system. Where there is no such storage, or no
 * room in it, a reload forgets them, and nothing else happens.
 */
import type { ExampleSet } from '../pipeline.ts';
import type { ExampleKind } from '../score/columns.ts';

export interface KeptExamples {
  /** `undefined`: this tab has kept none; an empty set: the person removed them all. */
  load(): ExampleSet | undefined;
  /** Kept soon: not at every key that is pressed. */
  save(set: ExampleSet): void;
  /** Keeps at once what was to be kept soon: the page may be about to go. */
  flush(): void;
}

/** Under another name, what tabs have kept would be lost. */
const keys: Readonly<Record<ExampleKind, string>> = {
  contrastive: 'shaker-1/examples',
  completion: 'shaker-1/completions',
};

/** Shorter than a pause between words, longer than between letters. */
const saveMs = 300;

export function keepInTab(kind: ExampleKind): KeptExamples {
  const key = keys[kind];
  let waiting: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    waiting?.();
    waiting = undefined;
  };
  return {
    load: () => attempt(() => parse(sessionStorage.getItem(key), kind)),
    save({ examples }) {
      waiting = () => attempt(() => sessionStorage.setItem(key, JSON.stringify(examples)));
      clearTimeout(timer);
      timer = setTimeout(flush, saveMs);
    },
    flush,
  };
}

/** Reading `sessionStorage` alone throws where a browser forbids it. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function parse(text: string | null, kind: ExampleKind): ExampleSet | undefined {
  const value = JSON.parse(text ?? 'null') as unknown;
  if (!Array.isArray(value) || !value.every((example) => isOf(kind, example))) return undefined;
  return { kind, examples: value } as ExampleSet;
}

/** What is in the storage is not this code's alone. */
function isOf(kind: ExampleKind, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const texts = value as Record<string, unknown>;
  if (kind === 'completion') return typeof texts['input'] === 'string' && typeof texts['output'] === 'string';
  return typeof texts['query'] === 'string' && areTexts(texts['positives']) && areTexts(texts['negatives']);
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
