import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumArguments, findChromium } from './test/support/chromium.ts';
import { longTests, placeCount } from './test/e2e/places.ts';
import { hubCommands } from './test/support/hub-commands.ts';
import { kernelsPlugin } from './vite.kernels.ts';
import { languagesPlugin } from './vite.languages.ts';
import { offlinePlugin } from './vite.offline.ts';
import { headersOf, isolation, parseHub, policyPlugin } from './vite.policy.ts';

/** The Hub that the app asks, fixed when it is built: tests and mirrors need no branch in the code. */
const hub = parseHub(process.env['SHAKER_HUB']);

/** What the Hub's client brings for uploads is dropped where nothing calls it: these packages only define. */
const treeshake = {
  moduleSideEffects: [{ test: /@huggingface\/(blake3-jit|xetchunk-wasm)/, sideEffects: false }],
};

const testing = process.env['VITEST'] !== undefined;

export default defineConfig({
  base: './',
  define: { __HUB__: JSON.stringify(hub.url) },
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/ui/messages',
      strategy: ['localStorage', 'preferredLanguage', 'baseLocale'],
      // a module a language, so that each can come by itself
      outputStructure: 'locale-modules',
    }),
    languagesPlugin('en'),
    svelte({ configFile: false }),
    kernelsPlugin(),
    policyPlugin(hub),
    offlinePlugin(),
  ],
  server: { headers: isolation },
  preview: { headers: headersOf(hub) },
  worker: { format: 'es', plugins: () => [kernelsPlugin()], rolldownOptions: { treeshake } },
  build: { target: 'es2023', chunkSizeWarningLimit: 1000 },
  optimizeDeps: {
    exclude: ['onnxruntime-web'],
    include: [
      ...['@huggingface/hub', '@huggingface/tokenizers', 'comlink', 'client-zip', 'papaparse'],
      ...['valibot', 'yaml'],
    ],
  },
  test: {
    reporters: ['default', './test/support/closing-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          // one level after the other: they would compete for the same cores
          sequence: { groupOrder: 0 },
          environment: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**', 'test/e2e/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          sequence: { groupOrder: 1 },
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            commands: hubCommands,
            provider: playwright({
              launchOptions: testing ? { executablePath: findChromium(), args: chromiumArguments() } : {},
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          sequence: { groupOrder: 2 },
          environment: 'node',
          include: ['test/e2e/**/*.test.ts'],
          exclude: process.env['SHAKER_LONG'] === undefined ? longTests : [],
          globalSetup: ['test/e2e/setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // as long as a slow machine takes, and as the waits between attempts at the Hub
          expect: { poll: { timeout: 20_000 } },
          maxWorkers: placeCount,
        },
      },
    ],
  },
});
