/** One mixing by a peer, as a process of its own: bench/peers/. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases.ts';
import { availableBytes, MemorySamples, readResident } from './resident.ts';
import type { Outcome } from './run.ts';

const runners = join(import.meta.dirname, '../peers');
const names = { LM_Cocktail: 'lm-cocktail', mergekit: 'mergekit' } as const;

export type Peer = keyof typeof names;

/** Left to the rest of the machine: a peer that wants more is stopped, and that is its result. */
const reserveBytes = 1.5e9;

export interface PeerPlaces {
  /** What bench/peers/setup.sh made. */
  readonly peers: string;
  /** What tools/make_pair.py made. */
  readonly models: string;
  /** For the output, which is removed. */
  readonly work: string;
}

export async function runPeer(peer: Peer, mix: Case, places: PeerPlaces): Promise<Outcome> {
  const python = join(places.peers, names[peer], 'bin/python');
  if (!existsSync(python)) return { failed: 'not installed: bench/peers/setup.sh' };
  const output = join(places.work, `out-${names[peer]}`);
  rmSync(output, { recursive: true, force: true });
  const job = {
    models: mix.models.map((model) => join(places.models, mix.made, model)),
    ...{ weights: mix.weights, type: mix.type, output },
    dtype: mix.dtype === 'F32' ? 'float32' : 'bfloat16',
  };
  try {
    return (await measureProcess(python, `${names[peer]}.py`, job, output)).outcome;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

export interface Ended {
  readonly outcome: Outcome;
  /** Seconds of each call that it printed. */
  readonly afterImports: readonly number[];
  /** The end of what it printed. */
  readonly said: string;
}

/** One process of a runner of bench/peers, from its start to its end. */
export async function measureProcess(
  python: string,
  runner: string,
  job: object,
  output: string,
): Promise<Ended> {
  const started = performance.now();
  // all models are folders: nothing is to be asked of the network
  const inputs = [join(runners, runner), JSON.stringify(job)];
  const child = spawn(python, inputs, { env: { ...process.env, HF_HUB_OFFLINE: '1' } });
  let said = '';
  const hear = (text: Buffer): void => void (said = (said + text.toString()).slice(-20_000));
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const limitBytes = availableBytes() - reserveBytes;
  let full = false;
  const samples = new MemorySamples(readResident(child.pid ?? 0), undefined, ({ ownBytes }) => {
    if (ownBytes <= limitBytes) return;
    full = true;
    child.kill('SIGKILL');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const seconds = (performance.now() - started) / 1000;
  samples.stop();
  const peak = samples.peak();
  const afterImports = [...said.matchAll(/^after imports: ([\d.]+)/gm)].map(([, value]) => Number(value));
  const failed = full
    ? `stopped: it took more than ${(limitBytes / 1e9).toFixed(1)} GB`
    : `ended with ${code}: ${lastLine(said)}`;
  if (full || code !== 0) return { outcome: { failed }, afterImports, said };
  const outcome = {
    ...{ seconds, otherSeconds: afterImports[0] ?? Number.NaN, writtenBytes: folderBytes(output) },
    ...{ peakBytes: peak.ownBytes, peakMappedBytes: peak.mappedBytes },
  };
  return { outcome, afterImports, said };
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split(/[\r\n]+/)
      .at(-1) ?? ''
  );
}

function folderBytes(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries.reduce((sum, path) => {
    const found = statSync(join(folder, path));
    return found.isFile() ? sum + found.size : sum;
  }, 0);
}
