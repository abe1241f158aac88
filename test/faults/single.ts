/** One fault after the other on a mixture of 55 MB: what came of it, and whether all works again afterwards. */
import type { BrowserContext, Page } from 'playwright';
import { denyFolder, disarm, prepare, spoilHandles } from './injected.ts';
import {
  discard,
  findWorker,
  ids,
  mixButton,
  offered,
  openBrowser,
  openTab,
  removeJobs,
  untilEnded,
  type Ended,
  type Kitchen,
} from './kitchen.ts';
import { faults, type Fault } from './list.ts';
import type { Outcome, Tally } from './tally.ts';

/** The whole list. @param only a part of the names of those to run */
export async function runFaults(kitchen: Kitchen, tally: Tally, only: string | undefined): Promise<void> {
  const browser = await openBrowser(kitchen);
  try {
    const { context } = browser;
    await prepare(context);
    const sha256 = await mixOnce(kitchen, context);
    const isWanted = (name: string): boolean => only === undefined || name.includes(only);
    for (const fault of faults) {
      if (!isWanted(fault.name)) continue;
      await runFault(kitchen, context, fault, sha256, tally).catch((error: unknown) => {
        tally.note(fault.name, 'wrong', String(error));
      });
    }
    if (isWanted('two tabs')) await tryTwoTabs(kitchen, context, sha256, tally);
    if (isWanted('permission')) await loseFolder(kitchen, context, sha256, tally);
  } finally {
    await browser.close();
  }
}

/** Downloads the models, and says what is right. */
async function mixOnce(kitchen: Kitchen, context: BrowserContext): Promise<string> {
  const page = await openTab(context, kitchen.address);
  await mixButton(page).click();
  const ended = await untilEnded(page);
  if ('said' in ended) throw new Error(ended.said);
  await discard(page);
  await page.close();
  return ended.sha256;
}

async function runFault(
  kitchen: Kitchen,
  context: BrowserContext,
  fault: Fault,
  sha256: string,
  tally: Tally,
): Promise<void> {
  const page = await openWith(kitchen, context, fault.models);
  try {
    const end = await fault.inject({ kitchen, context, page });
    let [outcome, said]: readonly [Outcome, string] = ['wrong', ''];
    try {
      await mixButton(page).click();
      [outcome, said] = judge(await endOf(page, fault), sha256, fault);
    } finally {
      await end();
      await disarm(page);
    }
    const after =
      outcome === 'right' || outcome === 'wrong' ? sha256 : await mixAgain(kitchen, context, page, fault);
    if (after === sha256) tally.note(fault.name, outcome, said);
    else tally.note(fault.name, 'wrong', `${said}; and afterwards: ${after}`);
  } finally {
    await page.close();
    const bare = await context.newPage();
    await bare.goto(kitchen.bare);
    await removeJobs(bare);
    await bare.close();
  }
}

async function openWith(kitchen: Kitchen, context: BrowserContext, models: Fault['models']): Promise<Page> {
  if (models === 'local') return openLocal(kitchen, context);
  const page = await openTab(context, kitchen.address);
  if (models === 'kept') return page;
  await page.evaluate(async (ids) => {
    const root = await navigator.storage.getDirectory();
    const hub = await (await root.getDirectoryHandle('shaker-1')).getDirectoryHandle('hub');
    for (const id of ids) await hub.removeEntry(encodeURIComponent(id), { recursive: true });
  }, ids);
  // its small files are read again
  await page.close();
  return openTab(context, kitchen.address);
}

async function openLocal({ empty, folders }: Kitchen, context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(empty);
  for (const letter of ['a', 'b'] as const) {
    await page.locator('input[type=file][webkitdirectory]').first().setInputFiles(folders[letter]);
    await page.getByRole('button', { name: `Remove ${letter}`, exact: true }).waitFor();
  }
  await page.getByRole('radio', { name: /^bfloat16/ }).check();
  await page.getByRole('radio', { name: 'By hand' }).check();
  for (const [letter, weight] of [
    ['a', '0.3'],
    ['b', '0.7'],
  ] as const) {
    await page.getByRole('spinbutton', { name: `Weight of ${letter}` }).fill(weight);
  }
  await mixButton(page).waitFor();
  return page;
}

type End = Ended | { readonly stopped: string };

