/** Mixtures of 1 GB that are cut short at random moments, by a kill of the browser or by closing the tab, and gone on with. */
import type { Page } from 'playwright';
import {
  chunkBytes,
  continueButton,
  discard,
  findWorker,
  hashOnDisk,
  mixButton,
  openBrowser,
  openTab,
  readLeft,
  removeJobs,
  untilEnded,
  type Kitchen,
  type Opened,
} from './kitchen.ts';
import { seededRandom } from './models.ts';
import type { Tally } from './tally.ts';

export interface Undisturbed {
  readonly sha256: string;
  /** From the click until all of the checkpoint was written, and until it was offered. */
  readonly writtenSeconds: number;
  readonly seconds: number;
  /** Of the checkpoint. */
  readonly bytes: number;
}

/** Mixes twice, once to download the models, and once to see how long it takes. */
export async function mixUndisturbed(kitchen: Kitchen): Promise<Undisturbed> {
  const browser = await openBrowser(kitchen);
  const first = await openTab(browser.context, kitchen.address);
  await mixButton(first).click();
  await untilEnded(first);
  await discard(first);
  await first.close();
  const page = await openTab(browser.context, kitchen.address);
  const count = await countWritten(page);
  const began = performance.now();
  await mixButton(page).click();
  let [bytes, writtenSeconds] = [0, 0];
  const watch = setInterval(() => {
    void count().then((now) => {
      if (now > bytes) writtenSeconds = (performance.now() - began) / 1000;
      bytes = now;
    });
  }, 100);
  const ended = await untilEnded(page);
  clearInterval(watch);
  const seconds = (performance.now() - began) / 1000;
  if ('said' in ended) throw new Error(ended.said);
  bytes = await count();
  const onDisk = await hashOnDisk(kitchen);
  if (onDisk !== ended.sha256) throw new Error(`${onDisk} lies on the disk, ${ended.sha256} is stated`);
  await discard(page);
  await browser.close();
  return { sha256: ended.sha256, writtenSeconds, seconds, bytes };
}

/** Counts from now on what the `files` worker writes into files of the checkpoint's size. */
async function countWritten(page: Page): Promise<() => Promise<number>> {
  const worker = await findWorker(page, 'files');
  await worker.evaluate((leastBytes) => {
    const { write } = FileSystemSyncAccessHandle.prototype;
    const counting = globalThis as typeof globalThis & { writtenBytes: number };
    counting.writtenBytes = 0;
    FileSystemSyncAccessHandle.prototype.write = function (buffer, options) {
      const count = write.call(this, buffer, options);
      if (this.getSize() > leastBytes) counting.writtenBytes += count;
      return count;
    };
  }, 16 * chunkBytes);
  return () =>
    worker.evaluate(() => (globalThis as typeof globalThis & { writtenBytes: number }).writtenBytes);
}

/** Kills, or closes, `count` mixtures at moments between the click and the end, and goes on with each. */
export async function cutShort(
  kitchen: Kitchen,
  how: 'kill' | 'close',
  count: number,
  undisturbed: Undisturbed,
  tally: Tally,
): Promise<void> {
  const random = seededRandom(how === 'kill' ? 20 : 21);
  let browser = await openBrowser(kitchen);
  for (let number = 1; number <= count; number++) {
    const afterMs = momentOf(number, count, random(), undisturbed) * 1000;
    const page = await openTab(browser.context, kitchen.address);
    await mixButton(page).click();
    await page.waitForTimeout(afterMs);
    if (how === 'kill') {
      await browser.kill();
      browser = await openBrowser(kitchen);
    } else await page.close();
    const name = `${how} ${number}/${count} after ${(afterMs / 1000).toFixed(2)} s`;
    await goOn(kitchen, browser, name, undisturbed, tally);
  }
  await browser.close();
}

/**
 * Seconds after the click. Four of five lie before all is written, one of five while it is proved; evenly, so that no part is left out
 * by chance.
 */
function momentOf(
  number: number,
  count: number,
  chance: number,
  { writtenSeconds, seconds }: Undisturbed,
): number {
  const share = (number - 1 + chance) / count;
  return share < 0.8
    ? (share / 0.8) * writtenSeconds
    : writtenSeconds + ((share - 0.8) / 0.2) * (seconds - writtenSeconds);
}

async function goOn(
  kitchen: Kitchen,
  { context }: Opened,
  name: string,
  undisturbed: Undisturbed,
  tally: Tally,
): Promise<void> {
  const page = await openTab(context, kitchen.address);
  const left = await readLeft(page);
  const written = await countWritten(page);
  const began = performance.now();
  const way = await begin(page, left !== undefined && left.noted > 0);
  if (way === 'was-complete') {
    const onDisk = await hashOnDisk(kitchen);
    tally.note(name, onDisk === undisturbed.sha256 ? 'right' : 'wrong', 'it was complete');
    await removeJobs(page);
    await page.close();
    return;
  }
  const ended = await untilEnded(page);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const again = await written();
  const redone = Math.ceil(((left?.writtenBytes ?? 0) + again - undisturbed.bytes) / chunkBytes);
  const onDisk = 'sha256' in ended ? await hashOnDisk(kitchen) : '';
  const said =
    'said' in ended ? ended.said : `${left?.noted ?? 0} chunks noted, ${redone} done again, ${seconds} s`;
  const isRight = 'sha256' in ended && ended.sha256 === undisturbed.sha256 && onDisk === undisturbed.sha256;
  tally.note(`${name}, ${way}`, isRight && redone <= 1 ? 'right' : 'wrong', said);
  tally.mostRedone = Math.max(tally.mostRedone, redone);
  await removeJobs(page);
  await page.close();
}

/** Clicks what a person who comes back would. */
async function begin(page: Page, isNoted: boolean): Promise<'continued' | 'begun anew' | 'was-complete'> {
  if (isNoted) {
    await continueButton(page).click();
    return 'continued';
  }
  if (await hasOutput(page)) return 'was-complete';
  await mixButton(page).click();
  return 'begun anew';
}

function hasOutput(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const jobs = await (
      await root.getDirectoryHandle('shaker-1')
    ).getDirectoryHandle('jobs', { create: true });
    for await (const handle of jobs.values()) {
      for await (const name of (handle as FileSystemDirectoryHandle).keys())
        if (name === 'complete') return true;
    }
    return false;
  });
}
