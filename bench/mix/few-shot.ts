/**
 * Weights from five examples, then the mixture: what LM_Cocktail's `mix_models_with_data` does and what the page does from Score to
 * "file closed", on a family laid out as the golden ones, under the settings of its first `fewShot`.
 *
 * A fresh process, imports included, beside a fresh tab; then the same once more in each. Models are folders for the one, downloaded
 * before for the other. The tab counts while a person waits: from its navigation until it can be asked to score, from that click
 * until it can be asked to mix, from that one on. What the driver takes to find and hit a button is left out.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { examplesOf, readFamily, type Family } from '../../test/parity/family.ts';
import { readMarks, watchMarks } from './marks.ts';
import { measureProcess } from './peers.ts';
import { isRun, median } from './run.ts';
import { clickMix, discard, openBrowser, type Opened } from './shaker.ts';

/** Seconds. */
interface Spent {
  /** Of a fresh tab or process: until the mixture is written, and until it is offered, with its proof. */
  readonly fresh: number;
  readonly freshOffered?: number;
  readonly warm: number;
  readonly warmOffered?: number;
  /** (models,) as they were computed. */
  readonly weights: readonly number[];
}

export interface FewShot {
  readonly family: string;
  readonly peer: readonly Spent[];
  readonly shaker: readonly Spent[];
}

export interface FewShotPlaces {
  readonly peers: string;
  readonly work: string;
}

/** Rounds of one and the other in turn. `beforeEach` empties the disk's queue. */
export async function measureFewShot(
  folder: string,
  rounds: number,
  places: FewShotPlaces,
  beforeEach: () => void,
): Promise<FewShot> {
  const family = readFamily(folder);
  const work = mkdtempSync(join(places.work, 'few-shot-'));
  let opened: Opened | undefined;
  const spent: { peer: Spent[]; shaker: Spent[] } = { peer: [], shaker: [] };
  try {
    const folders = family.expected.models.map((model) => join(folder, model));
    opened = await openBrowser(folders, (models) => fragmentOf(family, models), work);
    await keepExamples(opened, family);
    // downloads
    await runShaker(opened);
    for (let round = 1; round <= rounds; round++) {
      beforeEach();
      spent.peer.push(await runPeer(family, places.peers, work));
      beforeEach();
      spent.shaker.push(await runShaker(opened));
      console.error(`  round ${round}: ${JSON.stringify([spent.peer.at(-1), spent.shaker.at(-1)])}`);
    }
  } finally {
    await opened?.close();
    rmSync(work, { recursive: true, force: true });
  }
  return { family: family.expected.family, ...spent };
}

export function printFewShot({ family, peer, shaker }: FewShot): string {
  const of = (runs: readonly Spent[], key: 'fresh' | 'freshOffered' | 'warm' | 'warmOffered'): number =>
    median(runs.flatMap((run) => run[key] ?? [])) ?? Number.NaN;
  const row = (name: string, key: 'fresh' | 'freshOffered' | 'warm' | 'warmOffered'): string => {
    const theirs = of(peer, key.startsWith('fresh') ? 'fresh' : 'warm');
    const own = of(shaker, key);
    return `| ${name} | ${theirs.toFixed(2)} s | ${own.toFixed(2)} s | ${(own / theirs).toFixed(2)} |`;
  };
  return [
    `**few-shot**: ${family}, five examples to weights to a written mixture.`,
    '',
    '| | LM_Cocktail | Shaker | ratio |',
    '|---|---|---|---|',
    row('fresh, file closed', 'fresh'),
    row('fresh, offered with its proof', 'freshOffered'),
    row('again, file closed', 'warm'),
    row('again, offered with its proof', 'warmOffered'),
    '',
    `Weights: LM_Cocktail ${printWeights(peer)}, Shaker ${printWeights(shaker)}.`,
  ].join('\n');
}

function printWeights(runs: readonly Spent[]): string {
  return (runs[0]?.weights ?? []).map((weight) => weight.toFixed(4)).join(', ');
}

type Settings = Family['expected']['fewShot'][number];

function settingsOf({ expected }: Family): Settings {
  const [settings] = expected.fewShot;
  if (settings === undefined) throw new Error(`${expected.family} has no fewShot`);
  return settings;
}

/** The page's address: src/ui/address.ts. The output is stored as model 1 is, which is what the peer does. */
function fragmentOf(family: Family, models: readonly string[]): string {
  const { batchSize, temperature, maxInputLength, negNumber } = settingsOf(family);
  const loss = `loss=reference,${batchSize},${maxInputLength},${negNumber}`;
  return [...models, 'w=examples', `t=${temperature}`, loss, 'dtype=as-model-1'].join('&');
}

/** As a tab that was reloaded has them: src/ui/kept-examples.ts. */
async function keepExamples({ context }: Opened, family: Family): Promise<void> {
  const { kind, examples } = examplesOf(family);
  const key = kind === 'contrastive' ? 'shaker-1/examples' : 'shaker-1/completions';
  await context.addInitScript(([key, text]) => sessionStorage.setItem(key, text), [
    key,
    JSON.stringify(examples),
  ] as const);
}

