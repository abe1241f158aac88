/** The first station: a search of the Hub, what it offers and refuses, licences before the merge, and the way back. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHub, type Hub } from '../support/hub.ts';
import { makeShelf } from '../support/hub-shelf.ts';
import { drop, empty, openApp, type App } from './app.ts';
import { hubPort } from './place.ts';

const shelf = makeShelf();
afterAll(() => shelf.remove());

let hub: Hub;
let app: App;
beforeEach(async () => {
  hub = await startHub({ port: hubPort, repositories: shelf.repositories });
  app = await openApp({ fragment: empty });
});
afterEach(async () => {
  await app.close();
  await hub.close();
  expect(hub.complaints).toEqual([]);
  expect(app.errors).toEqual([]);
});

const field = () => app.page.getByRole('textbox', { name: 'Hub id or URL' });
const results = () => app.page.getByRole('region', { name: 'Models found on the Hub' });
const row = (id: string) => results().getByRole('listitem', { name: id, exact: true });

async function search(words: string): Promise<void> {
  await field().fill(words);
  await field().press('Enter');
}

/** The text of what has the focus, or the field's name. */
function focused(): Promise<string> {
  return app.page.evaluate(() => {
    const { activeElement } = document;
    return activeElement?.getAttribute('aria-label') ?? activeElement?.id ?? '';
  });
}

/** The names of the cards, in order, with how their swatches are painted. */
function cards(): Promise<string[]> {
  return app.page
    .getByRole('list', { name: 'Models', exact: true })
    .locator('> li:has(h3)')
    .evaluateAll((items) =>
      items.map((item) => {
        const swatch = item.querySelector<HTMLElement>('.head span');
        return `${item.querySelector('h3')?.textContent} ${swatch?.style.getPropertyValue('--paint')}`;
      }),
    );
}

describe('a search', () => {
  test('asks only when it is submitted, and adds from the list', async () => {
    const { page } = app;
    await field().pressSequentially('bert kitchen');
    await page.getByRole('button', { name: 'Search', exact: true }).waitFor();
    expect(hub.log).toEqual([]);
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('Models found: 8. Most downloaded first.').waitFor();
    await expect
      .poll(() => row('kitchen/bert-a').innerText())
      .toMatch(/1\.23M downloads · 34K parameters, 136 kB · bert · apache-2\.0 · updated Jan 2026/);
    expect(hub.log.filter(({ method }) => method === 'GET')).toHaveLength(1);

    await page.getByRole('button', { name: 'Add kitchen/bert-a' }).click();
    await row('kitchen/bert-a').getByText('On the bar').waitFor();
    await page.getByRole('button', { name: 'Add kitchen/bert-bare' }).click();
    await page.getByText('These models fit together.').waitFor();
    // the words stay, to be mended
    expect(await field().inputValue()).toBe('bert kitchen');
  });

  test('says of each model that cannot be used why', async () => {
    await search('kitchen');
    const reasons: readonly [string, string][] = [
      ['kitchen/bert-lora', 'is an adapter (LoRA or the like)'],
      ['kitchen/bert-onnx', 'has no checkpoint'],
      ['kitchen/bert-4bit', 'are quantised (gptq)'],
      ['kitchen/bert-gguf', 'are quantised (GGUF)'],
      ['kitchen/bert-gated', 'it is gated'],
    ];
    for (const [id, reason] of reasons) {
      expect(await row(id).innerText()).toContain(reason);
      expect(await row(id).getByRole('button').count()).toBe(0);
    }
    expect(await row('kitchen/mamba-small').innerText()).toContain(
      'It can be mixed with weights set by hand.',
    );
    expect(await row('kitchen/mamba-small').getByRole('button').count()).toBe(1);
    await app.page.getByText('Access token, for gated and private models').click();
    await app.page.getByLabel('Hub access token').fill(hub.token);
    await app.page.getByRole('button', { name: 'Use token' }).click();
    await row('kitchen/bert-gated').getByRole('button').waitFor();
  });

  test('works by keyboard alone, and Escape leads back to the field', async () => {
    const { page } = app;
    await field().focus();
    await page.keyboard.type('bert-a');
    await page.keyboard.press('Enter');
    await row('kitchen/bert-a').waitFor();
    // past the button of the field, Close and the list that scrolls
    for (let stops = 0; (await focused()) !== 'Add kitchen/bert-a' && stops < 6; stops++) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Remove kitchen\/bert-a/ }).waitFor();
    expect(await focused()).toBe('Add kitchen/bert-a');
    await page.keyboard.press('Escape');
    await results().waitFor({ state: 'hidden' });
    expect(await focused()).toBe('hub-text');
    expect(await field().inputValue()).toBe('bert-a');
  });

  test('offers a single word as an id, and says what spaces did', async () => {
    const { page } = app;
    await search('gpt2');
    await page.getByText('No model on the Hub matches “gpt2”.').waitFor();
    await page.getByRole('button', { name: 'Add gpt2 as an id' }).click();
    await expect
      .poll(() => page.getByRole('alert').allInnerTexts())
      .toEqual([expect.stringContaining('The Hub shows no model gpt2.')]);
    await search('kitchen / bert-a');
    await page.getByText('An id has no spaces, so this was searched for.').waitFor();
    await page.getByRole('button', { name: 'Add kitchen/bert-a as an id' }).click();
    await page.getByRole('button', { name: /^Remove kitchen\/bert-a/ }).waitFor();
  });

  test('says where it happened that it failed, and tries again', async () => {
    hub.faults.set('search', 'offline');
    await search('bert');
    await expect
      .poll(() => app.page.getByRole('alert').allInnerTexts())
      .toEqual([expect.stringContaining('failed or broke off')]);
    hub.faults.clear();
    await app.page.getByRole('button', { name: 'Try again' }).click();
    await row('kitchen/bert-a').waitFor();
    expect(await app.page.getByRole('alert').count()).toBe(0);
  });

  test.each([
    ['https://huggingface.co/datasets/a/b', 'is not a model on the Hub: data sets, spaces and other pages'],
    ['https://huggingface.co/spaces/a/b', 'is not a model on the Hub: data sets, spaces and other pages'],
    ['https://github.com/a/b', 'is a page of github.com, not of the Hub.'],
  ])('of %s is a sentence, and no request', async (text, sentence) => {
    await search(text);
    await expect
      .poll(() => app.page.getByRole('alert').allInnerTexts())
      .toEqual([expect.stringContaining(sentence)]);
    expect(await field().inputValue()).toBe(text);
    expect(hub.log).toEqual([]);
  });
});

