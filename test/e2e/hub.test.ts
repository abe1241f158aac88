import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHub, type Fault, type Hub } from '../support/hub.ts';
import { hashTensors } from '../support/safetensors-hashes.ts';
import { downloadZip, drop, empty, openApp, setWeights, type App } from './app.ts';
import { hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');
const expected = JSON.parse(readFileSync(join(golden, 'expected.json'), 'utf8')) as {
  examples: { query: string; pos: string[]; neg: string[] }[];
  merge: { tensors: Record<string, { shape: number[]; sha256: string }> };
  own: { losses: number[]; weights: { temperature: number; weights: number[] }[] };
};

const hubHost = `127.0.0.1:${hubPort}`;

let hub: Hub;
let app: App;
beforeEach(async () => {
  hub = await startHub({
    port: hubPort,
    repositories: {
      'kitchen/bert-a': join(golden, 'a'),
      'kitchen/bert-b': join(golden, 'b'),
      'kitchen/gated': { folder: join(golden, 'b'), access: 'gated' },
    },
  });
  app = await openApp({ fragment: empty });
});
afterEach(async () => {
  await app.close();
  await hub.close();
});

async function addFromHub(text: string): Promise<void> {
  const field = app.page.getByRole('textbox', { name: 'Hub id or URL' });
  await field.fill(text);
  await field.press('Enter');
}

/** The page's sentences about failures, wherever they stand. */
function alerts(): Promise<string[]> {
  return app.page.getByRole('alert').allInnerTexts();
}

/** The numbers behind those that are shown, of one list of bars: what its buttons copy. */
async function exactValues(list: string): Promise<number[]> {
  const copies = app.page.getByRole('list', { name: list }).getByRole('button', { name: /^Copy exactly, / });
  const titles = await copies.evaluateAll((buttons) => buttons.map((button) => button.getAttribute('title')));
  return titles.map(Number);
}

async function giveToken(token: string): Promise<void> {
  const field = app.page.getByLabel('Hub access token');
  if (!(await field.isVisible())) {
    await app.page.getByText('Access token, for gated and private models').click();
  }
  await field.fill(token);
  await app.page.getByRole('button', { name: 'Use token' }).click();
  await app.page.getByText('The token is in use.').waitFor();
}

describe('models of the Hub', () => {
  test('two by id and one dropped, on pasted examples, mix to what the reference computed', async () => {
    const { page } = app;
    await addFromHub('kitchen/bert-a');
    await page.getByRole('button', { name: /^Remove kitchen\/bert-a/ }).waitFor();
    await addFromHub(`${hub.url}/kitchen/bert-b/tree/main`);
    await page.getByRole('button', { name: /^Remove kitchen\/bert-b/ }).waitFor();
    await drop(page, join(golden, 'c'));
    await page.getByText('These models fit together.').waitFor();

    await page.getByRole('button', { name: 'Paste examples' }).click();
    const lines = expected.examples.map((example) => JSON.stringify(example)).join('\n');
    await page.getByRole('textbox', { name: /JSON Lines/ }).fill(lines);
    await page.getByRole('button', { name: 'Use these examples' }).click();
    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    await page.getByRole('button', { name: 'Score again' }).waitFor({ timeout: 60_000 });

    const losses = await exactValues('Losses');
    expect(losses).toHaveLength(expected.own.losses.length);
    expected.own.losses.forEach((loss, m) => {
      // float32 sums in another order than torch's; the tolerance of losses on WASM, see test/parity/tolerances.ts
      expect(Math.abs(losses[m]! - loss)).toBeLessThanOrEqual(2e-5 * Math.max(1, loss));
    });

    const names = await page.getByRole('spinbutton', { name: /^Weight of/ }).count();
    expect(names).toBe(0);
    await setWeights(page, { 'kitchen/bert-a': 0.5, 'kitchen/bert-b': 0.3, c: 0.2 });
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    const files = await downloadZip(page);
    const tensors = hashTensors(files.get('model.safetensors')!);
    expect(tensors.size).toBe(Object.keys(expected.merge.tensors).length);
    for (const [name, { shape, sha256 }] of Object.entries(expected.merge.tensors)) {
      expect(tensors.get(name), name).toEqual({ dtype: 'F32', shape, sha256 });
    }
    const card = new TextDecoder().decode(files.get('README.md'));
    expect(card).toContain(hub.commit('kitchen/bert-a'));
    expect(card).toContain(hub.commit('kitchen/bert-b'));

    expect(hub.complaints).toEqual([]);
    expect(hub.log.filter(({ at }) => at === 'files').length).toBeGreaterThan(0);
    expect(app.errors).toEqual([]);
  });

  test('a token opens a gated model and never reaches the second origin', async () => {
    const { page } = app;
    await addFromHub('kitchen/gated');
    await expect
      .poll(alerts)
      .toEqual([expect.stringContaining('The Hub does not open kitchen/gated to you: it is gated.')]);
    await giveToken(hub.strangerToken);
    await expect.poll(alerts).toEqual([expect.stringContaining('it is gated.')]);
    // the card is read again by itself
    await giveToken(hub.token);
    await page.getByRole('button', { name: /^Try again/ }).waitFor({ state: 'detached' });
    await expect.poll(alerts).toEqual([]);
    await addFromHub('kitchen/bert-a');
    await page.getByText('These models fit together.').waitFor();
    await setWeights(page, { 'kitchen/gated': 0.5, 'kitchen/bert-a': 0.5 });
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    const second = hub.log.filter(({ at }) => at === 'files');
    expect(second.length).toBeGreaterThan(0);
    expect(second.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    expect(hub.log.some(({ authorization }) => authorization === `Bearer ${hub.token}`)).toBe(true);
  });

  test('a token that the Hub does not know is a sentence', async () => {
    await giveToken('hf_unknown');
    await addFromHub('kitchen/bert-a');
    await expect
      .poll(alerts)
      .toEqual([
        'The Hub does not accept the access token (asked for kitchen/bert-a). Check it, or remove it.',
      ]);
  });

  const checkpoint = 'kitchen/bert-b/model.safetensors';
  const bytes = statSync(join(golden, 'b/model.safetensors')).size;
  const print = (count: number): string => count.toLocaleString('en-GB');
  const faults: readonly (readonly [what: string, key: string, fault: Fault, sentence: string])[] = [
    // without a token there is none to refuse: the Hub's way to hide what may be private
    ['401', 'kitchen/bert-b', '401', 'The Hub shows no model kitchen/bert-b.'],
    [
      '403, gated',
      'kitchen/bert-b',
      '403-gated',
      'The Hub does not open kitchen/bert-b to you: it is gated.',
    ],
    ['404, repository', 'kitchen/bert-b', '404-repository', 'The Hub shows no model kitchen/bert-b.'],
    ['404, revision', 'kitchen/bert-b', '404-revision', 'kitchen/bert-b has no revision main.'],
    ['404, file', checkpoint, '404-file', 'kitchen/bert-b has no file model.safetensors at this commit.'],
    [
      'an ignored Range',
      checkpoint,
      'ignore-range',
      'The server did not send the part of model.safetensors of kitchen/bert-b that was asked for',
    ],
    [
      'a wrong size',
      checkpoint,
      'wrong-size',
      `model.safetensors of kitchen/bert-b came with ${print(bytes + 1)} bytes where ${print(bytes)} were expected.`,
    ],
    ['a wrong hash', checkpoint, 'wrong-hash', 'model.safetensors of kitchen/bert-b has the hash '],
    [
      'a wrong hash of a small file',
      'kitchen/bert-b/config.json',
      'wrong-hash',
      'config.json of kitchen/bert-b has the hash ',
    ],
    ['a dropped connection', checkpoint, 'drop-after-0', `The connection to ${hubHost} failed or broke off.`],
    ['no network', 'kitchen/bert-b', 'offline', `The connection to ${hubHost} failed or broke off.`],
  ];
  test.each(faults)('%s is a sentence, never a wrong file', async (_what, key, fault, sentence) => {
    const { page } = app;
    hub.faults.set(key, fault);
    await addFromHub('kitchen/bert-a');
    await addFromHub('kitchen/bert-b');
    const mix = page.getByRole('button', { name: 'Mix', exact: true }).first();
    const settled = async (): Promise<string> => {
      if ((await alerts()).length > 0) return 'refused';
      return (await page.getByText('These models fit together.').isVisible()) ? 'fits' : 'waiting';
    };
    await expect.poll(settled, { timeout: 15_000 }).not.toBe('waiting');
    const isOfValues = (await settled()) === 'fits';
    if (isOfValues) {
      // headers were fine: the fault shows when the values are fetched
      await setWeights(page, { 'kitchen/bert-a': 0.5, 'kitchen/bert-b': 0.5 });
      await mix.click();
    }
    await expect.poll(async () => (await alerts()).join(' '), { timeout: 15_000 }).toContain(sentence);
    // a known failure in its own words, not as a surprise
    expect((await alerts()).join(' ')).not.toContain('unexpected');
    expect(await page.getByRole('button', { name: 'Download zip' }).count()).toBe(0);
    expect(app.errors).toEqual([]);

    // and once the fault is gone, the same page goes on
    hub.faults.clear();
    const retry = page.getByRole('button', { name: 'Try again' });
    if (await retry.isVisible()) await retry.click();
    else if (!(await page.getByRole('button', { name: /^Remove kitchen\/bert-b/ }).isVisible())) {
      await addFromHub('kitchen/bert-b');
    }
    await page.getByText('These models fit together.').waitFor({ timeout: 15_000 });
    if (!isOfValues) return;
    await mix.click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
  });
});

describe('models on this computer', () => {
  test('three in equal shares are mixed in thirds', async () => {
    const { page } = app;
    await drop(page, join(golden, 'a'));
    await page.getByRole('button', { name: 'Remove a', exact: true }).waitFor();
    await drop(page, join(golden, 'b'), join(golden, 'c'));
    await page.getByText('These models fit together.').waitFor();
    await setWeights(page, {});
    await page.getByRole('button', { name: 'Equal shares' }).click();
    expect(await page.getByRole('spinbutton', { name: 'Weight of a' }).inputValue()).toBe('0.3333');
    await page.getByText('Sum: 1 (it must be 1)').waitFor();
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    const card = new TextDecoder().decode((await downloadZip(page)).get('README.md'));
    // float32's nearest to a third
    expect(card.match(/\| 0\.33333334 \|/g)).toHaveLength(3);
  });

  test('a folder without a model is a sentence', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shaker-empty-'));
    try {
      await drop(app.page, folder);
      const sentence = `There are no files in ${basename(folder)}. Choose a folder that holds a model.`;
      await expect.poll(alerts).toEqual([sentence]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
