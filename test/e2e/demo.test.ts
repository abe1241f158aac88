import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Download, Page } from 'playwright';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashTensors } from '../support/safetensors-hashes.ts';
import { readZip } from '../support/unzip.ts';
import { downloadZip, openApp, setWeights, type App } from './app.ts';
import { appUrl, dist } from './place.ts';

const expected = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/demo/expected.json'), 'utf8'),
) as {
  merge: { weights: number[]; tensors: Record<string, { shape: number[]; sha256: string }> };
  own: { weights: { temperature: number; weights: number[] }[] };
};

/** The family's files have no pooler; the reference made one up at random. */
const written = Object.entries(expected.merge.tensors).filter(([name]) => !name.startsWith('pooler.'));

/** What is fetched for the other language. */
const chinese = /\/zh-[^/]*\.js$/;

let app: App;
beforeEach(async () => void (app = await openApp({ profile: 'disk' })));
afterEach(() => app.close());

/** Clicks Download zip, and again in the moment in which it is offered again: before the browser has saved the last one. */
async function clickAsItAppears(page: Page, times: number): Promise<void> {
  await page.evaluate(async (times) => {
    const button = (): HTMLButtonElement | undefined =>
      [...document.querySelectorAll<HTMLButtonElement>('[aria-label="Next step"] button')].find(
        ({ textContent }) => textContent.trim() === 'Download zip',
      );
    for (let clicks = 0; clicks < times; clicks++) {
      while (button() === undefined) {
        await new Promise<void>((resolve) => {
          const observer = new MutationObserver(() => {
            observer.disconnect();
            resolve();
          });
          observer.observe(document.body, { childList: true, subtree: true });
        });
      }
      button()?.click();
      // the click takes the button away, once the page has drawn what it does
      while (button() !== undefined) await Promise.resolve();
    }
  }, times);
}

