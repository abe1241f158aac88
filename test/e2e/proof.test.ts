import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashTensors } from '../support/safetensors-hashes.ts';
import { clearModels, downloadZip, drop, openApp, setWeights, type App } from './app.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');

let app: App;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shaker-proof-'));
  app = await openApp();
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

async function mix(): Promise<readonly string[]> {
  const { page } = app;
  await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
  await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 120_000 });
  return page.getByRole('list', { name: 'Proof' }).getByRole('listitem').allInnerTexts();
}

describe('the proof', () => {
  test('of the demo in float16 is on the page, and the file is what it says', async () => {
    const { page } = app;
    await setWeights(page, { base: 0.25, bank: 0.25, science: 0.25, words: 0.25 });
    await page.getByText(/will be written in float32: 1\.86M parameters, 7\.4\d MB/).waitFor();
    await page.getByRole('radio', { name: 'float16', exact: false }).first().check();
    await page.getByText(/will be written in float16: 1\.86M parameters, 3\.7\d MB/).waitFor();

    // what a screen reader is told while the page works
    await page.evaluate(() => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      const listen = new MutationObserver(() => {
        for (const status of document.querySelectorAll('[role=status]')) said.push(status.textContent);
      });
      listen.observe(document.body, { childList: true, subtree: true, characterData: true });
    });
    const checks = await mix();
    expect(checks).toEqual([
      expect.stringMatching(/^Read back\. Passed\. .*: 11, 3\.\d+ MB\.$/),
      expect.stringMatching(/^Header\. Passed\. .*: \d+\.$/),
      expect.stringMatching(/^Values\. Passed\. .*: 1,858,560\.$/),
      expect.stringMatching(/^SHA-256\. Passed\. .*: 11\.$/),
      expect.stringMatching(
        /^Smoke run\. Passed\. Your first example .*: difference 0[.\d]*, at most 0\.00001\.$/,
      ),
    ]);
    const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    for (const name of ['Read back', 'Values', 'Smoke run']) {
      expect(said.some((text) => text.trim().startsWith(`${name}. Passed.`))).toBe(true);
    }

    const files = await downloadZip(page);
    const tensors = [...hashTensors(files.get('model.safetensors')!).values()];
    expect(new Set(tensors.map(({ dtype }) => dtype))).toEqual(new Set(['F16']));
    const config = JSON.parse(new TextDecoder().decode(files.get('config.json'))) as Record<string, unknown>;
    expect(config['torch_dtype'] ?? config['dtype']).toBe('float16');
    expect(new TextDecoder().decode(files.get('README.md'))).toContain('stored as float16');
    expect(app.errors).toEqual([]);
  });

  test('of models that cannot be scored says “Not smoke-run” and why', async () => {
    const { page } = app;
    for (const model of ['a', 'b']) {
      cpSync(join(golden, model), join(folder, model), { recursive: true });
      const path = join(folder, model, 'config.json');
      const config = JSON.parse(readFileSync(path, 'utf8')) as object;
      writeFileSync(path, JSON.stringify({ ...config, model_type: 'mamba' }));
    }
    await clearModels(page);
    await drop(page, join(folder, 'a'), join(folder, 'b'));
    await page.getByRole('button', { name: 'Remove b', exact: true }).waitFor();
    await setWeights(page, { a: 0.5, b: 0.5 });
    const checks = await mix();
    expect(checks.slice(0, 4).every((text) => text.includes('Passed.'))).toBe(true);
    expect(checks[4]).toMatch(/^Smoke run\. Not smoke-run\. a is of type mamba, which cannot be scored/);
    expect((await downloadZip(page)).has('model.safetensors')).toBe(true);
    expect(app.errors).toEqual([]);
  });
});
