/** Runs a range of cases in child processes and survives whatever they do. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kind } from './cases.ts';
import type { Result } from './child.ts';

const script = fileURLToPath(new URL('child.ts', import.meta.url));

/** Nothing is said for so long: a case hangs. Generous, because the machine may have other work. */
const silenceMs = 30_000;

/** What a batch left: its results, and the case that ended it before its end. */
export interface Batch {
  readonly folder: string;
  readonly results: readonly Result[];
  readonly ended: { readonly number: number; readonly how: 'crash' | 'hang' } | undefined;
}

export async function runBatch(
  seed: number,
  kind: Kind,
  first: number,
  end: number,
  scratch: string,
): Promise<Batch> {
  const folder = mkdtempSync(join(scratch, `${kind}-${first}-`));
  const hung = await runChild([seed, kind, first, end, folder].map(String), join(folder, 'results'));
  const results = readResults(join(folder, 'results'));
  const next = first + results.length;
  const ended = next < end ? ({ number: next, how: hung ? 'hang' : 'crash' } as const) : undefined;
  return { folder, results, ended };
}

function readResults(path: string): Result[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Result);
}

/** Whether it had to be killed. */
function runChild(words: readonly string[], results: string): Promise<boolean> {
  const flags = ['--import', 'tsx', '--expose-gc', '--max-old-space-size=256'];
  const child = spawn(process.execPath, [...flags, script, ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  let saidBytes = -1;
  let hung = false;
  const watch = setInterval(() => {
    const bytes = existsSync(results) ? statSync(results).size : 0;
    if (bytes === saidBytes) {
      hung = true;
      child.kill('SIGKILL');
    }
    saidBytes = bytes;
  }, silenceMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => {
      clearInterval(watch);
      resolve(hung);
    });
  });
}
