/**
 * Tries the real Hub with the app's own code, for whoever has a network:
 *
 *   npm run test:live -- owner/name[@revision]        SHAKER_HUB: another Hub; HF_TOKEN: a token
 *
 * Pins the revision, lists the files, reads the checkpoint's header in two ranges, and fetches config.json and
 * checks its hash. Prints what it saw; exits 1 when anything failed.
 */
import { KnownError } from '../src/errors.ts';
import { startDigest } from '../src/source/digest.ts';
import { openHub, pinRevision, type HubEntry, type HubSource } from '../src/source/hub.ts';
import { parseHubId } from '../src/source/hub-id.ts';
import { parseHub } from '../vite.policy.ts';

const text = process.argv[2];
if (text === undefined) {
  console.error('Name a model: npm run test:live -- sentence-transformers/all-MiniLM-L6-v2');
  process.exit(1);
}
const hubUrl = parseHub(process.env['SHAKER_HUB']).url;
const access = { hubUrl, token: process.env['HF_TOKEN'], signal: AbortSignal.timeout(60_000) };

try {
  const hubId = parseHubId(text, hubUrl);
  console.log(`${hubUrl}: ${hubId.id} at ${hubId.revision}`);
  const { commit } = await pinRevision(hubId, access);
  console.log(`pinned   ${commit}`);
  const source = openHub({ id: hubId.id, commit }, access);
  const entries = await source.list();
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`listed   ${entries.length} files, ${(total / 1e6).toFixed(1)} MB`);
  await checkHeader(source, entries);
  await checkHash(source, entries);
  console.log('equal to what the Hub states');
} catch (error) {
  process.exitCode = 1;
  if (error instanceof KnownError && error.code === 'hub-unreachable') {
    console.error(`No answer from ${hubUrl}: no network here, or that Hub is down. Nothing was tested.`);
    console.error(error.cause);
  } else {
    console.error(error);
  }
}

async function checkHeader(source: HubSource, entries: readonly HubEntry[]): Promise<void> {
  const entry = entries.find(({ path }) => path.endsWith('.safetensors'));
  if (entry === undefined) return console.log('header   no safetensors in this model');
  const blob = (await source.open(entry.path))!;
  const length = new DataView(await blob.slice(0, 8).arrayBuffer()).getBigUint64(0, true);
  if (length > 100_000_000n) throw new Error(`${entry.path}: a header of ${length} bytes`);
  const header = JSON.parse(await blob.slice(8, 8 + Number(length)).text()) as object;
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  console.log(`header   ${entry.path}, ${entry.bytes} bytes: ${names.length} tensors, e.g. ${names[0]}`);
}

async function checkHash(source: HubSource, entries: readonly HubEntry[]): Promise<void> {
  const entry = entries.find(({ path }) => path === 'config.json');
  if (entry === undefined) return console.log('hash     no config.json in this model');
  const digest = await startDigest(entry, () => Promise.reject(new Error('config.json lies in LFS')));
  for await (const piece of source.readRange(entry, 0, entry.bytes)) digest.update(piece);
  const got = await digest.digestHex();
  console.log(`hash     ${entry.path}, ${entry.bytes} bytes: ${got}`);
  if (got !== entry.hash.hex) throw new Error(`${entry.path}: the Hub states ${entry.hash.hex}`);
}
