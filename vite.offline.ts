/**
 * Builds the service worker as `sw.js` at the root of the app, so that its scope is the app's own folder, and writes into
 * it what it keeps: every file of the build and of `public/`, with its hash. Its version is a hash of all of them.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'vite';
import type { RuntimeBuild } from './src/graph/runtime.ts';
import type { AppFile, AppVersion } from './src/offline/copy.ts';

const fileName = 'sw.js';

/** Not part of what a page loads. */
const leftOut = [fileName, '_headers'];

/** Which build of the runtime a WebAssembly file belongs to: the name's word for it, none for the CPU's. */
const builds: Readonly<Record<string, RuntimeBuild>> = { '': 'wasm', '.jspi': 'jspi', '.asyncify': 'webgpu' };

export function offlinePlugin(): Plugin {
  let publicDir = '';
  let root = '';
  return {
    name: 'shaker-offline',
    apply: 'build',
    configResolved(config) {
      ({ publicDir, root } = config);
    },
    buildStart() {
      this.emitFile({ type: 'chunk', id: join(root, 'src/offline/copy-worker.ts'), fileName });
    },
    generateBundle: {
      // after the page has been written
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle[fileName];
        if (worker?.type !== 'chunk' || worker.imports.length > 0 || worker.exports.length > 0) {
          throw new Error(`${fileName} must be one script of its own`);
        }
        const contents = new Map<string, string | Uint8Array>(listPublic(publicDir));
        for (const [path, file] of Object.entries(bundle)) {
          contents.set(path, file.type === 'chunk' ? file.code : file.source);
        }
        const version = toVersion(contents);
        worker.code = worker.code.replace(/\b__APP__\b/, () => JSON.stringify(version));
      },
    },
  };
}

/** Everything that is kept of these files, by path; the page itself counts for the version and is kept by its folder's address. */
export function toVersion(contents: ReadonlyMap<string, string | Uint8Array>): AppVersion {
  const whole = createHash('sha256');
  const files: AppFile[] = [];
  for (const [path, content] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const integrity = `sha256-${createHash('sha256').update(content).digest('base64')}`;
    whole.update(`${path}\0${integrity}\n`);
    if (path === 'index.html' || leftOut.includes(path)) continue;
    files.push({ path, integrity, ...buildOf(path) });
  }
  return { version: whole.digest('hex').slice(0, 16), files };
}

function buildOf(path: string): { readonly build?: RuntimeBuild } {
  if (!path.endsWith('.wasm')) return {};
  const name = /ort-wasm-simd-threaded(\.\w+)?-[^.]+\.wasm$/.exec(path);
  const build = name === null ? undefined : builds[name[1] ?? ''];
  if (build === undefined) throw new Error(`${path} belongs to no build of the runtime that is known`);
  return { build };
}

function listPublic(folder: string): readonly (readonly [string, Uint8Array])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [relative(folder, file).split(sep).join('/'), readFileSync(file)] as const);
}
