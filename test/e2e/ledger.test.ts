/** The list at the foot of the page, held against what the servers saw. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHub, type Hub, type LogLine } from '../support/hub.ts';
import { clearModels, openApp, runDemoJob, setWeights, type App } from './app.ts';
import { hubPort } from './place.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');

let hub: Hub;
let app: App;
beforeEach(async () => {
  hub = await startHub({
    port: hubPort,
    repositories: { 'kitchen/bert-a': join(golden, 'a'), 'kitchen/bert-b': join(golden, 'b') },
  });
  app = await openApp();
  await app.context.grantPermissions(['clipboard-read', 'clipboard-write']);
});
afterEach(async () => {
  await app.close();
  await hub.close();
});

interface Row {
  readonly method: string;
  readonly url: string;
  readonly finalUrl: string;
  readonly status: number;
  readonly state: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** The list as the page copies it. */
async function readLedger(): Promise<readonly Row[]> {
  const { page } = app;
  await page.getByRole('button', { name: / sent; / }).click();
  const dialog = page.getByRole('dialog', { name: 'What has left this tab' });
  await dialog.getByRole('button', { name: 'Copy as CSV' }).click();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  const shown = await dialog.locator('tbody tr').count();
  await dialog.getByRole('button', { name: 'Close' }).click();
  // no address here has a comma or a quotation mark
  const [head, ...rows] = text.trimEnd().split('\r\n');
  expect(head).toBe('asked,method,url,final_url,status,state,sent_bytes,received_bytes');
  expect(shown).toBe(rows.length);
  return rows.map((row) => {
    const [, method = '', url = '', finalUrl = '', status, state = '', sentBytes, receivedBytes] =
      row.split(',');
    return {
      ...{ method, url, finalUrl, state, status: Number(status) },
      ...{ sentBytes: Number(sentBytes), receivedBytes: Number(receivedBytes) },
    };
  });
}

/** Takes out of the log the line of which `isIt` is true, and fails when there is none. */
function take(log: LogLine[], row: Row, isIt: (line: LogLine, url: string) => boolean): LogLine {
  const base = { hub: hub.url, files: hub.cdnUrl };
  const at = log.findIndex((line) => line.method === row.method && isIt(line, base[line.at] + line.url));
  expect(at, `not in the Hub's log: ${JSON.stringify(row)}`).not.toBe(-1);
  return log.splice(at, 1)[0]!;
}

async function addFromHub(id: string): Promise<void> {
  const field = app.page.getByRole('textbox', { name: 'Hub id or URL' });
  await field.fill(id);
  await field.press('Enter');
}

async function addBoth(): Promise<void> {
  await clearModels(app.page);
  await addFromHub('kitchen/bert-a');
  await addFromHub('kitchen/bert-b');
  await app.page.getByText('These models fit together.').waitFor({ timeout: 60_000 });
  await setWeights(app.page, { 'kitchen/bert-a': 0.5, 'kitchen/bert-b': 0.5 });
}

describe('the list of requests', () => {
  test('is empty after the demo job', async () => {
    const { page } = app;
    await runDemoJob(page);
    await page.getByRole('button', { name: '0 bytes sent; no request has left' }).click();
    await page.getByRole('dialog').getByText('Nothing: no request has left').waitFor();
    expect(await page.getByRole('dialog').getByRole('table').count()).toBe(0);
    expect(hub.log).toEqual([]);
  });

  test('agrees with the log of the Hub, request by request, over redirects, refusals, retries and a broken line', async () => {
    const { page } = app;
    hub.faults.set('kitchen/bert-a', ['503', '429-after-1', 'offline']);
    hub.faults.set('kitchen/bert-b/config.json', ['500']);
    await addBoth();
    await addFromHub('kitchen/none');
    await page.getByRole('alert').getByText('The Hub shows no model kitchen/none.').waitFor();
    hub.faults.set('kitchen/bert-b/model.safetensors', ['503', '429-reset-1', 'drop-after-50000']);
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
    expect([...hub.faults.keys()]).toEqual([]);

    const rows = await readLedger();
    const log = [...hub.log];
    for (const row of rows) {
      expect(row.sentBytes).toBe(0);
      if (row.status === 0) {
        // the line was closed without an answer
        expect(row).toMatchObject({ state: 'failed', receivedBytes: 0, finalUrl: '' });
        take(log, row, ({ bodyBytes }, url) => url === row.url && bodyBytes === 0);
        continue;
      }
      if (row.finalUrl !== row.url) {
        const hop = take(log, row, ({ status }, url) => url === row.url && [302, 307].includes(status));
        expect(hop.bodyBytes).toBe(0);
      }
      const isLast = ({ status }: LogLine, url: string): boolean =>
        url === row.finalUrl && status === row.status;
      if (row.state === 'done') {
        take(log, row, (line, url) => isLast(line, url) && line.bodyBytes === row.receivedBytes);
      } else {
        // what was on the line when it broke did not all arrive
        const line = take(log, row, (line, url) => isLast(line, url) && line.bodyBytes === 50_000);
        expect(row).toMatchObject({ state: 'failed', status: 206 });
        expect(row.receivedBytes).toBeLessThanOrEqual(line.bodyBytes);
      }
    }
    // what was closed on a line that stood open before, the browser sends again by itself: no page is told of the first
    const resent = log.filter(({ status, bodyBytes }) => status === 200 && bodyBytes === 0).slice(0, 1);
    // and nothing else reached the Hub that is not listed
    const unlisted = log.filter((line) => !resent.includes(line));
    expect(unlisted.map(({ at, method, url, status }) => ({ at, method, url, status }))).toEqual([]);

    const statuses = rows.map(({ status }) => status);
    for (const status of [200, 206, 401, 429, 500, 503]) expect(statuses).toContain(status);
    expect(statuses.filter((status) => status === 0)).toHaveLength(1 - resent.length);
    expect(rows.filter(({ state }) => state === 'failed')).toHaveLength(2 - resent.length);
    expect(rows.some(({ url, finalUrl }) => finalUrl.startsWith(hub.cdnUrl) && url.startsWith(hub.url))).toBe(
      true,
    );
    expect(hub.complaints).toEqual([]);
    expect(app.errors).toEqual([]);
  });

  test('says who was asked and how much came, and that a transfer was stopped', async () => {
    const { page } = app;
    await addBoth();
    hub.faults.set('kitchen/bert-b/model.safetensors', 'stall');
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    // half of the eight bytes that say how long the header is
    await expect
      .poll(() => hub.log.some(({ at, bodyBytes }) => at === 'files' && bodyBytes === 4))
      .toBe(true);
    await page.getByRole('button', { name: 'Stop' }).first().click();
    await page.getByRole('button', { name: 'Mix', exact: true }).first().waitFor();
    const rows = await readLedger();
    expect(rows.filter(({ state }) => state === 'stopped')).toHaveLength(1);
    expect(rows.filter(({ state }) => state === 'running')).toEqual([]);
    const line = await page.getByRole('button', { name: / sent; / }).innerText();
    expect(line).toContain(`${rows.length} requests to 127.0.0.1:${hubPort} and localhost:`);
    expect(line).toMatch(/^0 B sent; .* received\.$/);
  });
});
