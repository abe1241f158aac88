/**
 * The embedded demo as a person does it: opens the page at ADDRESS (what `npm start` printed), makes the three
 * clicks, and leaves in FOLDER the downloaded `mixture.zip` and `embeddings.json`, what the tab computes from it. For
 * tools/verify_zip.py, which opens the same zip in Python.
 *
 *   npx tsx tools/demo-job.ts http://localhost:4173 FOLDER
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright';
import { openBench } from '../test/parity/bench.ts';
import type { Harness } from '../test/parity/page.ts';
import { chromiumArguments, findChromium } from '../test/support/chromium.ts';
import { readZip } from '../test/support/unzip.ts';

declare const harness: Harness;

const texts = [
  'How do I cancel my card?',
  'what is the weather like in Lisbon',
  'Statins lower the risk of stroke.',
  'a container that holds liquid',
  '今天的天气怎么样',
];

async function downloadDemo(address: string, target: string): Promise<number> {
  const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArguments() });
  try {
    const page = await browser.newPage({ locale: 'en-GB' });
    const started = performance.now();
    await page.goto(address);
    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click({ timeout: 60_000 });
    const download = page.waitForEvent('download', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Download zip' }).first().click({ timeout: 60_000 });
    await (await download).saveAs(target);
    return (performance.now() - started) / 1000;
  } finally {
    await browser.close();
  }
}

/** Embeddings of the zip's model, by the app's own code in Chromium: (texts, dim). */
async function embedZip(zip: string, work: string): Promise<readonly (readonly number[])[]> {
  const files = readZip(readFileSync(zip));
  for (const [path, bytes] of files) {
    const target = join(work, 'unpacked', path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  const paths = [...files.keys()];
  const model = paths[0]!.split('/')[0]!;
  const folder = join(work, 'unpacked');
  const bench = await openBench([folder], work);
  try {
    const page = await bench.openPage();
    const models = [{ model, paths: paths.map((path) => path.slice(model.length + 1)) }];
    const { outputs } = await page.evaluate(
      ([family, model, texts]) => harness.outputs(family, model, texts, 'cpu'),
      [{ base: bench.baseOf(folder), models }, model, texts] as const,
    );
    return outputs;
  } finally {
    await bench.close();
  }
}

const [address, folder] = process.argv.slice(2);
if (address === undefined || folder === undefined)
  throw new Error('npx tsx tools/demo-job.ts ADDRESS FOLDER');
mkdirSync(folder, { recursive: true });
const zip = join(folder, 'mixture.zip');
const seconds = await downloadDemo(address, zip);
console.log(`${zip}: scored, mixed and downloaded in ${seconds.toFixed(1)} s from opening`);
const work = mkdtempSync(join(tmpdir(), 'shaker-demo-'));
try {
  writeFileSync(
    join(folder, 'embeddings.json'),
    JSON.stringify({ texts, embeddings: await embedZip(zip, work) }),
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