async function runShaker({ context, address }: Opened): Promise<Spent> {
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.goto(address);
  const opening = await whenEnabled(page, 'Score');
  const fresh = await scoreAndMix(page, 'Score');
  const weights = await readWeights(page);
  await deleteOutput(page);
  const warm = await scoreAndMix(page, 'Score again');
  await discard(page);
  return {
    ...{ fresh: opening + fresh.closed, freshOffered: opening + fresh.offered },
    ...{ warm: warm.closed, warmOffered: warm.offered },
    weights,
  };
}

/** Longer than any scoring here takes. */
const waitMs = 10 * 60_000;

/** Resolves when a button of this name can be pressed. Seconds since the navigation, by the page's clock. */
function whenEnabled(page: Page, name: string): Promise<number> {
  return page.evaluate(
    async ([name, waitMs]) => {
      for (const end = performance.now() + waitMs; performance.now() < end;) {
        const buttons = [...document.querySelectorAll<HTMLButtonElement>('button:enabled')];
        if (buttons.some(({ textContent }) => textContent.trim() === name)) return performance.now() / 1000;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const alerts = [...document.querySelectorAll('[role=alert]')].map(({ textContent }) => textContent);
      throw new Error(`${name} cannot be pressed: ${alerts.join(' ')}`);
    },
    [name, waitMs] as const,
  );
}

/** Seconds that a person waits, until the file is closed and until the mixture is offered. */
async function scoreAndMix(
  page: Page,
  name: 'Score' | 'Score again',
): Promise<{ readonly closed: number; readonly offered: number }> {
  await page.evaluate(() => {
    const at: { score?: number } = {};
    Object.assign(globalThis, { shakerClick: at });
    addEventListener('click', () => (at.score ??= performance.now() / 1000), { capture: true, once: true });
  });
  const button = page.getByRole('button', { name, exact: true, disabled: false }).first();
  await button.click();
  if (name === 'Score again') await button.waitFor({ state: 'hidden' });
  const ready = await whenEnabled(page, 'Mix');
  const clicked = await page.evaluate(
    () => (globalThis as typeof globalThis & { shakerClick: { score: number } }).shakerClick.score,
  );
  await watchMarks(page);
  await clickMix(page);
  const marks = await readMarks(page);
  const scoring = ready - clicked;
  return {
    closed: scoring + (marks.closed - marks.clicked) / 1000,
    offered: scoring + (marks.offered - marks.clicked) / 1000,
  };
}

async function deleteOutput(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Delete from this browser' }).first().click();
  await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ state: 'hidden' });
}

/** What the buttons beside the bars copy. */
async function readWeights(page: Page): Promise<readonly number[]> {
  const copies = page.getByRole('list', { name: 'Weights' }).getByRole('button', { name: /^Copy exactly, / });
  const titles = await copies.evaluateAll((buttons) => buttons.map((button) => button.getAttribute('title')));
  return titles.map(Number);
}

/** A process that mixes once, for the time of all of it, then one that mixes twice, for the second time. */
async function runPeer(family: Family, peers: string, work: string): Promise<Spent> {
  const { folder, expected } = family;
  const python = join(peers, 'lm-cocktail/bin/python');
  if (!existsSync(python)) throw new Error('not installed: bench/peers/setup.sh');
  const { batchSize, temperature, maxInputLength, negNumber } = settingsOf(family);
  const output = join(work, 'out-few-shot');
  const job = {
    models: expected.models.map((model) => join(folder, model)),
    ...{ type: expected.modelType, examples: listExamples(family), output },
    settings: {
      ...{ batch_size: batchSize, max_input_length: maxInputLength },
      ...{ temperature, neg_number: negNumber },
    },
  };
  const once = await measureProcess(python, 'lm-cocktail.py', job, output);
  const twice = await measureProcess(python, 'lm-cocktail.py', { ...job, calls: 2 }, output);
  if (!isRun(once.outcome)) throw new Error(once.outcome.failed);
  if (!isRun(twice.outcome)) throw new Error(twice.outcome.failed);
  return {
    fresh: once.outcome.seconds,
    warm: twice.afterImports.at(-1) ?? Number.NaN,
    weights: readPrinted(once.said, job.models),
  };
}

/** As the reference takes them. */
function listExamples(family: Family): readonly object[] {
  const set = examplesOf(family);
  if (set.kind === 'completion') return set.examples;
  return set.examples.map(({ query, positives, negatives }) => ({ query, pos: positives, neg: negatives }));
}

/** (models,) from its lines of a folder and a weight. */
function readPrinted(said: string, models: readonly string[]): readonly number[] {
  const lines = said.split('\n');
  return models.map((model) => {
    const line = lines.find((text) => text.startsWith(`${model} `));
    return Number(line?.slice(model.length + 1));
  });
}
