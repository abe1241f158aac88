/** The one stand-in: the picker returns a folder of the browser's private file system, and what happens to that folder in the middle. */
import type { Page, Worker } from 'playwright';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mixByHand, openApp, openTab, setQuota, storedFiles, type App } from './app.ts';

let app: App;
beforeEach(async () => {
  app = await openApp({ profile: 'disk' });
  await app.context.addInitScript(() => {
    const pick = async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true });
    Object.assign(window, { showDirectoryPicker: pick });
  });
  await app.page.reload();
});
afterEach(() => app.close());

const name = 'mix-of-base-bank-science-words';

async function mix(page: Page): Promise<void> {
  await mixByHand(page, { base: 0.25, bank: 0.25, science: 0.25, words: 0.25 });
}

function saveButton(page: Page) {
  return page.getByRole('button', { name: `Save in a folder: ${name}` }).first();
}

async function filesWorker(page: Page): Promise<Worker> {
  for (const worker of page.workers()) {
    if ((await worker.evaluate(() => self.name)) === 'files') return worker;
  }
  throw new Error('there is no files worker');
}

/** From here on, writing past `afterBytes` in the picked folder is refused, or waits for ever. */
async function inject(page: Page, what: 'denied' | 'stalled', afterBytes: number): Promise<void> {
  const worker = await filesWorker(page);
  await worker.evaluate(
    ({ what, afterBytes }) => {
      let written = 0;
      const prototype = FileSystemWritableFileStream.prototype;
      const write = prototype.write;
      prototype.write = function (data) {
        written += (data as Uint8Array).byteLength;
        if (written <= afterBytes) return write.call(this, data);
        if (what === 'stalled') return new Promise<void>(() => undefined);
        // a permission that was withdrawn is gone for removing, too
        return Promise.reject(new DOMException('The request is not allowed', 'NotAllowedError'));
      };
    },
    { what, afterBytes },
  );
}

function picked(page: Page): Promise<Record<string, number>> {
  return storedFiles(page, 'picked');
}

/** By the browser's own hash: megabytes are slow to bring here. */
function hashPicked(page: Page, path: string): Promise<string> {
  return page.evaluate(async (path) => {
    const names = ['picked', ...path.split('/')];
    const last = names.pop()!;
    let folder = await navigator.storage.getDirectory();
    for (const name of names) folder = await folder.getDirectoryHandle(name);
    const file = await (await folder.getFileHandle(last)).getFile();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }, path);
}

/** Path to SHA-256 as the page states them. */
async function statedHashes(page: Page): Promise<Record<string, string>> {
  const rows = page.getByRole('table', { name: 'Files of the mixture' }).first().locator('tbody tr');
  const pairs = await rows.evaluateAll((rows) =>
    rows.map((row) => [
      row.querySelector('th')?.textContent ?? '',
      row.querySelector('button[title]')?.getAttribute('title') ?? '',
    ]),
  );
  return Object.fromEntries(pairs) as Record<string, string>;
}

