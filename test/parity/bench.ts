/** The harness, built and open in Chromium with a profile on disk; folders are served from where they lie. */
import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { build } from 'vite';
import { kernelsPlugin } from '../../vite.kernels.ts';
import { chromiumArguments, findChromium } from '../support/chromium.ts';
import { browserProcess, MemoryWatch } from '../support/memory.ts';
import { serveFolders } from '../support/static-server.ts';

export interface Bench {
  /** For files that come back from the browser. */
  readonly work: string;
  openPage(): Promise<Page>;
  /** Where a folder is served. */
  baseOf(folder: string): string;
  /** Where to post a file that is to lie in `work` under `name`. */
  uploadUrl(name: string): string;
  /** Closes the browser; the most memory that its processes took above idle, in bytes, where the system can tell. */
  close(): Promise<number | undefined>;
}

export async function openBench(folders: readonly string[], work: string): Promise<Bench> {
  const built = join(work, 'harness');
  await build({
    configFile: false,
    plugins: [kernelsPlugin()],
    root: import.meta.dirname,
    base: './',
    logLevel: 'error',
    define: { __HUB__: JSON.stringify('https://huggingface.co') },
    worker: { format: 'es', plugins: () => [kernelsPlugin()] },
    build: { outDir: built, emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 2000 },
  });
  const mounts = folders.map((folder, f) => [`/folder/${f}/`, folder] as const);
  const server = await serveFolders([...mounts, ['/', built]], { uploads: work });
  const profile = join(work, 'profile');
  // a profile on disk: a private window's storage is memory
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    args: chromiumArguments(),
  });
  const memory = watchMemory(profile);
  return {
    work,
    async openPage() {
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(`page: ${error.message}`));
      await page.goto(`${server.url}/index.html`);
      await page.waitForFunction(() => 'harness' in globalThis);
      return page;
    },
    baseOf: (folder) => `${server.url}/folder/${folders.indexOf(folder)}`,
    uploadUrl: (name) => `${server.url}/upload/${encodeURIComponent(name)}`,
    async close() {
      const peakBytes = memory?.stop();
      await context.close();
      await server.close();
      return peakBytes;
    },
  };
}

/** A system without `ps` cannot be asked; numbers are compared there all the same. */
function watchMemory(profile: string): MemoryWatch | undefined {
  try {
    return new MemoryWatch(browserProcess(profile));
  } catch {
    return undefined;
  }
}
