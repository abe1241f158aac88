/**
 * The examples survive a reload of this tab and nothing more: they are private text, so they are in the tab's own
 * session storage, never in the address, and never in the browser's file system. Where there is no such storage, or no
 * room in it, a reload forgets them, and nothing else happens.
 */
import type { Example } from '../score/examples.ts';

export interface KeptExamples {
  /** `undefined`: this tab has kept none; an empty list: the person removed them all. */
  load(): readonly Example[] | undefined;
  /** Kept soon: not at every key that is pressed. */
  save(examples: readonly Example[]): void;
  /** Keeps at once what was to be kept soon: the page may be about to go. */
  flush(): void;
}

const key = 'shaker-1/examples';

/** Shorter than a pause between words, longer than between letters. */
const saveMs = 300;

export function keepInTab(): KeptExamples {
  let waiting: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    waiting?.();
    waiting = undefined;
  };
  return {
    load: () => attempt(() => parse(sessionStorage.getItem(key))),
    save(examples) {
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

function parse(text: string | null): readonly Example[] | undefined {
  const value = JSON.parse(text ?? 'null') as unknown;
  return Array.isArray(value) && value.every(isExample) ? value : undefined;
}

/** What is in the storage is not this code's alone. */
function isExample(value: unknown): value is Example {
  if (typeof value !== 'object' || value === null) return false;
  const { query, positives, negatives } = value as Record<string, unknown>;
  return typeof query === 'string' && areTexts(positives) && areTexts(negatives);
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
