import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHub, type Hub } from '../support/hub.ts';
import { downloadZip, empty, openApp, setWeights, type App } from './app.ts';
import { hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');

let folder: string;
let hub: Hub;
let app: App;
beforeEach(async () => {
  // a model whose last module has values of its own, which no mixture touches
  folder = mkdtempSync(join(tmpdir(), 'shaker-module-'));
  cpSync(join(golden, 'a'), folder, { recursive: true });
  const modules = JSON.parse(readFileSync(join(folder, 'modules.json'), 'utf8')) as object[];
  const cnn = { idx: 3, name: '3', path: '3_CNN', type: 'sentence_transformers.models.CNN' };
  writeFileSync(join(folder, 'modules.json'), JSON.stringify([...modules, cnn]));
  mkdirSync(join(folder, '3_CNN'));
  writeFileSync(join(folder, '3_CNN/config.json'), '{"in_word_embedding_dimension": 32, "out_channels": 16}');
  cpSync(join(golden, 'b/model.safetensors'), join(folder, '3_CNN/model.safetensors'));
  hub = await startHub({
    port: hubPort,
    repositories: { 'kitchen/module': folder, 'kitchen/bert-b': join(golden, 'b') },
  });
  app = await openApp({ fragment: empty });
  for (const id of ['kitchen/module', 'kitchen/bert-b']) {
    await app.page.getByRole('textbox', { name: 'Hub id or URL' }).fill(id);
    await app.page.getByRole('textbox', { name: 'Hub id or URL' }).press('Enter');
    await app.page.getByRole('button', { name: new RegExp(`^Remove ${id}`) }).waitFor();
  }
  await app.page.getByText('is taken as it is').waitFor();
  await setWeights(app.page, { 'kitchen/module': 0.5, 'kitchen/bert-b': 0.5 });
});
afterEach(async () => {
  await app.close();
  await hub.close();
  rmSync(folder, { recursive: true });
});

describe('a module with values of its own', () => {
  test('is in the zip as the Hub states it, and the page says that it is not mixed', async () => {
    await app.page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    await app.page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    const files = await downloadZip(app.page);
    const want = readFileSync(join(folder, '3_CNN/model.safetensors'));
    expect(Buffer.from(files.get('3_CNN/model.safetensors')!).equals(want)).toBe(true);
  });

  test('is refused when it comes with another hash', async () => {
    hub.faults.set('kitchen/module/3_CNN/model.safetensors', 'wrong-hash');
    await app.page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    const alerts = () => app.page.getByRole('alert').allInnerTexts();
    await expect
      .poll(async () => (await alerts()).join(' '), { timeout: 30_000 })
      .toMatch(/3_CNN\/model\.safetensors of kitchen\/module has the hash/);
    expect(await app.page.getByRole('button', { name: 'Download zip' }).count()).toBe(0);
  });
});
