import type { Page } from 'playwright';
import { afterEach, describe, expect, test } from 'vitest';
import { openStage, states, type Stage, type Reader } from './states.ts';

let stage: Stage;
afterEach(() => stage.close());

async function reachState(what: string, reader: Reader = {}): Promise<Page> {
  stage = await openStage(reader);
  const state = states.find((state) => state.what === what);
  if (!state) throw new Error(`no state is called ${what}`);
  await state.reach(stage);
  return stage.page;
}

describe('the size of text', () => {
  test('is what a person has set in the browser', async () => {
    const page = await reachState('the start', { textPixels: 32 });
    expect(await page.evaluate(() => getComputedStyle(document.body).fontSize)).toBe('32px');
  });
});

describe('motion', () => {
  /** What moves, by its transition or animation. */
  function moving(page: Page): Promise<number> {
    return page.evaluate(() => {
      const still = new Set(['none', 'all 0s', '']);
      return [...document.querySelectorAll('*')].filter((element) => {
        const { transitionProperty, transitionDuration, animationName } = getComputedStyle(element);
        const moves =
          transitionProperty !== 'none' && transitionDuration.split(', ').some((time) => time !== '0s');
        return moves || !still.has(animationName);
      }).length;
    });
  }

  test('is there, and is off where a person asks for less of it', async () => {
    const page = await reachState('scored models');
    expect(await moving(page)).toBeGreaterThan(0);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await moving(page)).toBe(0);
  });
});

describe('forced colours', () => {
  /** The paints of what is found, each once. */
  function paints(
    page: Page,
    selector: string,
    property: 'backgroundColor' | 'fill',
  ): Promise<readonly string[]> {
    return page.evaluate(
      ([selector, property]) => [
        ...new Set(
          [...document.querySelectorAll(selector)].map((found) => getComputedStyle(found)[property]),
        ),
      ],
      [selector, property] as const,
    );
  }

  test('leave the models’ colours in swatches, bars and the glass', async () => {
    const page = await reachState('scored models');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const marks = [
      ['.head > span', 'backgroundColor'],
      ['.bar', 'backgroundColor'],
      ['svg[role="img"] rect', 'fill'],
    ] as const;
    for (const [selector, property] of marks) {
      await page.emulateMedia({ forcedColors: 'none' });
      const own = await paints(page, selector, property);
      await page.emulateMedia({ forcedColors: 'active' });
      expect(own.length, selector).toBeGreaterThanOrEqual(4);
      expect(await paints(page, selector, property), selector).toEqual(own);
    }
  });
});
