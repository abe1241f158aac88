/**
 * The stand-in Hub for use by hand and by other clients:
 *
 *   npx tsx test/support/hub-serve.ts --port 9999 owner/name=FOLDER [owner/name@v1=FOLDER] …
 *
 * Prints its address and then every request. `--access private|gated` holds for all of them.
 */
import { parseArgs } from 'node:util';
import { startHub, type HubRepository } from './hub.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string', default: '9999' }, access: { type: 'string', default: 'public' } },
});

const repositories: Record<string, HubRepository> = {};
for (const text of positionals) {
  const [, id, revision = 'main', folder] = /^([^@=]+)(?:@([^=]+))?=(.+)$/.exec(text) ?? [];
  if (id === undefined || folder === undefined) throw new Error(`not owner/name=FOLDER: ${text}`);
  const access = values.access as NonNullable<HubRepository['access']>;
  const { folder: main = folder, revisions } = repositories[id] ?? {};
  repositories[id] = { folder: main, access, revisions: { ...revisions, [revision]: folder } };
}
if (positionals.length === 0) throw new Error('name at least one model: owner/name=FOLDER');

const hub = await startHub({ repositories, port: Number(values.port) });
console.log(`${hub.url} (files: ${hub.cdnUrl}; token: ${hub.token})`);
for (const id of Object.keys(repositories)) console.log(`  ${id} at ${hub.commit(id)}`);

let shown = 0;
setInterval(() => {
  for (const { at, method, url, status, bytes } of hub.log.slice(shown)) {
    console.log(`${at} ${method} ${url} ${status} ${bytes}`);
  }
  shown = hub.log.length;
  for (const complaint of hub.complaints.splice(0)) console.log(`REFUSED ${complaint}`);
}, 200);
