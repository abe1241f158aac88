import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHub, type Hub } from '../support/hub.ts';
import { downloadZip, drop, empty, openApp, type App } from './app.ts';
import { appUrl, hubPort } from './place.ts';
import nextTokens from '../fixtures/next-tokens.json' with { type: 'json' };

const folder = join(import.meta.dirname, '../fixtures/stories260k');

const bert = join(import.meta.dirname, '../fixtures/golden/bert');

/** What the reference package computed, see the folder's README.md. */
const { models, examples, fewShot } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  readonly models: readonly string[];
  readonly examples: readonly { readonly input: string; readonly output: string }[];
  readonly fewShot: readonly {
    readonly batchSize: number;
    readonly temperature: number;
    readonly maxInputLength: number;
    readonly losses: readonly number[];
    readonly weights: readonly number[];
  }[];
};

const { next } = nextTokens;

let app: App;
let hub: Hub | undefined;
beforeEach(async () => void (app = await openApp({ fragment: empty })));
afterEach(async () => {
  await app.close();
  await hub?.close();
  hub = undefined;
});

async function pickFolders(page: Page): Promise<void> {
  for (const name of models) {
    const choosing = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Add folder' }).click();
    await (await choosing).setFiles(join(folder, name));
    await page.getByRole('button', { name: `Remove ${name}`, exact: true }).waitFor();
  }
  await page.getByText('These models fit together.').waitFor();
}

const textsOf = (page: Page) =>
  page
    .locator('tbody tr textarea')
    .evaluateAll((fields) => fields.map((field) => (field as HTMLTextAreaElement).value));

/** Asks for next tokens, and holds base and the model with the most weight against what transformers computed. */
async function tryNext(page: Page): Promise<void> {
  const { text, answers } = next[1]!;
  await page.getByRole('textbox', { name: 'Beginning of a text' }).fill(text);
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  const table = page.getByRole('table', { name: 'Likeliest next tokens' });
  await table.waitFor({ timeout: 60_000 });
  expect(await table.getByRole('columnheader').allInnerTexts()).toEqual([
    ...['No.', 'base', 'banking', 'The mixture'],
  ]);
  for (const [column, want] of [answers.base, answers.other].entries()) {
    const shares = table.locator(`tbody td:nth-of-type(${column + 1}) [title]`);
    const got = await shares.evaluateAll((cells) => cells.map((cell) => Number(cell.getAttribute('title'))));
    expect(got).toHaveLength(want.length);
    // float32 sums in another order, see test/try-out.test.ts
    want.forEach(([, share], i) => expect(Math.abs(got[i]! / share! - 1)).toBeLessThan(1e-3));
  }
  // as it is read out
  await table.getByRole('cell', { name: 'space a 10.5%' }).waitFor();
}

