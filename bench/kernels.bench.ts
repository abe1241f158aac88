/**
 * How near do the kernels of src/tensor come to copying memory?
 *
 *   npm run bench:kernels
 *
 * In Node and in a worker of Chromium, on one thread: GB of bytes read and written a second, and the ratio to a copy in the same
 * engine. Kernels and sizes: kernels/measure.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { build } from 'vite';
import { kernelsPlugin } from '../vite.kernels.ts';
import { chromiumArguments, findChromium } from '../test/support/chromium.ts';
import { serveFolders } from '../test/support/static-server.ts';
import type { measureKernels, Rate } from './kernels/measure.ts';

/** With the kernels compiled in, as only the build can have them. */
async function buildInto(work: string, entry: string, out: string, ssr: boolean): Promise<void> {
  await build({
    ...{ configFile: false, plugins: [kernelsPlugin()], logLevel: 'error', root: import.meta.dirname },
    build: {
      ...{ outDir: work, emptyOutDir: false, target: 'es2023', ssr },
      rolldownOptions: {
        input: join(import.meta.dirname, entry),
        output: { entryFileNames: out },
      },
    },
  });
}

async function inNode(work: string): Promise<readonly Rate[]> {
  writeFileSync(join(work, 'package.json'), '{ "type": "module" }');
  await buildInto(work, 'kernels/measure.ts', 'measure.js', true);
  const built = (await import(join(work, 'measure.js'))) as {
    measureKernels: typeof measureKernels;
  };
  return built.measureKernels();
}

async function inChromium(work: string): Promise<readonly Rate[]> {
  await buildInto(work, 'kernels/kernels.worker.ts', 'worker.js', false);
  writeFileSync(join(work, 'index.html'), '<!doctype html><title>kernels</title>');
  const server = await serveFolders([['/', work]]);
  const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArguments() });
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/index.html`);
    return await page.evaluate(runWorker);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** In the page. */
function runWorker(): Promise<readonly Rate[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker('worker.js', { type: 'module' });
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }: MessageEvent<{ rates?: readonly Rate[]; error?: string }>) => {
      if (data.rates === undefined) reject(new Error(data.error));
      else resolve(data.rates);
    };
  });
}

function print(engine: string, rates: readonly Rate[]): void {
  const copy = rates.find(({ kernel }) => kernel === 'copy')?.gigabytesPerSecond ?? Number.NaN;
  console.log(`| ${engine} | GB/s | of a copy |\n|---|---|---|`);
  for (const { kernel, gigabytesPerSecond } of rates) {
    console.log(
      `| ${kernel} | ${gigabytesPerSecond.toFixed(2)} | ${(gigabytesPerSecond / copy).toFixed(2)} |`,
    );
  }
  console.log('');
}

const work = mkdtempSync(join(tmpdir(), 'shaker-kernels-'));
try {
  print('Node', await inNode(work));
  print('Chromium, a worker', await inChromium(work));
} finally {
  rmSync(work, { recursive: true, force: true });
}
