import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startHub, type Hub, type HubRepository } from '../support/hub.ts';
import { clearModels, downloadZip, drop, openApp, setWeights, type App } from './app.ts';
import { hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');
/** Uneven, and no decimal of them is a float32: a rounding on the way would show in the bytes. */
const uneven = { base: 0.123456789, bank: 0.376543211, science: 0.2, words: 0.3 };

let folder: string;
const apps: App[] = [];
let hub: Hub | undefined;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'shaker-recipe-'))));
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  await hub?.close();
  hub = undefined;
  rmSync(folder, { recursive: true });
});

/** A browser with a profile of its own, which has never seen the page. */
async function fresh(fragment = ''): Promise<App> {
  const app = await openApp({ fragment });
  apps.push(app);
  return app;
}

async function serve(repositories: Readonly<Record<string, string | HubRepository>>): Promise<Hub> {
  hub = await startHub({ port: hubPort, repositories });
  return hub;
}

async function mix(page: Page): Promise<ReadonlyMap<string, Uint8Array>> {
  await page.getByRole('button', { name: 'Mix', exact: true }).first().click({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
  return downloadZip(page);
}

function sha256(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? new Uint8Array())
    .digest('hex');
}

function textOf(files: ReadonlyMap<string, Uint8Array>, path: string): string {
  return new TextDecoder().decode(files.get(path));
}

function save(files: ReadonlyMap<string, Uint8Array>, path: string): string {
  const file = join(folder, path);
  writeFileSync(file, files.get(path)!);
  return file;
}

async function addFromHub(page: Page, text: string): Promise<void> {
  const field = page.getByRole('textbox', { name: 'Hub id or URL' });
  await field.fill(text);
  await field.press('Enter');
  await page.getByRole('button', { name: `Remove ${text}` }).waitFor();
}

function alerts(page: Page): Promise<string[]> {
  return page.getByRole('alert').allInnerTexts();
}

describe('a saved recipe', () => {
  test('dropped into a fresh profile gives the same bytes, and says so', async () => {
    const { page } = await fresh();
    await page.getByText('These models fit together.').waitFor();
    await page.getByRole('button', { name: 'Make base: science' }).click();
    await page.getByText('Prompts').first().click();
    await page.getByRole('textbox', { name: 'Before a query: science' }).fill('find: ');
    await setWeights(page, uneven);
    const first = await mix(page);

    const second = await fresh();
    await second.page.getByText('These models fit together.').waitFor();
    await drop(second.page, save(first, 'recipe.json'));
    await second.page.getByRole('heading', { name: 'An opened recipe' }).waitFor();
    const again = await mix(second.page);
    await second.page.getByText('Equal to the recipe, byte for byte').waitFor();
    expect(sha256(again.get('model.safetensors'))).toBe(sha256(first.get('model.safetensors')));
    // the small files too, the card's link and all
    for (const [path, bytes] of first) expect(sha256(again.get(path)), path).toBe(sha256(bytes));
    expect(second.errors).toEqual([]);
  });

  test('keeps how the weights were found, and never the examples', async () => {
    const { page } = await fresh();
    const secret = 'the answer nobody may read';
    await page.getByRole('textbox', { name: 'Query of example 1' }).fill(secret);
    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    const first = await mix(page);
    const recipe = JSON.parse(textOf(first, 'recipe.json')) as {
      weights: number[];
      reader: { scoring: { losses: number[]; exampleCount: number; examplesSha256: string } };
    };
    expect(recipe.reader.scoring.losses).toHaveLength(4);
    expect(recipe.reader.scoring.examplesSha256).toMatch(/^[0-9a-f]{64}$/);
    for (const path of ['recipe.json', 'README.md']) {
      expect(textOf(first, path)).not.toContain(secret);
      expect(textOf(first, path)).not.toContain('nobody');
    }
    expect(decodeURIComponent(page.url())).not.toContain('nobody');
    expect(textOf(first, 'README.md')).toContain('| loss (nats) |');

    // a replay has them from the recipe: it scores nothing
    const second = await fresh();
    await drop(second.page, save(first, 'recipe.json'));
    await second.page.getByText(/Its weights came from examples/).waitFor();
    const again = await mix(second.page);
    expect(textOf(again, 'recipe.json')).toBe(textOf(first, 'recipe.json'));
    expect(textOf(again, 'README.md')).toBe(textOf(first, 'README.md'));
    expect(await second.page.getByRole('button', { name: 'Score again' }).count()).toBe(0);
  });

  test('asks for the models that only this computer has, and takes no other', async () => {
    const { page } = await fresh();
    await clearModels(page);
    await drop(page, join(golden, 'a'), join(golden, 'b'));
    await page.getByText('These models fit together.').waitFor();
    await setWeights(page, { a: 0.7, b: 0.3 });
    const first = await mix(page);
    await page.getByText('There is no link to this recipe, because nobody else can fetch a, b.').waitFor();
    expect(page.url()).not.toContain(golden);
    expect(textOf(first, 'README.md')).toContain(sha256(readFileSync(join(golden, 'a/model.safetensors'))));

    const second = await fresh();
    await second.page.getByText('These models fit together.').waitFor();
    await drop(second.page, save(first, 'recipe.json'));
    await second.page.getByText('drop the folder a again').waitFor();
    await second.page.getByText(sha256(readFileSync(join(golden, 'b/model.safetensors')))).waitFor();
    // another model under the same name
    cpSync(join(golden, 'c'), join(folder, 'b'), { recursive: true });
    await drop(second.page, join(folder, 'b'));
    await expect
      .poll(() => alerts(second.page), { timeout: 15_000 })
      .toEqual([expect.stringContaining('b is not the model b of the recipe: model.safetensors differs')]);
    // in another order than the recipe's
    await drop(second.page, join(golden, 'b'));
    await second.page.getByRole('button', { name: 'Remove b', exact: true }).waitFor();
    await drop(second.page, join(golden, 'a'));
    await second.page.getByText('These models fit together.').waitFor();
    const again = await mix(second.page);
    await second.page.getByText('Equal to the recipe, byte for byte').waitFor();
    expect(sha256(again.get('model.safetensors'))).toBe(sha256(first.get('model.safetensors')));
  });

  test('says which file differs when its mixture is not the stated one', async () => {
    const { page } = await fresh();
    await setWeights(page, uneven);
    const recipe = textOf(await mix(page), 'recipe.json');
    const stated = /"path": "model.safetensors",\s+"sha256": "([0-9a-f]{64})"\s+\}\s*,\s+\{/g.exec(
      recipe,
    )?.[1];
    const file = join(folder, 'renamed.json');
    writeFileSync(file, recipe.replace(stated ?? '?', 'f'.repeat(64)));

    const second = await fresh();
    await drop(second.page, file);
    await mix(second.page);
    await second.page
      .getByText(`Not equal to the recipe: model.safetensors has the SHA-256 ${stated}`)
      .waitFor();
  });

  test.each([
    ['cannot be read', '{', 'recipe.json cannot be read as a recipe'],
    [
      'is of a later version',
      '{"version": 9}',
      'recipe.json is a recipe of version 9; this page knows version 1.',
    ],
  ])('that %s is a sentence, and the page stays as it is', async (_, text, sentence) => {
    const { page } = await fresh();
    await page.getByText('These models fit together.').waitFor();
    writeFileSync(join(folder, 'recipe.json'), text);
    await drop(page, join(folder, 'recipe.json'));
    await expect.poll(() => alerts(page)).toEqual([expect.stringContaining(sentence)]);
    expect(await page.getByRole('button', { name: 'Remove science' }).count()).toBe(1);
  });
});

describe('a recipe’s link', () => {
  test('opens at the pinned commit though main has moved, reads headers only, and gives the same bytes', async () => {
    await serve({ 'kitchen/a': join(golden, 'a'), 'kitchen/b': join(golden, 'b') });
    const { page } = await fresh();
    await clearModels(page);
    await addFromHub(page, 'kitchen/a');
    await addFromHub(page, 'kitchen/b');
    await page.getByText('These models fit together.').waitFor();
    await setWeights(page, { 'kitchen/a': 0.123456789, 'kitchen/b': 0.876543211 });
    const first = await mix(page);
    const href = await page.getByRole('textbox', { name: 'Link to this recipe' }).inputValue();
    // an address of this computer is of no use to whoever reads the card
    expect(textOf(first, 'README.md')).not.toContain('#recipe=');
    const commit = hub!.commit('kitchen/a');
    await hub!.close();

    const moved = await serve({
      'kitchen/a': { folder: join(golden, 'c'), revisions: { old: join(golden, 'a') } },
      'kitchen/b': join(golden, 'b'),
    });
    expect(moved.commit('kitchen/a')).not.toBe(commit);
    const second = await fresh(new URL(href).hash);
    await second.page.getByRole('heading', { name: 'An opened recipe' }).waitFor();
    await second.page.getByText('These models fit together.').waitFor();
    // main was not asked for, and no checkpoint was read whole
    expect(moved.log.filter(({ url }) => url.includes('/main'))).toEqual([]);
    const checkpoint = statSync(join(golden, 'a/model.safetensors')).size;
    const read = moved.log.filter(({ at, url }) => at === 'files' && url.includes('model.safetensors'));
    const bytes = read.reduce((sum, line) => sum + line.bytes, 0);
    expect(bytes).toBeLessThan(checkpoint);
    // no server has seen what follows the #
    expect(moved.log.filter(({ url }) => url.includes('recipe'))).toEqual([]);

    const again = await mix(second.page);
    await second.page.getByText('Equal to the recipe, byte for byte: model.safetensors.').waitFor();
    expect(sha256(again.get('model.safetensors'))).toBe(sha256(first.get('model.safetensors')));
    // the address still is the link
    expect(new URL(second.page.url()).hash).toBe(new URL(href).hash);
    expect(second.errors).toEqual([]);
  });

  test('to a commit that is gone is a sentence', async () => {
    await serve({ 'kitchen/a': join(golden, 'a') });
    const commit = 'd'.repeat(40);
    const { page } = await fresh(
      `#recipe=1&m=kitchen/a@${commit}&m=demo:bank&w=0.5,0.5&method=linear&dtype=F32`,
    );
    await expect
      .poll(async () => (await alerts(page)).join(' '), { timeout: 15_000 })
      .toContain(`The Hub no longer has kitchen/a at the commit ${commit} that the recipe names.`);
  });

  test('that was not copied whole is a sentence, and the demo is on the bar', async () => {
    const { page } = await fresh('#recipe=1&m=demo:bank&m=demo:sci');
    await page.getByText('These models fit together.').waitFor();
    expect((await alerts(page)).join(' ')).toContain('#recipe cannot be read as a recipe');
  });

  test('names an embedded model that this page does not have', async () => {
    const { page } = await fresh('#recipe=1&m=demo:bank&m=demo:rum&w=0.5,0.5&method=linear&dtype=F32');
    await expect
      .poll(async () => (await alerts(page)).join(' '))
      .toContain('The recipe names the embedded model rum');
  });
});

describe('the model card', () => {
  test('is changed, checked and saved; the zip holds it, and the page shows its hash', async () => {
    const { page } = await fresh();
    await setWeights(page, uneven);
    const generated = textOf(await mix(page), 'README.md');
    await page.getByText('Model card').click();
    const field = page.getByRole('textbox', { name: 'README.md' });
    expect(await field.inputValue()).toBe(generated);
    const button = page.getByRole('button', { name: 'Save card' });
    expect(await button.isDisabled()).toBe(true);

    await field.fill(generated.replace('license: apache-2.0', 'license: [apache-2.0'));
    await expect
      .poll(async () => (await alerts(page)).join(' '))
      .toContain('Line 3 of the card: the Hub could not read it');
    expect(await button.isDisabled()).toBe(true);

    // of the same length: a zip that goes by lengths would be the old one
    const edited = generated.replace('tags:\n  - merge', 'tags:\n  - MERGE');
    expect(edited).not.toBe(generated);
    expect(edited.length).toBe(generated.length);
    await field.fill(edited);
    await expect.poll(() => alerts(page)).toEqual([]);
    await button.click();
    await page.getByText('Saved, read back and checked.').waitFor();
    const files = await downloadZip(page);
    expect(textOf(files, 'README.md')).toBe(edited);
    const hash = sha256(files.get('README.md'));
    const shown = page.getByRole('button', { name: /SHA-256 of README\.md/ });
    expect(await shown.getAttribute('title')).toBe(hash);
    expect((parse(edited.split('---\n')[1]!) as { tags: string[] }).tags).toContain('MERGE');

    await page.getByRole('button', { name: 'Back to the generated one' }).click();
    await button.click();
    await expect.poll(() => shown.getAttribute('title')).toBe(sha256(new TextEncoder().encode(generated)));
    expect(textOf(await downloadZip(page), 'README.md')).toBe(generated);
  });
});
