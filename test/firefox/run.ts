/**
 * `npm run test:firefox [-- DIST]`: the demo job in a stock Firefox, from a server with the headers that give threads
 * and from one without. Builds the app unless DIST holds it built. Prints what holds and what does not, and the
 * tally last; exits 0 only when everything holds.
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lossTolerance } from '../parity/tolerances.ts';
import { hashTensors } from '../support/safetensors-hashes.ts';
import { serveFolders } from '../support/static-server.ts';
import { openFirefox, type FirefoxApp } from './app.ts';

interface Expected {
  readonly merge: {
    readonly weights: readonly number[];
    readonly tensors: Readonly<Record<string, { readonly shape: number[]; readonly sha256: string }>>;
  };
  readonly own: { readonly losses: readonly number[] };
}

const root = join(import.meta.dirname, '../..');
const expected = JSON.parse(readFileSync(join(root, 'test/fixtures/demo/expected.json'), 'utf8')) as Expected;
const names = ['base', 'bank', 'science', 'words'];

const tally = { passed: 0, failed: 0 };

async function holds(sentence: string, check: () => Promise<void>): Promise<void> {
  const started = performance.now();
  try {
    await check();
    tally.passed++;
    console.log(`  ok      ${sentence} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    tally.failed++;
    console.log(`  FAILED  ${sentence}\n${error instanceof Error ? error.stack : String(error)}`);
  }
}

function build(): string {
  const dist = join(root, '.cache/firefox/dist');
  const environment = { ...process.env, NODE_ENV: 'production' };
  execFileSync('npx', ['vite', 'build', '--outDir', dist, '--emptyOutDir', '--logLevel', 'error'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return dist;
}

/** The exact numbers of the losses, in the order of the cards: what their buttons copy. */
async function readLosses({ page }: FirefoxApp): Promise<readonly number[]> {
  const titles = await page.$$eval('ul[aria-label="Losses"] button', (buttons) =>
    buttons.map((button) => button.getAttribute('title')),
  );
  return titles.map(Number);
}

async function runDemo(dist: string, isolation: 'isolated' | 'none', threads: RegExp): Promise<void> {
  const server = await serveFolders([['/', dist]], isolation === 'none' ? { headers: {} } : {});
  const app = await openFirefox(`${server.url}/index.html`);
  const { page } = app;
  console.log(`${app.version}, ${isolation === 'isolated' ? 'isolated' : 'a server without headers'}`);
  try {
    await holds('the demo is scored on WASM to what the reference computed', async () => {
      await app.button('Score').click();
      await app.button('Score again').wait();
      const losses = await readLosses(app);
      assert.equal(losses.length, expected.own.losses.length);
      expected.own.losses.forEach((loss, m) => {
        const tolerance = lossTolerance('wasm', loss);
        assert.ok(
          Math.abs(losses[m]! - loss) <= tolerance,
          `${names[m]}: ${losses[m]}, not ${loss} within ${tolerance}`,
        );
      });
      assert.match(await page.$eval('main', (main) => main.textContent), threads);
    });
    await holds('the mixture by its losses is downloaded as a zip with a model in it', async () => {
      await app.button('Mix').click();
      const files = await app.downloadZip();
      for (const path of ['README.md', 'config.json', 'model.safetensors', 'tokenizer.json']) {
        assert.ok(files.has(path), `${path} is missing: ${[...files.keys()].join(', ')}`);
      }
      assert.ok(hashTensors(files.get('model.safetensors')!).size > 0);
    });
    await holds('nothing went wrong unseen, and no request left the origin', async () => {
      assert.deepEqual(app.errors, []);
      // the listener sees workers too: a demo file is asked for by one
      assert.ok(app.requests.some((url) => url.endsWith('demo/manifest.json')));
      // Firefox asks for a font of its own at a data: address
      const left = app.requests.filter((url) => /^(http|ws)/.test(url) && !url.startsWith(server.url));
      assert.deepEqual(left, []);
    });
  } finally {
    await app.close();
    await server.close();
  }
}

async function runByHand(dist: string, isolation: 'isolated' | 'none'): Promise<void> {
  const server = await serveFolders([['/', dist]], isolation === 'none' ? { headers: {} } : {});
  const app = await openFirefox(`${server.url}/index.html`);
  try {
    await holds('mixed by hand, every tensor is the reference’s, bit for bit', async () => {
      await app.setWeights(Object.fromEntries(names.map((name, m) => [name, expected.merge.weights[m]!])));
      await app.button('Mix').click();
      const tensors = hashTensors((await app.downloadZip()).get('model.safetensors')!);
      // the family's files have no pooler; the reference made one up at random
      const written = Object.entries(expected.merge.tensors).filter(([name]) => !name.startsWith('pooler.'));
      assert.deepEqual([...tensors.keys()].sort(), written.map(([name]) => name).sort());
      for (const [name, { shape, sha256 }] of written) {
        assert.deepEqual(tensors.get(name), { dtype: 'F32', shape, sha256 }, name);
      }
      assert.deepEqual(app.errors, []);
    });
  } finally {
    await app.close();
    await server.close();
  }
}

const given = process.argv[2];
const dist = given === undefined ? build() : resolve(given);
try {
  // as many as the machine has, four at most; on a machine of one core that is one
  await runDemo(dist, 'isolated', /threads: \d/);
  await runByHand(dist, 'isolated');
  await runDemo(dist, 'none', /threads: 1\b/);
  await runByHand(dist, 'none');
} catch (error) {
  tally.failed++;
  console.error(error instanceof Error ? error.message : error);
}
console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
process.exit(tally.failed === 0 ? 0 : 1);