describe('saving in a folder', () => {
  test('writes every file, reads it back, and never writes over what is there', async () => {
    const { page } = app;
    await mix(page);
    await saveButton(page).click();
    await page.getByRole('status').getByText(`Saved in picked/${name}.`).waitFor();
    const stated = await statedHashes(page);
    expect(Object.keys(stated)).toContain('1_Pooling/config.json');
    const files = await picked(page);
    expect(Object.keys(files).sort()).toEqual(
      Object.keys(stated)
        .map((path) => `${name}/${path}`)
        .sort(),
    );
    for (const [path, sha256] of Object.entries(stated)) {
      expect(await hashPicked(page, `${name}/${path}`), path).toBe(sha256);
    }
    await saveButton(page).click();
    await page.getByRole('status').getByText(`Saved in picked/${name}-2.`).waitFor();
    expect(Object.keys(await picked(page)).length).toBe(2 * Object.keys(stated).length);
    expect(app.errors).toEqual([]);
  });

  test('is offered in the list of what is kept, too, also after a reload', async () => {
    const { page } = app;
    await mix(page);
    await page.reload();
    await page.getByRole('heading', { name: /^Kept in this browser/ }).click();
    await saveButton(page).click();
    await page.getByText(`Saved in picked/${name}.`).waitFor();
    expect((await picked(page))[`${name}/model.safetensors`]).toBeGreaterThan(7_000_000);
  });

  test('is not offered where the browser has no dialog for folders', async () => {
    const { page } = app;
    await app.context.addInitScript(() => Reflect.deleteProperty(window, 'showDirectoryPicker'));
    await page.reload();
    await mix(page);
    expect(await page.getByRole('button', { name: /in a folder/ }).count()).toBe(0);
  });

  test('is a sentence when the permission is withdrawn in the middle; the half is removed and the mixture stays', async () => {
    const { page } = app;
    await mix(page);
    const before = await storedFiles(page, 'shaker-1');
    await inject(page, 'denied', 500_000);
    await saveButton(page).click();
    const alert = page.getByRole('alert');
    await alert.getByText(`This page may no longer write in ${name}`).waitFor();
    expect(await alert.count()).toBe(1);
    expect(await picked(page)).toEqual({});
    expect(await storedFiles(page, 'shaker-1')).toEqual(before);
    expect(await page.getByText('Saved in').count()).toBe(0);
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor();
  });

  test('says what is left there when even that cannot be removed any more', async () => {
    const { page } = app;
    await mix(page);
    await inject(page, 'denied', 500_000);
    await page.evaluate(() => {
      FileSystemDirectoryHandle.prototype.removeEntry = () =>
        Promise.reject(new DOMException('The request is not allowed', 'NotAllowedError'));
    });
    await saveButton(page).click();
    await expect
      .poll(() => page.getByRole('alert').allInnerTexts())
      .toEqual([
        expect.stringContaining(`This page may no longer write in ${name}`),
        expect.stringContaining(
          `What was begun in picked is not complete and could not be removed: delete ${name} there`,
        ),
      ]);
    // nothing there can be taken for a model
    expect((await picked(page))[`${name}/model.safetensors`]).toBe(0);
  });

  test('is a sentence when the disk is full', async () => {
    const { page } = app;
    await mix(page);
    const before = await storedFiles(page, 'shaker-1');
    const { usage = 0 } = await page.evaluate(() => navigator.storage.estimate());
    await setQuota(page, usage + 3_000_000);
    await saveButton(page).click();
    await page
      .getByRole('alert')
      .getByText(`There is no more room for model.safetensors in ${name}.`)
      .waitFor();
    expect(await picked(page)).toEqual({});
    expect(await storedFiles(page, 'shaker-1')).toEqual(before);
  });

  test('shows how far it is and stops within a second, and removes what was begun', async () => {
    const { page } = app;
    await mix(page);
    await inject(page, 'stalled', 500_000);
    await saveButton(page).click();
    await page
      .getByText(/^Saving /)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Stop' }).first().click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 2000 });
    expect(await picked(page)).toEqual({});
    expect(await page.getByRole('alert').count()).toBe(0);
    // a new worker, and it works
    await saveButton(page).click();
    await page.getByRole('status').getByText(`Saved in picked/${name}.`).waitFor();
  });

  test('leaves nothing that looks complete when the tab is closed in the middle, and the mixture can be saved again', async () => {
    await mix(app.page);
    await inject(app.page, 'stalled', 500_000);
    await saveButton(app.page).click();
    // the last of the files is begun
    await expect.poll(async () => Object.keys(await picked(app.page))).toContain(`${name}/model.safetensors`);
    await app.page.close();
    const page = await openTab(app);
    const left = await picked(page);
    expect(left[`${name}/config.json`]).toBeGreaterThan(0);
    expect(left[`${name}/model.safetensors`]).toBe(0);
    await page.getByRole('heading', { name: /^Kept in this browser/ }).click();
    await page.getByText('models 0, mixtures 1, unfinished 0').waitFor();
    await saveButton(page).click();
    await page.getByText(`Saved in picked/${name}-2.`).waitFor();
  });
});
