import type { Page } from 'playwright';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findViolations } from './axe.ts';
import { openStage, states, type Stage } from './states.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
  // colours are looked at where they come to rest
  await stage.page.emulateMedia({ reducedMotion: 'reduce' });
});
afterEach(() => stage.close());

/** In both themes, at both widths; what can be opened is open. */
async function findEverywhere(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 1000 });
    const height = await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
      return document.documentElement.scrollHeight;
    });
    // all of it in sight: nothing lies for the moment under the bar at the foot
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const violations = await findViolations(page);
      found.push(...violations.map((line) => `${width} ${colorScheme} ${line}`));
    }
  }
  return found;
}

describe('axe finds no violation', () => {
  test.each(states)('in $what', async ({ reach, reopen }) => {
    const { page, app } = stage;
    await reach(stage);
    expect(await findEverywhere(page)).toEqual([]);
    // by script: a dialog that is open keeps the mouse from the rest of the page
    await page.evaluate(() => document.querySelector<HTMLElement>('button[lang="zh"]')?.click());
    await page.locator('html[lang="zh-Hans"]').waitFor();
    await reopen?.(stage);
    expect(await findEverywhere(page)).toEqual([]);
    expect(app.errors).toEqual([]);
  });

  test('unless there is one', async () => {
    await stage.page.evaluate(() => document.querySelector('main')?.append(document.createElement('button')));
    expect((await findViolations(stage.page)).join()).toContain('button-name (critical)');
  });
});
