/**
 * How fast does Shaker mix, and in how much memory, beside LM_Cocktail, mergekit and what the disk allows?
 *
 *   npm run bench [-- --only CASE[,CASE] --rounds 5 --without mergekit[,…] --work DIR --models DIR --peers DIR --python PROGRAM
 *                     --few-shot FOLDER]
 *
 * Cases: mix/cases.ts. Each round runs LM_Cocktail, mergekit, Shaker and the raw copy, in this order; medians of the rounds.
 * Peers count as whole processes. Shaker counts from the click, in a fresh tab with models that are downloaded, to "file closed",
 * and to "offered", with the proof. The raw copy reads every input and writes the output's size, mix/raw-copy.worker.ts. Before
 * each run the disk's queue is emptied (`sync`). With a family's folder, as `npm run parity` takes it: mix/few-shot.ts, too. Prints a Markdown block for docs/speed.md. Linux only.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findChromium } from '../test/support/chromium.ts';
import { cases, type Case } from './mix/cases.ts';
import { measureFewShot, printFewShot } from './mix/few-shot.ts';
import { runPeer } from './mix/peers.ts';
import { printCase, printMachine, type Measured } from './mix/report.ts';
import { contestants, isRun, type Contestant, type Outcome, type Run } from './mix/run.ts';
import { openShaker, type Shaker } from './mix/shaker.ts';

const root = join(import.meta.dirname, '..');
const home = join(tmpdir(), 'shaker-bench');

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    'few-shot': { type: 'string' },
    without: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    work: { type: 'string', default: home },
    models: { type: 'string', default: join(home, 'models') },
    peers: { type: 'string', default: join(home, 'peers') },
    python: { type: 'string', default: 'python3' },
  },
});

function chosenCases(): readonly Case[] {
  if (options.only === '') return [];
  const names = options.only?.split(',') ?? cases.map(({ name }) => name);
  return names.map((name) => {
    const found = cases.find((mix) => mix.name === name);
    if (found === undefined) throw new Error(`${name}: one of ${cases.map(({ name }) => name).join(', ')}`);
    return found;
  });
}

function chosenContestants(): readonly Contestant[] {
  const without = options.without.split(',');
  return contestants.filter((name) => !without.includes(name));
}

function makeModels(mix: Case): void {
  const missing = mix.models.some((model) => !existsSync(join(options.models, mix.made, model)));
  if (!missing) return;
  const tool = join(root, 'tools/make_pair.py');
  execFileSync(options.python, [tool, options.models, mix.made], { stdio: 'inherit' });
}

function bytesOf(mix: Case): number {
  return mix.models
    .flatMap((model) => {
      const folder = join(options.models, mix.made, model);
      return readdirSync(folder).map((name) => join(folder, name));
    })
    .filter((path) => path.endsWith('.safetensors'))
    .reduce((sum, path) => sum + statSync(path).size, 0);
}

async function runOne(name: Contestant, mix: Case, shaker: Shaker, work: string): Promise<Outcome> {
  switch (name) {
    case 'LM_Cocktail':
    case 'mergekit':
      return runPeer(name, mix, { peers: options.peers, models: options.models, work });
    case 'Shaker':
      return shaker.mix();
    case 'raw copy':
      return shaker.rawCopy(Math.round(bytesOf(mix) / mix.models.length));
  }
}

/** One line, as it happens. */
function say(round: number, name: Contestant, outcome: Outcome): void {
  const text = isRun(outcome) ? sayRun(outcome) : outcome.failed;
  console.error(`  round ${round}, ${name}: ${text}`);
}

function sayRun({ seconds, otherSeconds, peakBytes }: Run): string {
  const other = otherSeconds === undefined ? '' : `, ${otherSeconds.toFixed(2)} s`;
  const peak = peakBytes === undefined ? '' : `, ${(peakBytes / 1e6).toFixed(0)} MB`;
  return `${seconds.toFixed(2)} s${other}${peak}`;
}

async function measure(mix: Case): Promise<Measured> {
  makeModels(mix);
  const work = mkdtempSync(join(options.work, 'run-'));
  const outcomes: Record<Contestant, Outcome[]> = {
    ...{ LM_Cocktail: [], mergekit: [], Shaker: [], 'raw copy': [] },
  };
  console.error(`${mix.name}: downloading into the browser`);
  let shaker: Shaker | undefined;
  try {
    shaker = await openShaker(mix, options.models, work);
    for (let round = 1; round <= Number(options.rounds); round++) {
      for (const name of chosenContestants()) {
        sync();
        const outcome = await runOne(name, mix, shaker, work);
        outcomes[name].push(outcome);
        say(round, name, outcome);
      }
    }
    const wanted = chosenContestants().includes('Shaker');
    const memoryRun = wanted ? await shaker.mixForMemory() : undefined;
    return { mix, inputBytes: bytesOf(mix), outcomes, memoryRun };
  } finally {
    await shaker?.close();
    rmSync(work, { recursive: true, force: true });
  }
}

const git = (...inputs: string[]): string =>
  execFileSync('git', inputs, { cwd: root, encoding: 'utf8' }).trim();
const version = execFileSync(findChromium(), ['--version'], { encoding: 'utf8' }).trim();
const sync = (): void => void execFileSync('sync');
mkdirSync(options.work, { recursive: true });
const folder = options['few-shot'];
const fewShot =
  folder === undefined
    ? undefined
    : await measureFewShot(resolve(folder), Number(options.rounds), options, sync);
const measured: Measured[] = [];
for (const mix of chosenCases()) measured.push(await measure(mix));
writeFileSync(join(options.work, 'mix.json'), JSON.stringify(measured, undefined, 1));
console.log(printMachine(git('rev-parse', '--short', 'HEAD'), version));
if (fewShot) console.log(`\n${printFewShot(fewShot)}`);
for (const each of measured) console.log(`\n${printCase(each)}`);
