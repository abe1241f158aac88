/**
 * The states that the page can be in, each reached as a person reaches it. A state is one line of the table below;
 * what is said of the whole page (accessibility, zoom) is tested in every one of them.
 */
import { join } from 'node:path';
import type { Locator, Page } from 'playwright';
import { startHub, type Hub } from '../support/hub.ts';
import { clearModels, drop, openApp, setWeights, type App } from './app.ts';
import { appUrl, hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');
const stories = join(import.meta.dirname, '../fixtures/stories260k');
const rerankers = join(import.meta.dirname, '../fixtures/families/rerank-electra');
const longMs = 60_000;

/** A page and a Hub beside it, which can misbehave. */
export interface Stage {
  readonly app: App;
  readonly page: Page;
  readonly hub: Hub;
  close(): Promise<void>;
}

/** What a person has set in the browser. */
export interface Reader {
  /** The size of text, in pixels; 16 where nobody set any. */
  readonly textPixels?: number;
}

export async function openStage({ textPixels }: Reader = {}): Promise<Stage> {
  const hub = await startHub({
    port: hubPort,
    repositories: {
      'kitchen/bert-a': join(golden, 'a'),
      'kitchen/bert-b': join(golden, 'b'),
      'kitchen/gated': { folder: join(golden, 'b'), access: 'gated' },
    },
  });
  const app = await openApp(
    textPixels === undefined
      ? {}
      : { preferences: { webkit: { webprefs: { default_font_size: textPixels } } } },
  );
  await app.page.getByText('These models fit together.').waitFor();
  return {
    app,
    page: app.page,
    hub,
    async close() {
      await app.close();
      await hub.close();
    },
  };
}

function button(page: Page, name: string): Locator {
  return page.getByRole('button', { name, exact: true }).first();
}

async function typeId(page: Page, id: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Hub id or URL' });
  await field.fill(id);
  await field.press('Enter');
}

async function addFromHub(page: Page, id: string): Promise<void> {
  await typeId(page, id);
  await page.getByRole('button', { name: `Remove ${id}` }).waitFor();
}

async function score(page: Page): Promise<void> {
  await button(page, 'Score').click();
  await button(page, 'Score again').waitFor({ timeout: longMs });
}

async function mix(page: Page): Promise<void> {
  await button(page, 'Mix').click();
  await button(page, 'Download zip').waitFor({ timeout: longMs });
}

/** Two models of the Hub on the bar, of which nothing large has been fetched. */
async function fillFromHub(page: Page): Promise<void> {
  await clearModels(page);
  await addFromHub(page, 'kitchen/bert-a');
  await addFromHub(page, 'kitchen/bert-b');
  await page.getByText('These models fit together.').waitFor();
}

async function removeExamples(page: Page): Promise<void> {
  const remove = page.getByRole('button', { name: 'Remove example 1' });
  while (await remove.isVisible()) await remove.click();
}

const equal = { base: 0.25, bank: 0.25, science: 0.25, words: 0.25 };
const checkpoint = 'kitchen/bert-b/model.safetensors';

type Reach = (stage: Stage) => Promise<void>;

export interface State {
  readonly what: string;
  readonly reach: Reach;
  /** What the change of language closes, opened again: in Chinese. */
  readonly reopen?: Reach;
}

/** What the page is like, and how a person gets it there from the start. */
export const states: readonly State[] = [
  { what: 'the start', reach: async () => undefined },
  {
    what: 'an empty bar without examples',
    reach: async ({ page }) => {
      await clearModels(page);
      await removeExamples(page);
    },
  },
  {
    what: 'a card that failed',
    reach: async ({ page }) => {
      await addFromHub(page, 'kitchen/gated');
      await button(page, 'Try again').waitFor();
    },
  },
  {
    what: 'an id that is not on the Hub',
    reach: async ({ page }) => {
      await typeId(page, 'kitchen/nothing');
      await page.getByRole('alert').waitFor();
    },
  },
  {
    what: 'models that do not fit',
    reach: async ({ page }) => {
      await addFromHub(page, 'kitchen/bert-a');
      await page.getByRole('alert').first().waitFor();
    },
  },
  {
    what: 'the dialog of pasted examples, with text that cannot be read',
    reach: async ({ page }) => {
      await button(page, 'Paste examples').click();
      await page.getByRole('dialog').getByRole('textbox').fill('not JSON');
      await button(page, 'Use these examples').click();
      await page.getByRole('dialog').getByRole('alert').waitFor();
    },
    reopen: ({ page }) => button(page, '粘贴示例').click(),
  },
  {
    what: 'the reference’s settings',
    reach: ({ page }) => page.getByRole('radio', { name: 'Reference:' }).check(),
  },
  {
    what: 'scoring that is running',
    reach: async ({ page, hub }) => {
      await fillFromHub(page);
      hub.faults.set(checkpoint, 'stall');
      await button(page, 'Score').click();
      await page.getByRole('progressbar').waitFor();
    },
  },
  {
    what: 'a largest file that is too small',
    reach: async ({ page }) => {
      await page.getByRole('radio', { name: 'Another size' }).check();
      await page.getByRole('spinbutton', { name: 'Size of the largest file' }).fill('0');
      await page.getByRole('alert').waitFor();
    },
  },
  { what: 'scored models', reach: ({ page }) => score(page) },
  {
    what: 'a fine-tuned model against the rest, and a mixture that is tried',
    reach: async ({ page }) => {
      await score(page);
      await page.getByRole('radio', { name: 'A fine-tuned model against the rest' }).check();
      await button(page, 'Try').click();
      await page
        .getByRole('table', { name: 'Similarity of each document to the query' })
        .waitFor({ timeout: longMs });
    },
  },
  {
    what: 'what the Hub shows for a search',
    reach: async ({ page }) => {
      await typeId(page, 'bert a');
      await page.getByText('kitchen/bert-a').first().waitFor();
    },
  },
  {
    what: 'what has left the tab',
    reach: async ({ page }) => {
      await fillFromHub(page);
      await page.getByRole('button', { name: /B sent; / }).click();
      await page.getByRole('dialog').getByRole('table').waitFor();
    },
    reopen: ({ page }) => page.getByRole('button', { name: /已发送/ }).click(),
  },
  {
    what: 'a recipe that waits for models of this computer',
    reach: async ({ page }) => {
      await page.goto(`${appUrl}/index.html#m=local&m=local&w=0.25,0.75&t=1&loss=own&dtype=F32`);
      await page.reload();
      await page.getByText('Model 1 is from this computer').waitFor();
    },
  },
  {
    what: 'language models, scored on inputs and outputs, and tried',
    reach: async ({ page }) => {
      await clearModels(page);
      await drop(page, join(stories, 'base'), join(stories, 'banking'));
      await page.getByText('These models fit together.').waitFor();
      await page.getByText('Sample sets').click();
      await button(page, 'Banking intents').click();
      await page.getByRole('radio', { name: 'Reference:' }).check();
      await score(page);
      await page.getByRole('textbox', { name: 'Beginning of a text' }).fill('Once upon a');
      await button(page, 'Try').click();
      await page.getByRole('table', { name: 'Likeliest next tokens' }).waitFor({ timeout: longMs });
    },
  },
  {
    what: 'a reranker, and a model without what that takes',
    reach: async ({ page }) => {
      await clearModels(page);
      await drop(page, join(rerankers, 'a'));
      await page.getByRole('button', { name: 'Remove a', exact: true }).waitFor();
      await drop(page, join(golden, 'b'));
      await page.getByText('b cannot be run as “reranker”').waitFor();
    },
  },
  {
    what: 'losses that no longer hold',
    reach: async ({ page }) => {
      await score(page);
      await page.getByRole('textbox', { name: 'Query of example 1' }).fill('another question');
    },
  },
  {
    what: 'a scoring that failed',
    reach: async ({ page }) => {
      await removeExamples(page);
      await button(page, 'Score').click();
      await page.getByRole('alert').waitFor();
    },
  },
  {
    what: 'weights by hand with a wrong sum',
    reach: async ({ page }) => {
      await setWeights(page, { ...equal, base: 0.5 });
      await page.getByRole('alert').waitFor();
    },
  },
  {
    what: 'mixing that is running',
    reach: async ({ page, hub }) => {
      await fillFromHub(page);
      await setWeights(page, { 'kitchen/bert-a': 0.5, 'kitchen/bert-b': 0.5 });
      hub.faults.set(checkpoint, 'stall');
      await button(page, 'Mix').click();
      await page.getByRole('progressbar').waitFor();
    },
  },
  {
    what: 'a mixing that failed',
    reach: async ({ page, hub }) => {
      await fillFromHub(page);
      await setWeights(page, { 'kitchen/bert-a': 0.5, 'kitchen/bert-b': 0.5 });
      hub.faults.set(checkpoint, 'wrong-hash');
      await button(page, 'Mix').click();
      await page.getByRole('alert').waitFor();
    },
  },
  {
    what: 'a finished mixture',
    reach: async ({ page }) => {
      await score(page);
      await mix(page);
    },
  },
  {
    what: 'a mixture of another recipe than the one that stands',
    reach: async ({ page }) => {
      await setWeights(page, equal);
      await mix(page);
      await setWeights(page, { base: 0.3, bank: 0.2 });
      await page.getByText('The recipe has changed since.').waitFor();
    },
  },
];
