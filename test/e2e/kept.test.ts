import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHub, type Hub } from '../support/hub.ts';
import { hashTensors } from '../support/safetensors-hashes.ts';
import { readZip } from '../support/unzip.ts';
import {
  clearModels,
  mixByHand,
  openApp,
  openTab,
  setQuota,
  setWeights,
  storedFiles,
  sum,
  type App,
} from './app.ts';
import { hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');

let withModule: string;
let hub: Hub;
let app: App;
beforeEach(async () => {
  withModule = mkdtempSync(join(tmpdir(), 'shaker-module-'));
  makeModule(withModule);
  hub = await startHub({
    port: hubPort,
    repositories: {
      'kitchen/bert-a': join(golden, 'a'),
      'kitchen/bert-b': join(golden, 'b'),
      'kitchen/module': withModule,
    },
  });
  app = await openApp({ profile: 'disk' });
});
afterEach(async () => {
  await app.close();
  await hub.close();
  rmSync(withModule, { recursive: true });
});

/** A model whose last module's values are fetched after the mixture's own are written: a merge that can be held in the middle. */
function makeModule(folder: string): void {
  cpSync(join(golden, 'a'), folder, { recursive: true });
  const modules = JSON.parse(readFileSync(join(folder, 'modules.json'), 'utf8')) as object[];
  const module = { idx: 3, name: '3', path: '3_CNN', type: 'sentence_transformers.models.CNN' };
  writeFileSync(join(folder, 'modules.json'), JSON.stringify([...modules, module]));
  mkdirSync(join(folder, '3_CNN'));
  writeFileSync(join(folder, '3_CNN/config.json'), '{"in_word_embedding_dimension": 32, "out_channels": 16}');
  cpSync(join(golden, 'b/model.safetensors'), join(folder, '3_CNN/model.safetensors'));
}

async function addFromHub(page: Page, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const field = page.getByRole('textbox', { name: 'Hub id or URL' });
    await field.fill(id);
    await field.press('Enter');
    await page.getByRole('button', { name: new RegExp(`^Remove ${id}`) }).waitFor();
  }
  // a module beyond the transformer is a note, which stands in the place of this
  await page.getByText(/These models fit together\.|is taken as it is/).waitFor();
}

function section(page: Page): Locator {
  return page.getByRole('region', { name: /^Kept in this browser/ });
}

async function unfold(page: Page): Promise<Locator> {
  const kept = section(page);
  await kept.getByRole('heading', { name: /^Kept in this browser/ }).click();
  return kept;
}

/** Begins to mix, and holds it after model.safetensors was written, before the job is complete. */
async function holdMerge(page: Page): Promise<void> {
  await clearModels(page);
  await addFromHub(page, 'kitchen/module', 'kitchen/bert-b');
  hub.faults.set('kitchen/module/3_CNN/model.safetensors', 'stall');
  await setWeights(page, { 'kitchen/module': 0.5, 'kitchen/bert-b': 0.5 });
  await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
  const held = async (): Promise<boolean> =>
    Object.keys(await storedFiles(page)).some((path) => path.endsWith('3_CNN/model.safetensors.part'));
  await expect.poll(held, { timeout: 30_000 }).toBe(true);
}