describe('the embedded demo', () => {
  test('is scored, mixed and downloaded in three clicks, and no request leaves the origin', async () => {
    const { page } = app;
    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    const files = await downloadZip(page);

    expect([...files.keys()].sort()).toEqual([
      '1_Pooling/config.json',
      'README.md',
      'config.json',
      'config_sentence_transformers.json',
      'model.safetensors',
      'modules.json',
      'recipe.json',
      'sentence_bert_config.json',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const config = JSON.parse(new TextDecoder().decode(files.get('config.json'))) as Record<string, unknown>;
    expect(config['torch_dtype'] ?? config['dtype']).toBe('float32');
    const tensors = hashTensors(files.get('model.safetensors')!);
    expect([...tensors.keys()].sort()).toEqual(written.map(([name]) => name).sort());

    // the card states the exact weights; torch's own differ by what the losses differ: 2e-5 nats at temperature 1
    const card = new TextDecoder().decode(files.get('README.md'));
    const want = expected.own.weights.find(({ temperature }) => temperature === 1)!.weights;
    for (const weight of want) {
      const near = [...card.matchAll(/0\.\d{5,}/g)].map(([text]) => Number(text));
      expect(near.some((value) => Math.abs(value - weight) < 3e-5)).toBe(true);
    }

    const origin = appUrl;
    // the listener sees workers too: a demo file is asked for by one
    expect(app.requests.some((url) => url.endsWith('demo/manifest.json'))).toBe(true);
    expect(app.requests.filter((url) => !url.startsWith(origin) && !url.startsWith('blob:'))).toEqual([]);
    expect(app.errors).toEqual([]);
  });

  test('mixed by hand has the tensors that the reference computed, bit for bit', async () => {
    const { page } = app;
    const [base, bank, science, words] = expected.merge.weights as [number, number, number, number];
    await setWeights(page, { base, bank, science, words });
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    const tensors = hashTensors((await downloadZip(page)).get('model.safetensors')!);
    for (const [name, { shape, sha256 }] of written) {
      expect(tensors.get(name), name).toEqual({ dtype: 'F32', shape, sha256 });
    }
  });

  test('downloads as the same complete zip each time, also while the first is still being saved', async () => {
    const { page } = app;
    await setWeights(page, { base: 0.25, bank: 0.25, science: 0.25, words: 0.25 });
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    const downloads: Download[] = [];
    page.on('download', (download) => downloads.push(download));
    await clickAsItAppears(page, 3);
    await expect.poll(() => downloads.length, { timeout: 30_000 }).toBe(3);
    const zips = await Promise.all(downloads.map(async (download) => readFileSync(await download.path())));
    expect(readZip(zips[0]!).size).toBe(11);
    for (const zip of zips) expect(zip.equals(zips[0]!)).toBe(true);
    expect(app.errors).toEqual([]);
  });

  test('says what is missing where a field is empty, and leaves alone what is half typed', async () => {
    const { page } = app;
    await setWeights(page, { base: 0.25, bank: 0.25, science: 0.25, words: 0.25 });
    const weight = page.getByRole('spinbutton', { name: 'Weight of base' });
    const fillUp = page.getByRole('button', { name: 'Make the sum 1' });
    await weight.fill('');
    await page.getByText('Sum: none while a weight is empty').waitFor();
    expect(await fillUp.isDisabled()).toBe(true);
    expect(await page.locator('main').textContent()).not.toContain('Sum: NaN');
    await weight.fill('0.5');
    await page.getByText('Sum: 1.25').waitFor();
    expect(await fillUp.isDisabled()).toBe(false);

    await page.getByRole('radio', { name: 'Reference:' }).check();
    const batchSize = page.getByRole('spinbutton', { name: 'Batch size' });
    await batchSize.fill('');
    // `1e` is no number yet; were it wiped, 2 would stand alone
    await batchSize.pressSequentially('1e2');
    expect(Number(await batchSize.inputValue())).toBe(100);
    expect(app.errors).toEqual([]);
  });

  test('forgets pasted examples that could not be read once they are given up', async () => {
    const { page } = app;
    await page.getByRole('button', { name: 'Paste examples' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('not JSON');
    await dialog.getByRole('button', { name: 'Use these examples' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('says why the other language cannot be had, and speaks it once it can', async () => {
    const { page, context } = app;
    await page.getByText('These models fit together.').waitFor();
    await context.route(chinese, (route) => route.abort());
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('A part of this page could not be loaded');
    await context.unroute(chinese);
    await page.reload();
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByText('这些模型可以混合。').waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-Hans');
    // and the next time from the start
    await page.reload();
    await page.getByText('这些模型可以混合。').waitFor();
    expect(app.errors).toEqual([]);
  });

  test('speaks the language that was chosen last, and begins in English while another is on its way', async () => {
    const { page, context } = app;
    let release = (): void => undefined;
    const hold = async (): Promise<void> => {
      const released = new Promise<void>((resolve) => (release = resolve));
      await context.unroute(chinese);
      await context.route(chinese, async (route) => {
        await released;
        await route.continue();
      });
    };
    const language = () => page.evaluate(() => document.documentElement.lang);
    const [zh, en] = ['中文', 'English'].map((name) => page.getByRole('button', { name }));
    await page.getByText('These models fit together.').waitFor();

    await hold();
    const asked = page.waitForRequest(chinese);
    await zh!.click();
    const address = (await asked).url();
    expect(await zh!.getAttribute('aria-busy')).toBe('true');
    await en!.click();
    expect(await zh!.getAttribute('aria-busy')).toBe('false');
    release();
    // the same module: whoever waited for it before has gone on when this is there
    await page.evaluate(`import(${JSON.stringify(address)}).then(() => undefined)`);
    expect([await language(), await en!.getAttribute('aria-pressed')]).toEqual(['en', 'true']);
    await zh!.click();
    await page.getByText('这些模型可以混合。').waitFor();

    await hold();
    await page.reload({ waitUntil: 'commit' });
    await page.getByText('These models fit together.').waitFor();
    expect([await language(), await zh!.getAttribute('aria-busy')]).toEqual(['en', 'true']);
    release();
    await page.getByText('这些模型可以混合。').waitFor();
    expect(await language()).toBe('zh-Hans');
    expect(app.errors).toEqual([]);
  });

  test('loads the runtime only when scoring starts, after at most 150 kB of JavaScript', async () => {
    const { page } = app;
    await page.getByRole('button', { name: 'Score', exact: true }).first().waitFor();
    await page.getByText('These models fit together.').waitFor();
    const before = [...app.requests];
    expect(before.filter((url) => url.includes('ort'))).toEqual([]);
    const scripts = [...new Set(before.filter((url) => /\.m?js$/.test(url)))];
    expect(scripts.length).toBeGreaterThan(1);
    const bytes = scripts.map((url) => gzipSync(readFileSync(join(dist, new URL(url).pathname))).length);
    // the budget of the page before scoring, gzip as a server sends it
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(150_000);

    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    await page.getByRole('button', { name: 'Score again' }).waitFor({ timeout: 60_000 });
    expect(app.requests.filter((url) => url.endsWith('.wasm')).length).toBe(1);
    expect(readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.wasm')).length).toBe(3);
  });
});
