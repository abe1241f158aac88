import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterEach, describe, expect, test } from 'vitest';
import { startHub, type Hub } from '../support/hub.ts';
import { clearModels, drop, openApp, setWeights, type App } from './app.ts';
import { appUrl, hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');

let app: App;
let hub: Hub | undefined;
afterEach(async () => {
  await app.close();
  await hub?.close();
  hub = undefined;
});

async function open(fragment = ''): Promise<Page> {
  app = await openApp({ fragment });
  await app.page.getByText('These models fit together.').waitFor();
  return app.page;
}

function names(page: Page): Promise<string[]> {
  return page.getByRole('list', { name: 'Models', exact: true }).getByRole('heading').allInnerTexts();
}

function fragment(page: Page): string {
  return new URL(page.url()).hash;
}

describe('the address', () => {
  test('of the untouched demo is the bare one', async () => {
    const page = await open();
    // longer than an address takes to settle
    await page.waitForTimeout(600);
    expect(page.url()).toBe(`${appUrl}/index.html`);
  });

  test('steps back and forward through models and choices, and keeps what was typed on the way', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Remove words' }).click();
    await page.getByRole('button', { name: 'Remove bank' }).click();
    await page.getByRole('button', { name: 'Make base: science' }).click();
    await setWeights(page, { science: 0.25, base: 0.75 });
    await expect.poll(() => fragment(page)).toContain('m=demo:science&m=demo:base&w=0.25,0.75');

    await page.goBack();
    expect(await page.getByRole('radio', { name: 'From the examples' }).isChecked()).toBe(true);
    await page.goBack();
    await expect.poll(() => names(page)).toEqual(['base', 'science']);
    await page.goBack();
    await expect.poll(() => names(page)).toEqual(['base', 'bank', 'science']);
    await page.goBack();
    await expect.poll(() => names(page)).toEqual(['base', 'bank', 'science', 'words']);
    expect(fragment(page)).toBe('');
    for (let i = 0; i < 4; i++) await page.goForward();
    await expect.poll(() => names(page)).toEqual(['science', 'base']);
    expect(await page.getByRole('spinbutton', { name: 'Weight of science' }).inputValue()).toBe('0.25');
    expect(app.errors).toEqual([]);
  });

  test('brings back losses with the models that they are of', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    await page.getByRole('button', { name: 'Score again' }).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Remove words' }).click();
    await page.getByText('These are of earlier models, examples or settings.').waitFor();
    await page.goBack();
    await page.getByText('These are of earlier models, examples or settings.').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Mix', exact: true }).first().waitFor();
  });

  test('survives a reload: models of the Hub, order, settings, weights, prompts', async () => {
    hub = await startHub({
      port: hubPort,
      repositories: { 'kitchen/a': join(golden, 'a'), 'kitchen/b': join(golden, 'b') },
    });
    app = await openApp();
    const { page } = app;
    await clearModels(page);
    for (const id of ['kitchen/a', 'kitchen/b']) {
      await page.getByRole('textbox', { name: 'Hub id or URL' }).fill(id);
      await page.getByRole('textbox', { name: 'Hub id or URL' }).press('Enter');
      await page.getByRole('button', { name: `Remove ${id}` }).waitFor();
    }
    await page.getByText('These models fit together.').waitFor();
    const secret = 'nobody may read this';
    await page.getByRole('button', { name: 'Add example' }).click();
    await page
      .getByRole('textbox', { name: /^Query of example/ })
      .last()
      .fill(secret);
    await page.getByRole('radio', { name: 'Reference:' }).check();
    await page.getByRole('spinbutton', { name: 'Batch size' }).fill('5');
    await page.getByRole('spinbutton', { name: 'Temperature as a number' }).fill('0.3');
    await page.getByText('Prompts').first().click();
    await page.getByRole('textbox', { name: /^Before a query: kitchen\/a/ }).fill('find: ');
    await setWeights(page, { 'kitchen/a': 0.123456789, 'kitchen/b': 0.876543211 });
    const want = `#m=kitchen/a@${hub.commit('kitchen/a')}&m=kitchen/b@${hub.commit('kitchen/b')}&q1=find:%20&d1=&w=0.123456789,0.876543211&t=0.3&loss=reference,5,512,3&dtype=F32`;
    await expect.poll(() => fragment(page)).toBe(want);
    expect(decodeURIComponent(page.url())).not.toContain(secret);

    await page.reload();
    await page.getByText('These models fit together.').waitFor();
    expect((await names(page)).map((name) => name.replace(/@.*/, ''))).toEqual(['kitchen/a', 'kitchen/b']);
    expect(await page.getByRole('spinbutton', { name: 'Weight of kitchen/a' }).getAttribute('title')).toBe(
      '0.123456789',
    );
    expect(await page.getByRole('spinbutton', { name: 'Batch size' }).inputValue()).toBe('5');
    await page.getByText('Prompts').first().click();
    expect(await page.getByRole('textbox', { name: /^Before a query: kitchen\/a/ }).inputValue()).toBe(
      'find: ',
    );
    // what the cards bring is written once they are all read
    await expect.poll(() => fragment(page)).toBe(want);
    await page.getByRole('radio', { name: 'From the examples' }).check();
    expect(await page.getByRole('spinbutton', { name: 'Temperature as a number' }).inputValue()).toBe('0.3');
  });

  test('holds the places of this computer’s models, never their names, and asks for them after a reload', async () => {
    const page = await open();
    for (const name of ['base', 'bank', 'science', 'words']) {
      await page.getByRole('button', { name: `Remove ${name}`, exact: true }).click();
    }
    await drop(page, join(golden, 'a'), join(golden, 'b'));
    await page.getByText('These models fit together.').waitFor();
    await page.getByRole('button', { name: 'Make base: b' }).click();
    await setWeights(page, { b: 0.25, a: 0.75 });
    await expect.poll(() => fragment(page)).toBe('#m=local&m=local&w=0.25,0.75&t=1&loss=own&dtype=F32');
    // Back knows them as long as the page lives
    await page.goBack();
    await page.goBack();
    await expect.poll(() => names(page)).toEqual(['a', 'b']);
    await page.goForward();
    await page.goForward();
    await expect.poll(() => names(page)).toEqual(['b', 'a']);

    await page.reload();
    await page.getByText('Model 1 is from this computer').waitFor();
    await page.getByText('Model 2 is from this computer').waitFor();
    await drop(page, join(golden, 'b'));
    await page.getByRole('button', { name: 'Remove b', exact: true }).waitFor();
    await drop(page, join(golden, 'a'));
    await page.getByText('These models fit together.').waitFor();
    expect(await page.getByRole('spinbutton', { name: 'Weight of b' }).inputValue()).toBe('0.25');
    expect(await page.getByText('is from this computer').count()).toBe(0);
  });

  test('opens embedded models with their examples', async () => {
    const page = await open('#m=demo:science&m=demo:bank&w=examples&t=0.5&loss=own&dtype=F32');
    expect(await names(page)).toEqual(['science', 'bank']);
    await page.getByRole('button', { name: 'Score', exact: true }).first().waitFor();
    await page.getByRole('textbox', { name: 'Query of example 1', exact: true }).waitFor();
  });

  test('that cannot be read is a sentence, and the demo is on the bar', async () => {
    const page = await open('#m=demo:science&m=../../etc/passwd');
    expect((await page.getByRole('alert').allInnerTexts()).join(' ')).toContain(
      'The state in this page’s address cannot be read (m=../../etc/passwd).',
    );
  });
});
