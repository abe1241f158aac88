import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHub, type Hub } from '../support/hub.ts';
import { hashTensors } from '../support/safetensors-hashes.ts';
import { downloadZip, empty, openApp, setWeights, type App } from './app.ts';
import { hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');
const { merge } = JSON.parse(readFileSync(join(golden, 'expected.json'), 'utf8')) as {
  merge: { tensors: Record<string, { sha256: string }> };
};
const ids = ['kitchen/bert-a', 'kitchen/bert-b', 'kitchen/bert-c'] as const;

let hub: Hub;
let app: App;
beforeEach(async () => {
  const repositories = Object.fromEntries(ids.map((id) => [id, join(golden, id.slice(-1))]));
  hub = await startHub({ port: hubPort, repositories });
  app = await openApp({ fragment: empty });
});
afterEach(async () => {
  await app.close();
  await hub.close();
});

test('a download waits for the network, says so, stops at once, and goes on by itself to the same bytes', async () => {
  const { page, context } = app;
  for (const id of ids) {
    const field = page.getByRole('textbox', { name: 'Hub id or URL' });
    await field.fill(id);
    await field.press('Enter');
    await page.getByRole('button', { name: new RegExp(`^Remove ${id}`) }).waitFor();
  }
  await page.getByText('These models fit together.').waitFor();
  await setWeights(page, { [ids[0]]: 0.5, [ids[1]]: 0.3, [ids[2]]: 0.2 });
  const mix = page.getByRole('button', { name: 'Mix', exact: true }).first();
  const waiting = page.getByText('Waiting for the network…').first();
  const checkpoint = `${ids[1]}/model.safetensors`;

  // headers come; of the values half, and then the network goes
  const lose = async (bytes: 70_000 | 30_000): Promise<void> => {
    hub.faults.set(checkpoint, [`stall-after-${bytes}`]);
    await mix.click();
    await expect.poll(() => hub.faults.size).toBe(0);
    await context.setOffline(true);
    await waiting.waitFor();
  };
  await lose(70_000);
  await page.getByRole('button', { name: 'Stop', exact: true }).first().click();
  await mix.waitFor({ timeout: 1000 });

  // what had come by then is there: the rest of the file is less
  await context.setOffline(false);
  await lose(30_000);
  await context.setOffline(false);
  await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
  const tensors = hashTensors((await downloadZip(page)).get('model.safetensors')!);
  const hashes = Object.fromEntries([...tensors].map(([name, { sha256 }]) => [name, sha256]));
  const expected = Object.entries(merge.tensors).map(([name, { sha256 }]) => [name, sha256] as const);
  expect(hashes).toEqual(Object.fromEntries(expected));
  expect(app.errors).toEqual([]);
});
