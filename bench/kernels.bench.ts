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
import { measureKernels, type Rate } from './kernels/measure.ts';

async function inChromium(): Promise<readonly Rate[]> {
  const work = mkdtempSync(join(tmpdir(), 'shaker-kernels-'));
  await build({
    ...{ configFile: false, plugins: [kernelsPlugin()], logLevel: 'error', root: import.meta.dirname },
    build: {
      ...{ outDir: work, emptyOutDir: true, target: 'es2023' },
      rolldownOptions: {
        input: join(import.meta.dirname, 'kernels/kernels.worker.ts'),
        output: { entryFileNames: 'worker.js' },
      },
    },
  });
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
    rmSync(work, { recursive: true, force: true });
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

print('Node', await measureKernels());
print('Chromium, a worker', await inChromium());
