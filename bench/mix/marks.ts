/**
 * When things happened in the page, by its own clock: watched from inside, so that no driver's delay counts. What is here runs
 * in the page.
 */
import type { Page } from 'playwright';

/** Milliseconds since 1970. */
export interface Marks {
  readonly clicked: number;
  readonly closed: number;
  /** When the smoke run began, which is counted apart; absent where there was none. */
  readonly smoke?: number;
  readonly offered: number;
}

declare global {
  var shakerMarks: { -readonly [Name in keyof Marks]?: number } | undefined;
}

/** Call before the click. The last button that was clicked is the one that counts. */
export async function watchMarks(page: Page): Promise<void> {
  await page.evaluate(() => {
    const marks: NonNullable<typeof globalThis.shakerMarks> = {};
    globalThis.shakerMarks = marks;
    // no function here has a name: the compiler would mark it by one of its own, which the page does not have
    addEventListener('click', () => (marks.clicked = performance.timeOrigin + performance.now()), {
      capture: true,
    });
  });
  await watchStage(page, 'closed', '^(Reading back|Loading|Trying)');
  await watchStage(page, 'smoke', '^(Loading|Trying)');
  await page.evaluate(() => {
    const marks = globalThis.shakerMarks ?? {};
    const observer = new MutationObserver(() => {
      if (marks.clicked === undefined) return;
      const buttons = [...document.querySelectorAll('button')];
      if (!buttons.some(({ textContent }) => textContent.trim() === 'Download zip')) return;
      marks.offered = performance.timeOrigin + performance.now();
      observer.disconnect();
    });
    observer.observe(document.body, { childList: true, subtree: true });
  });
}

/**
 * Marks the moment when the running task's sentence is first that of a later stage. "File closed" is when it is no longer that of
 * mixing: this is the one place that knows how the page shows it.
 */
function watchStage(page: Page, mark: 'closed' | 'smoke', sentence: string): Promise<void> {
  return page.evaluate(
    ([mark, sentence]) => {
      const marks = globalThis.shakerMarks ?? {};
      const wanted = new RegExp(sentence);
      const observer = new MutationObserver(() => {
        if (marks.clicked === undefined) return;
        const sentences = [...document.querySelectorAll('.what > p:first-child')];
        if (!sentences.some(({ textContent }) => wanted.test(textContent.trim()))) return;
        marks[mark] = performance.timeOrigin + performance.now();
        observer.disconnect();
      });
      observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    },
    [mark, sentence] as const,
  );
}

/** Throws when the page never showed one of them. */
export async function readMarks(page: Page): Promise<Marks> {
  const { clicked, closed, smoke, offered } = (await page.evaluate(() => globalThis.shakerMarks)) ?? {};
  if (clicked === undefined || closed === undefined || offered === undefined) {
    throw new Error(`not seen: ${JSON.stringify({ clicked, closed, offered })}`);
  }
  return { clicked, closed, offered, ...(smoke === undefined ? {} : { smoke }) };
}
