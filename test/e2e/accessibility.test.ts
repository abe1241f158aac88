import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findViolations } from './axe.ts';
import { findMisfits } from './misfits.ts';
import { openStage, states, type Stage } from './states.ts';

function openDetails(page: Page): Promise<void> {
  return page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
}

/** By script: a dialog that is open keeps the mouse from the rest of the page. */
async function speakChinese(page: Page): Promise<void> {
  await page.evaluate(() => document.querySelector<HTMLElement>('button[lang="zh"]')?.click());
  await page.locator('html[lang="zh-Hans"]').waitFor();
}

interface Look {
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
}

/** Each theme, language and width once in every state; which meets which differs in nothing that axe looks at. */
const english: Look = { width: 1440, colorScheme: 'light' };
const chinese: Look = { width: 390, colorScheme: 'dark' };

async function findViolationsIn(page: Page, { width, colorScheme }: Look): Promise<readonly string[]> {
  await page.setViewportSize({ width, height: 1000 });
  await openDetails(page);
  // all of it in sight: nothing lies for the moment under the bar at the foot
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme });
  return findViolations(page);
}

/** Until the page has drawn itself for a new size. */
function settle(page: Page): Promise<void> {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise((drawn) => requestAnimationFrame(drawn));
  });
}

interface Layout {
  readonly width: number;
  readonly text: '100%' | '200%';
}

/** Twice the text is what a browser can be set to, and what zooming to 200 % does to half of this width. */
const layouts: readonly Layout[] = [
  { width: 390, text: '100%' },
  { width: 1440, text: '200%' },
];

async function findMisfitsIn(page: Page, layouts: readonly Layout[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { width, text } of layouts) {
    await page.setViewportSize({ width, height: 800 });
    await page.evaluate((text) => void (document.documentElement.style.fontSize = text), text);
    await openDetails(page);
    await settle(page);
    found.push(...(await findMisfits(page)).map((line) => `${width} ${text} ${line}`));
  }
  await page.evaluate(() => void (document.documentElement.style.fontSize = ''));
  return found;
}

/** All of them take minutes: `npm run test:states`. These few have most of what there is on the page. */
const few = ['the start', 'models that do not fit', 'scored models', 'a finished mixture'];
const swept =
  process.env['SHAKER_STATES'] === 'all' ? states : states.filter(({ what }) => few.includes(what));

describe.each(swept)('$what', ({ reach, reopen }) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
    // colours and places are looked at where they come to rest
    await stage.page.emulateMedia({ reducedMotion: 'reduce' });
    await reach(stage);
  });
  afterAll(() => stage.close());

  test('has no violation that axe finds, and can be read at 200 %', async () => {
    expect(await findViolationsIn(stage.page, english)).toEqual([]);
    expect(await findMisfitsIn(stage.page, layouts)).toEqual([]);
  });

  test('nor has it one in Chinese', async () => {
    await speakChinese(stage.page);
    await reopen?.(stage);
    expect(await findViolationsIn(stage.page, chinese)).toEqual([]);
    expect(await findMisfitsIn(stage.page, layouts.slice(0, 1))).toEqual([]);
    expect(stage.app.errors).toEqual([]);
  });
});

describe('what is looked for', () => {
  let stage: Stage;
  beforeAll(async () => void (stage = await openStage()));
  afterAll(() => stage.close());

  test('is found: a button without a name, and a word too long for its place', async () => {
    await stage.page.evaluate(() => {
      const button = document.createElement('button');
      const word = document.createElement('p');
      word.textContent = 'x'.repeat(1000);
      document.querySelector('main')?.append(button, word);
    });
    expect((await findViolations(stage.page)).join()).toContain('button-name (critical)');
    expect((await findMisfits(stage.page)).join()).toContain('the page is ');
  });
});
