import type { Page } from 'playwright';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApp, type App } from './app.ts';

let app: App;
beforeEach(async () => void (app = await openApp()));
afterEach(() => app.close());

/** The text of what has the focus, if the focus can be seen. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.querySelector(':focus-visible')?.textContent.trim() ?? '');
}

describe('the keyboard', () => {
  test('scores, mixes and downloads with Enter, without a search for the next button', async () => {
    const { page } = app;
    await page.getByText('These models fit together.').waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Score', exact: true }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page), { timeout: 60_000 }).toBe('Mix');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page), { timeout: 60_000 }).toBe('Download zip');
  });

  test('leaves the dialog with Escape, and is back where it was', async () => {
    const { page } = app;
    await page.getByRole('button', { name: 'Paste examples' }).focus();
    // twice: what is closed by the browser itself opens again
    for (let i = 0; i < 2; i++) {
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      expect(await focused(page)).toBe('Paste examples');
    }
  });

  test('stays on the language that it chose', async () => {
    const { page } = app;
    await page.getByRole('button', { name: '中文' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '原料' }).waitFor();
    expect(await focused(page)).toBe('中文');
  });

  test.each([
    ['at 200 % zoom', 720, 500],
    ['on a phone', 390, 844],
  ])(
    'is never hidden behind the bar at the foot %s, and nothing scrolls sideways',
    async (_, width, height) => {
      const { page } = app;
      await page.setViewportSize({ width, height });
      await page.getByText('These models fit together.').waitFor();
      const hidden: string[] = [];
      let stops = 0;
      do {
        await page.keyboard.press('Tab');
        const name = await page.evaluate(() => {
          const focus = document.querySelector(':focus-visible');
          const bar = document.querySelector('.bottom');
          if (!focus || !bar || bar.contains(focus)) return '';
          const below = focus.getBoundingClientRect().bottom > bar.getBoundingClientRect().top;
          return below ? focus.outerHTML : '';
        });
        if (name !== '') hidden.push(name);
        stops++;
      } while ((await focused(page)) !== 'Score' && stops < 100);
      expect(hidden).toEqual([]);
      // cards, fields, examples and settings: the page was walked, not a corner of it
      expect(stops).toBeGreaterThan(30);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    },
  );
});
