/**
 * Makes `public/demo/`, the models that come with the app, from a folder that holds one folder a model and
 * `examples.json`:
 *
 *   npx tsx tools/demo.ts FOLDER [NAME …]      names in the order of the page's cards, the base first
 *
 * Copies the models with their cards, the licences from tools/demo-licences/, the examples and the sample sets from
 * tools/demo-samples/, and writes `manifest.json` with every file's size and SHA-256 (its shape: src/source/demo.ts).
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoFile, DemoManifest, DemoSample } from '../src/source/demo.ts';

const target = new URL('../public/demo/', import.meta.url).pathname;
const licences = new URL('demo-licences/', import.meta.url).pathname;
const samples = new URL('demo-samples/', import.meta.url).pathname;
/** In the order of the page's menu. */
const sampleIds = ['assistant', 'banking', 'science', 'words', 'intents', 'verses'];

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined)
  throw new Error('name the folder of the models: npx tsx tools/demo.ts FOLDER [NAME …]');
const chosen = names.length > 0 ? names : ['base', 'bank', 'science', 'words'];

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
await copy(licences, join(target, 'licences'));
await copy(samples, join(target, 'samples'));
await copy(join(folder, 'examples.json'), join(target, 'examples.json'));

const models: DemoManifest['models'][number][] = [];
for (const name of chosen) {
  await copy(join(folder, name), join(target, name));
  const paths = (await readdir(join(target, name), { recursive: true, withFileTypes: true }))
    .filter((found) => found.isFile())
    .map((found) => join(found.parentPath, found.name).slice(join(target, name).length + 1));
  models.push({
    name,
    files: await Promise.all(paths.sort().map((path) => describe(join(target, name), path))),
  });
}
const manifest: DemoManifest = {
  models,
  examples: await describe(target, 'examples.json'),
  samples: await Promise.all(sampleIds.map(describeSample)),
};
await writeFile(join(target, 'manifest.json'), `${JSON.stringify(manifest, undefined, 1)}\n`);

const bytes = models.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
console.log(`${models.length} models, ${(bytes / 1e6).toFixed(1)} MB, in public/demo/`);

async function copy(from: string, to: string): Promise<void> {
  // links are followed, and what was read-only there is not so here
  await cp(from, to, { recursive: true, dereference: true, mode: 0 });
}

async function describeSample(id: string): Promise<DemoSample> {
  const path = `samples/${id}.json`;
  const { kind, source, licence } = JSON.parse(await readFile(join(target, path), 'utf8')) as DemoSample;
  return { id, kind, source, licence, ...(await describe(target, path)) };
}

async function describe(base: string, path: string): Promise<DemoFile> {
  const content = await readFile(join(base, path));
  return { path, bytes: content.byteLength, sha256: createHash('sha256').update(content).digest('hex') };
}
