/**
 * Compiles the kernels (src/tensor/assembly, AssemblyScript) to WebAssembly when the app is built, served or tested, and hands
 * them over as the text `virtual:kernels`: a few kB, which thus come with the worker that needs them.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const name = 'virtual:kernels';
const folder = join(import.meta.dirname, 'src/tensor/assembly');

export function kernelsPlugin(): Plugin {
  return {
    name: 'shaker-kernels',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    async load(id) {
      if (id !== `\0${name}`) return undefined;
      for (const file of readdirSync(folder)) this.addWatchFile(join(folder, file));
      return `export const kernelsBase64 = ${JSON.stringify((await compileKernels()).toString('base64'))};`;
    },
  };
}

let compiled: Promise<Buffer> | undefined;

/** Optimising takes seconds: once a process, and once for these sources, whose bytes are kept under their hash. */
function compileKernels(): Promise<Buffer> {
  return (compiled ??= readKept().catch(compile));
}

const flags = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];

function readSources(): ReadonlyMap<string, string> {
  return new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

/** Where the bytes are kept: a cache's folder, which is no part of the project. */
function placeOf(sources: ReadonlyMap<string, string>): string {
  const lock = readFileSync(join(import.meta.dirname, 'package-lock.json'), 'utf8');
  const version = /"node_modules\/assemblyscript": \{\s*"version": "([^"]+)"/.exec(lock)?.[1];
  const made = JSON.stringify([version, flags, ...sources]);
  const hash = createHash('sha256').update(made).digest('hex').slice(0, 16);
  return join(import.meta.dirname, `.cache/kernels-${hash}.wasm`);
}

async function readKept(): Promise<Buffer> {
  return readFileSync(placeOf(readSources()));
}

/** Throws with the compiler's own words. */
async function compile(): Promise<Buffer> {
  const { default: asc } = await import('assemblyscript/asc');
  const sources = readSources();
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...flags], {
    readFile: (path) => sources.get(path) ?? null,
    writeFile(_path, contents) {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  const said = stderr.toString();
  if (error !== null || binary === undefined || said !== '') {
    throw new Error(`the kernels do not compile: ${said}${error?.message ?? ''}`, { cause: error });
  }
  const place = placeOf(sources);
  mkdirSync(dirname(place), { recursive: true });
  // another process may be at it: a name of its own first
  writeFileSync(`${place}.${process.pid}`, binary);
  renameSync(`${place}.${process.pid}`, place);
  return Buffer.from(binary);
}