describe('licences', () => {
  test('that forbid, differ or are unknown are named before the merge, which stays possible', async () => {
    const { page } = app;
    for (const id of ['kitchen/bert-a', 'kitchen/bert-b', 'kitchen/bert-bare']) await search(id);
    await page.getByText('These models fit together.').waitFor();
    const notes = await page.getByRole('list', { name: 'How the models fit together' }).innerText();
    expect(notes).toMatch(/cc-by-nc-nd-4\.0 of kitchen\/bert-b@\w+ forbids passing on changed versions/);
    expect(notes).toMatch(/cc-by-nc-nd-4\.0 of kitchen\/bert-b@\w+ forbids commercial use/);
    expect(notes).toMatch(/The licences differ: apache-2\.0 \(kitchen\/bert-a@\w+\); cc-by-nc-nd-4\.0/);
    expect(notes).toMatch(/What the licence of kitchen\/bert-bare@\w+ allows is not known/);
    await page.getByRole('radio', { name: 'By hand' }).check();
    await page.getByRole('button', { name: 'Mix', exact: true }).first().waitFor();
  });

  test('of one model twice: it is said, and not refused', async () => {
    const { page } = app;
    for (const id of ['kitchen/bert-a', 'kitchen/bert-a']) await search(id);
    await page.getByText(/is on the bar more than once \(cards 1, 2\)/).waitFor();
    await page.getByText('These models fit together.').waitFor();
  });
});

describe('undo', () => {
  test('puts removed models back in their places and colours, without a request', async () => {
    const { page } = app;
    await page.goto(page.url().replace(empty, ''));
    await page.getByText('These models fit together.').waitFor();
    const before = await cards();
    expect(before).toHaveLength(4);
    const asked = app.requests.length;
    await page.getByRole('button', { name: 'Remove bank' }).focus();
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Remove science');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Remove words');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Remove base');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('hub-text');
    for (const name of ['base', 'words', 'science', 'bank']) {
      await page.getByRole('button', { name: `Undo: put ${name} back` }).focus();
      await page.keyboard.press('Enter');
      await expect.poll(focused).toBe(`Remove ${name}`);
    }
    expect(await cards()).toEqual(before);
    await page.getByText('These models fit together.').waitFor();
    expect(app.requests.slice(asked)).toEqual([]);
    expect(await page.getByRole('button', { name: /^Undo/ }).count()).toBe(0);
  });
});

describe('bad files', () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 90868376\n`;
  const config = '{"model_type":"bert"}';
  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'an LFS pointer',
      { 'config.json': config, 'model.safetensors': pointer },
      'm/model.safetensors is not the file itself but a Git LFS pointer to it: 133 bytes that stand for 90,868,376.',
    ],
    [
      'a zip as torch saves it',
      { 'config.json': config, 'model.safetensors': 'PK\x03\x04\0\0\0\0' },
      'm/model.safetensors is a zip archive under another name',
    ],
    [
      'a web page as config.json',
      { 'config.json': '<!DOCTYPE html>', 'model.safetensors': 'x' },
      'm/config.json is a web page under another name',
    ],
    [
      'an empty checkpoint',
      { 'config.json': config, 'model.safetensors': '' },
      'm/model.safetensors is empty',
    ],
    ['no config.json', { 'model.safetensors': 'x' }, 'm has no config.json'],
    ['a card alone', { 'README.md': '# m' }, 'No model was found in m'],
    ['an adapter', { 'adapter_config.json': '{}', 'adapter_model.safetensors': 'x' }, 'm is an adapter'],
  ])('%s: a sentence that says what it is', async (_, files, sentence) => {
    const root = mkdtempSync(join(tmpdir(), 'shaker-bad-'));
    try {
      const folder = join(root, 'm');
      mkdirSync(folder);
      for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text, 'latin1');
      await drop(app.page, folder);
      await expect
        .poll(() => app.page.getByRole('alert').allInnerTexts())
        .toEqual([expect.stringContaining(sentence)]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