describe('what is kept in this browser', () => {
  test('is nothing at first: the embedded models take no room', async () => {
    const { page } = app;
    await page.getByText('These models fit together.').waitFor();
    const kept = await unfold(page);
    await kept.getByRole('heading', { name: 'Kept in this browser: nothing' }).waitFor();
    await kept.getByText('will stand here until you delete them').waitFor();
    await kept.getByText('Take it as a hint').waitFor();
    expect(await kept.getByRole('button').count()).toBe(0);
    expect(sum(await storedFiles(page))).toBe(0);
  });

  test('lists models and mixtures with what they take, and deletes one at a time', async () => {
    const { page } = app;
    await clearModels(page);
    await addFromHub(page, 'kitchen/bert-a', 'kitchen/bert-b');
    const kept = await unfold(page);
    await kept.getByRole('row', { name: /kitchen\/bert-a .* only its small files/ }).waitFor();
    await mixByHand(page, { 'kitchen/bert-a': 0.5, 'kitchen/bert-b': 0.5 });
    await kept.getByRole('row', { name: /kitchen\/bert-a .* complete/ }).waitFor();
    await kept.getByRole('row', { name: /^mix-of-bert-a-bert-b/ }).waitFor();
    await kept.getByText('models 2, mixtures 1, unfinished 0').waitFor();
    const before = await storedFiles(page);
    const ofModel = Object.entries(before).filter(
      ([path]) => path.includes('bert-a/'.replace('/', '')) && path.startsWith('shaker-1/hub/'),
    );
    expect(ofModel.length).toBeGreaterThan(5);

    // by keyboard, and whoever did it stays near
    await kept.getByRole('button', { name: /^Delete kitchen\/bert-a, / }).focus();
    await page.keyboard.press('Enter');
    await kept
      .getByRole('status')
      .getByText(/^Deleted kitchen\/bert-a: .* free again\.$/)
      .waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY');
    const after = await storedFiles(page);
    expect(sum(before) - sum(after)).toBe(sum(Object.fromEntries(ofModel)));
    expect(Object.keys(after).filter((path) => path.includes('bert-a/'))).toEqual([]);
    await kept.getByText('models 1, mixtures 1, unfinished 0').waitFor();
    // the card knows that it has to be downloaded again
    const card = page.getByRole('listitem').filter({ hasText: 'kitchen/bert-a' }).first();
    await expect.poll(() => card.getByText('140 kB').count()).toBe(1);
    expect(app.errors).toEqual([]);
  });

  test('keeps a mixture over a new one and over a reload, and it can be had again', async () => {
    const { page } = app;
    await mixByHand(page, { base: 1, bank: 0, science: 0, words: 0 });
    const first = await downloadBy(page, page.getByRole('button', { name: 'Download zip' }).first());
    await mixByHand(page, { base: 0, bank: 1, science: 0, words: 0 });
    await page.reload();
    await page.getByText('These models fit together.').waitFor();
    const kept = await unfold(page);
    await kept.getByText('models 0, mixtures 2, unfinished 0').waitFor();

    // newest first
    const zips = kept.getByRole('button', { name: /^Download zip: mix-of-/ });
    const again = await downloadBy(page, zips.nth(1));
    expect(again.equals(first)).toBe(true);
    const other = await downloadBy(page, zips.nth(0));
    const tensors = [again, other].map((zip) => hashTensors(checkpointOf(zip)));
    expect(tensors[0]).not.toEqual(tensors[1]);

    await kept.getByText('Files', { exact: true }).first().click();
    const card = await downloadBy(page, kept.getByRole('button', { name: 'Download README.md' }).first());
    expect(card.toString()).toContain('mix-of-');
    expect(app.errors).toEqual([]);
  });

  test('is deleted as a whole after one question, and Cancel deletes nothing', async () => {
    const { page } = app;
    await clearModels(page);
    await addFromHub(page, 'kitchen/bert-a', 'kitchen/bert-b');
    await mixByHand(page, { 'kitchen/bert-a': 0.5, 'kitchen/bert-b': 0.5 });
    const kept = await unfold(page);
    await kept.getByText('models 2, mixtures 1, unfinished 0').waitFor();
    const before = await storedFiles(page);
    const ask = kept.getByRole('button', { name: 'Delete all' });
    await ask.click();
    const dialog = page.getByRole('dialog', { name: 'Delete all that is kept?' });
    await dialog.getByText('There is no undo.').waitFor();
    // what cannot be undone is not what Enter does
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    expect(await storedFiles(page)).toEqual(before);

    await ask.click();
    await dialog.getByRole('button', { name: 'Delete all' }).click();
    await kept.getByRole('heading', { name: 'Kept in this browser: nothing' }).waitFor();
    expect(sum(await storedFiles(page))).toBe(0);
    // it was the mixture of this page, too
    await page.getByRole('button', { name: 'Mix', exact: true }).first().waitFor();
    expect(app.errors).toEqual([]);
  });
});

describe('two tabs', () => {
  test('one cannot delete the mixture that the other offers, until that is closed', async () => {
    await mixByHand(app.page, { base: 1, bank: 0, science: 0, words: 0 });
    const other = await openTab(app);
    const kept = await unfold(other);
    await kept.getByText('In use: another tab offers it.').waitFor();
    expect(await kept.getByRole('button', { name: /^Delete/ }).count()).toBe(0);
    // the page that offers it may
    const own = await unfold(app.page);
    await own.getByRole('button', { name: /^Delete mix-of-/ }).waitFor();

    await app.page.close();
    const remove = kept.getByRole('button', { name: /^Delete mix-of-/ });
    await expect
      .poll(async () => {
        // as a person comes back to the tab
        await other.evaluate(() => window.dispatchEvent(new Event('focus')));
        return remove.count();
      })
      .toBe(1);
    await remove.click();
    await kept.getByRole('heading', { name: 'Kept in this browser: nothing' }).waitFor();
    expect(sum(await storedFiles(other))).toBe(0);
  });

  test('one says what the other is mixing, and deletes nothing of it', async () => {
    await holdMerge(app.page);
    const other = await openTab(app);
    const kept = await unfold(other);
    await kept.getByText('In use: it is being mixed.').waitFor();
    expect(await kept.getByText('In use: it is being downloaded, scored or mixed.').count()).toBe(2);
    expect(await kept.getByRole('button', { name: /^Delete kitchen|^Delete mix/ }).count()).toBe(0);
    expect(await kept.getByRole('button', { name: 'Delete all' }).isDisabled()).toBe(true);
  });
});