describe('three small language models of this computer', () => {
  test('are scored on inputs and outputs as the reference scores them, mixed, and offered', async () => {
    const { page } = app;
    await pickFolders(page);
    const kind = page.getByRole('combobox', { name: 'Scored as' });
    expect(await kind.evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.text)).toBe(
      'language model',
    );
    // nothing is asked of them that they have not
    expect(await page.getByText('Prompts', { exact: false }).count()).toBe(0);

    await page.getByRole('button', { name: 'Paste examples' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill(examples.map((example) => JSON.stringify(example)).join('\n'));
    await dialog.getByRole('button', { name: 'Use these examples' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await textsOf(page)).toEqual(examples.flatMap(({ input, output }) => [input, output]));

    const { batchSize, maxInputLength, temperature, losses, weights } = fewShot[0]!;
    await page.getByRole('radio', { name: 'Reference:' }).check();
    await page.getByRole('spinbutton', { name: 'Batch size' }).fill(String(batchSize));
    await page.getByRole('spinbutton', { name: 'Longest input, tokens' }).fill(String(maxInputLength));
    expect(await page.getByRole('spinbutton', { name: 'Negatives per example' }).count()).toBe(0);
    await page.getByRole('spinbutton', { name: 'Temperature as a number' }).fill(String(temperature));
    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    const weightsShown = page.getByRole('list', { name: 'Weights' }).getByRole('listitem');
    await weightsShown.first().waitFor({ timeout: 60_000 });
    const shown = (await weightsShown.allInnerTexts()).map(
      (text) => Number(/([\d.]+)%/.exec(text)?.[1]) / 100,
    );
    weights.forEach((weight, m) => expect(shown[m]).toBeCloseTo(weight, 3));
    await tryNext(page);

    await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    const files = await downloadZip(page);
    const text = (path: string) => new TextDecoder().decode(files.get(path));
    expect(text('README.md')).toContain('AutoModelForCausalLM.from_pretrained');
    expect(text('README.md')).toContain('language-modelling losses on 5 examples');
    const { reader } = JSON.parse(text('recipe.json')) as {
      readonly reader: { readonly scoring: { readonly losses: readonly number[] } };
    };
    expect(reader.scoring).toMatchObject({ task: 'decoder', settings: { negativeCount: 0 } });
    losses.forEach((loss, m) => expect(reader.scoring.losses[m]).toBeCloseTo(loss, 4));
    expect(app.errors).toEqual([]);
  });

  test('keep examples of either kind when what they are is corrected, and the address says so', async () => {
    const { page } = app;
    await pickFolders(page);
    await page.getByText('Sample sets').click();
    await page.getByRole('button', { name: 'Lines of Shakespeare' }).click();
    await page.getByText('Examples were added: 5.').waitFor();
    const verses = await textsOf(page);
    const kind = page.getByRole('combobox', { name: 'Scored as' });
    await kind.selectOption({ label: 'embedding model' });
    await page.getByText('The first model’s configuration says: language model.').waitFor();
    expect(await textsOf(page)).toEqual([]);
    await page.getByRole('heading', { name: 'Try it' }).waitFor();
    await expect.poll(() => page.url()).toContain('&as=encoder');
    await page.goBack();
    await expect.poll(() => textsOf(page)).toEqual(verses);
    await page.reload();
    await page.getByRole('combobox', { name: 'Scored as' }).waitFor();
    await pickFolders(page);
    expect(await textsOf(page)).toEqual(verses);
  });

  test('say once of a model that cannot be one of them that it cannot', async () => {
    const { page } = app;
    await pickFolders(page);
    const refused = page.getByRole('list', { name: 'Scored as' }).getByRole('alert');
    await drop(page, join(bert, 'a'));
    const first = await refused.elementHandle();
    await drop(page, join(bert, 'b'));
    await expect.poll(() => refused.count()).toBe(2);
    // read out when it came: it stays as it is when another comes
    expect(await first!.evaluate((alert) => alert.isConnected)).toBe(true);
  });
});

test('what language models were corrected to stays in an address that is opened, and after a reload, while they are read', async () => {
  const { page, context } = app;
  const ids = ['kitchen/base', 'kitchen/shakespeare'];
  const repositories = Object.fromEntries(ids.map((id) => [id, join(folder, id.slice('kitchen/'.length))]));
  const kitchen = await startHub({ port: hubPort, repositories });
  hub = kitchen;
  let asked = 0;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await context.route(`${kitchen.url}/**`, async (route) => {
    asked++;
    await released;
    await route.continue();
  });
  const pinned = ids.map((id) => `m=${id}@${kitchen.commit(id)}`).join('&');
  const fragment = `#${pinned}&w=examples&t=1&loss=own&dtype=F32&as=encoder`;
  const settled = async (): Promise<string> => {
    await expect.poll(() => asked).toBeGreaterThan(0);
    // longer than an address takes to settle
    await page.waitForTimeout(600);
    return new URL(page.url()).hash;
  };
  await page.goto(`${appUrl}/index.html${fragment}`);
  expect(await settled()).toBe(fragment);
  asked = 0;
  await page.reload();
  expect(await settled()).toBe(fragment);

  const steps = await page.evaluate(() => history.length);
  release();
  await page.getByText('These models fit together.').waitFor();
  await page.getByText('The first model’s configuration says: language model.').waitFor();
  expect(await settled()).toBe(fragment);
  expect(await page.evaluate(() => history.length)).toBe(steps);
  expect(app.errors).toEqual([]);
});