async function endOf(page: Page, { stopAfterMs }: Fault): Promise<End> {
  if (stopAfterMs === undefined) return untilEnded(page);
  const ended = untilEnded(page);
  const first = await Promise.race([ended, page.waitForTimeout(stopAfterMs).then(() => undefined)]);
  if (first !== undefined) return first;
  ended.catch(() => undefined);
  await page.getByRole('button', { name: 'Stop' }).first().click();
  // stopping takes a second at most
  await mixButton(page).waitFor({ timeout: 5000 });
  return { stopped: 'stopped by hand' };
}

/** What an unexpected error looks like: a bug, whatever it stopped. */
const unexpected = /^Something unexpected went wrong/;

function judge(end: End, sha256: string, { may }: Pick<Fault, 'may'>): readonly [Outcome, string] {
  const [outcome, said]: readonly [Exclude<Outcome, 'wrong'>, string] =
    'stopped' in end
      ? ['stopped', end.stopped]
      : 'said' in end
        ? ['refused', end.said]
        : ['right', end.sha256];
  const isWrong =
    !may.includes(outcome) || unexpected.test(said.trim()) || ('sha256' in end && said !== sha256);
  return [isWrong ? 'wrong' : outcome, said];
}

/** In the same tab; files that were changed are picked again, in a new one. The SHA-256, or what is said instead. */
async function mixAgain(
  kitchen: Kitchen,
  context: BrowserContext,
  page: Page,
  { models }: Fault,
): Promise<string> {
  if (await offered(page).isVisible()) return 'something is offered';
  const again = models === 'local' ? await openLocal(kitchen, context) : page;
  await mixButton(again).click();
  // the alert of the failure goes with the click
  await again.waitForTimeout(100);
  const ended = await untilEnded(again);
  if (again !== page) await again.close();
  return 'said' in ended ? ended.said : ended.sha256;
}

/** The second is told of the first, which ends as if alone. */
async function tryTwoTabs(
  kitchen: Kitchen,
  context: BrowserContext,
  sha256: string,
  tally: Tally,
): Promise<void> {
  const name = 'two tabs on the same mixture';
  const first = await openTab(context, kitchen.address);
  const second = await openTab(context, kitchen.address);
  await spoilHandles(first, { worker: 'files', method: 'write', nth: 14, what: 'pause', pauseMs: 6000 });
  await mixButton(first).click();
  await first.waitForTimeout(1500);
  await mixButton(second).click();
  const [told, ended] = await Promise.all([untilEnded(second), untilEnded(first)]);
  note(tally, `${name}: the second`, judge(told, sha256, { may: ['refused'] }));
  note(tally, `${name}: the first`, judge(ended, sha256, { may: ['right'] }));
  await removeJobs(first);
  await first.close();
  await second.close();
}

function note(tally: Tally, name: string, [outcome, said]: readonly [Outcome, string]): void {
  tally.note(name, outcome, said);
}

/** The permission for a picked folder goes while the mixture is saved there: nothing whole is left, and the mixture stays. */
async function loseFolder(
  kitchen: Kitchen,
  context: BrowserContext,
  sha256: string,
  tally: Tally,
): Promise<void> {
  const page = await openTab(context, kitchen.address);
  await mixButton(page).click();
  await untilEnded(page);
  await denyFolder(await findWorker(page, 'files'), 20_000_000);
  const save = page.getByRole('button', { name: /^Save in a folder/ }).first();
  await save.click();
  const said = await page.getByRole('region', { name: 'Pour' }).getByRole('alert').first().innerText();
  const left = await hashPicked(page);
  const isKept = await offered(page).isVisible();
  const refused = left === undefined && isKept && !unexpected.test(said.trim());
  tally.note('the permission for a folder is lost while saving', refused ? 'refused' : 'wrong', said);
  await disarm(page);
  await save.click();
  await page
    .getByText(/^Saved in picked\//)
    .first()
    .waitFor();
  const saved = await hashPicked(page);
  tally.note('saving again in that folder', saved === sha256 ? 'right' : 'wrong', saved ?? 'nothing');
  await removeJobs(page);
  await page.close();
}

/** SHA-256 of the checkpoint in the picked folder, by the browser's own hash. */
function hashPicked(page: Page): Promise<string | undefined> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const picked = await root.getDirectoryHandle('picked', { create: true });
    for await (const handle of picked.values()) {
      const file = await (
        await (handle as FileSystemDirectoryHandle).getFileHandle('model.safetensors')
      ).getFile();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
      return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    return undefined;
  });
}