describe('a tab that is closed while mixing', () => {
  test('leaves nothing that looks complete, and what it left can be deleted', async () => {
    await holdMerge(app.page);
    await app.page.close();
    const page = await openTab(app);
    const kept = await unfold(page);
    const left = kept.getByRole('button', { name: /^Delete mix-of-module-bert-b, / });
    await expect
      .poll(async () => {
        await page.evaluate(() => window.dispatchEvent(new Event('focus')));
        return left.count();
      })
      .toBe(1);
    await kept.getByText('models 2, mixtures 0, unfinished 1').waitFor();
    await kept.getByText('What can be continued goes on from the last whole chunk').waitFor();
    expect(await page.getByRole('button', { name: /Download .*zip/ }).count()).toBe(0);

    const before = await storedFiles(page, 'shaker-1/jobs');
    expect(Object.keys(before).some((path) => path.endsWith('/output/model.safetensors'))).toBe(true);
    expect(Object.keys(before).filter((path) => path.endsWith('/complete'))).toEqual([]);
    await left.click();
    await kept.getByText('models 2, mixtures 0, unfinished 0').waitFor();
    expect(await storedFiles(page, 'shaker-1/jobs')).toEqual({});
  });

  test('is told of where the page begins, and goes on from what is written', async () => {
    await holdMerge(app.page);
    await app.page.close();
    hub.faults.clear();
    const page = await openTab(app);
    const told = page.getByRole('region', { name: 'A mixture was left unfinished' });
    await expect
      .poll(async () => {
        await page.evaluate(() => window.dispatchEvent(new Event('focus')));
        return told.count();
      })
      .toBe(1);
    await told.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    await page.getByText('of it had been written before').waitFor();
    const files = await storedFiles(page, 'shaker-1/jobs');
    expect(Object.keys(files).filter((path) => path.endsWith('/complete'))).toHaveLength(1);
  });
});

describe('a disk that is full', () => {
  test('in the middle of writing is a sentence, and all that was there before stays', async () => {
    const { page } = app;
    await mixByHand(page, { base: 1, bank: 0, science: 0, words: 0 });
    const before = await storedFiles(page);
    // 7.4 MB are to be written: the first chunks fit, and not all of it
    const { usage = 0 } = await page.evaluate(() => navigator.storage.estimate());
    await setQuota(page, usage + 3_000_000);
    await setWeights(page, { base: 0, bank: 1, science: 0, words: 0 });
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    const alert = page.getByRole('alert');
    await alert.getByText('There is no more room in this browser for model.safetensors.').waitFor();
    expect(await alert.innerText()).toContain('delete something under “Kept in this browser”');
    // what was begun goes away once it is said that there is no room
    await expect.poll(() => storedFiles(page)).toEqual(before);
    const kept = await unfold(page);
    await kept.getByText('models 0, mixtures 1, unfinished 0').waitFor();
    // the earlier one can still be had
    await setQuota(page, undefined);
    await downloadBy(page, kept.getByRole('button', { name: /^Download zip: / }));
    expect(app.errors).toEqual([]);
  });

  test('is told of before, as a note that leads to what can be deleted', async () => {
    const { page } = app;
    await page.getByText('These models fit together.').waitFor();
    expect(await page.getByText('This may not fit').count()).toBe(0);
    // the word of another browser is put in: Chromium states 10 GB of room whatever there is
    await page.evaluate(() => {
      navigator.storage.estimate = () => Promise.resolve({ usage: 1_000_000, quota: 5_000_000 });
      window.dispatchEvent(new Event('focus'));
    });
    await page
      .getByText(/This may not fit: it takes 7\.4\d MB, and this browser says that [\d.]+ MB are free\./)
      .waitFor();
    await page.getByRole('button', { name: 'Show what is kept' }).click();
    await section(page).getByText('will stand here until you delete them').waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY');
    // a note, no refusal
    expect(await page.getByRole('button', { name: 'Score', exact: true }).first().isEnabled()).toBe(true);
  });
});

describe('a browser that hides its storage', () => {
  test('says so, and what to do', async () => {
    // as a person does who blocks all cookies and site data
    const blocked = await openApp({
      preferences: { profile: { default_content_setting_values: { cookies: 2 } } },
    });
    try {
      const { page } = blocked;
      await page.getByText('These models fit together.').waitFor();
      const sentence =
        /This browser’s storage cannot be used \(.*\)\. Leave private browsing, or allow this page to store files\./;
      const kept = await unfold(page);
      await kept.getByText(sentence).waitFor();
      await setWeights(page, { base: 1, bank: 0, science: 0, words: 0 });
      await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
      await page.getByRole('alert').getByText(sentence).waitFor();
      expect(await page.getByRole('button', { name: 'Download zip' }).count()).toBe(0);
    } finally {
      await blocked.close();
    }
  });
});

async function downloadBy(page: Page, button: Locator): Promise<Buffer> {
  const started = page.waitForEvent('download', { timeout: 60_000 });
  await button.click();
  return readFileSync(await (await started).path());
}

function checkpointOf(zip: Buffer): Uint8Array {
  const found = [...readZip(zip)].find(([path]) => path.endsWith('/model.safetensors'));
  if (!found) throw new Error('the zip has no checkpoint');
  return found[1];
}
