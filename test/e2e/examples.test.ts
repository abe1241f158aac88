import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drag, dragPoint, drop, openApp, type App } from './app.ts';

let app: App;
beforeEach(async () => void (app = await openApp()));
afterEach(() => app.close());

const folder = mkdtempSync(join(tmpdir(), 'shaker-examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** (rows,) of what the table shows: query, positive, negatives. */
function rowsOf(page: Page): Promise<readonly (readonly string[])[]> {
  return page
    .locator('tbody tr')
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll('textarea')].map(({ value }) => value)),
    );
}

async function openPaste(page: Page): Promise<Locator> {
  await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Paste examples' }).click();
  return page.getByRole('dialog');
}

/** Puts text on the clipboard's way into a field, as the browser does when a person pastes. */
async function pasteInto(field: Locator, text: string): Promise<void> {
  await field.evaluate((element, text) => {
    const data = new DataTransfer();
    data.setData('text/plain', text);
    element.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, cancelable: true, bubbles: true }),
    );
  }, text);
}

const use = (dialog: Locator) => dialog.getByRole('button', { name: 'Use these examples' }).click();

describe('pasted examples', () => {
  test('as CSV with quotes and line breaks go through the columns that the person chose', async () => {
    const { page } = app;
    const dialog = await openPaste(page);
    await dialog.getByRole('textbox').fill('said,title,other\n"A ""b"", c",x,"n1\nn2"\nd,"e,\nf",n3\n');
    await use(dialog);
    await dialog.getByRole('radio', { name: 'names the columns' }).check();
    await dialog.getByRole('combobox', { name: 'title is used as' }).selectOption({ label: 'Query' });
    await dialog.getByText('Only one column can be “Query”.').waitFor();
    expect(await dialog.getByRole('button', { name: 'Use these examples' }).isDisabled()).toBe(true);
    await dialog.getByRole('combobox', { name: 'said is used as' }).selectOption({ label: 'Positive' });
    await dialog.getByText('Examples that this makes: 2').waitFor();
    await use(dialog);
    await dialog.waitFor({ state: 'hidden' });
    expect(await rowsOf(page)).toEqual([
      ['x', 'A "b", c', 'n1\nn2'],
      ['e,\nf', 'd', 'n3'],
    ]);
    await page.getByText('The earlier examples were replaced: 5.').waitFor();
  });

  test('of which one line in forty is broken: the line is named and the others are used', async () => {
    const { page } = app;
    const dialog = await openPaste(page);
    const lines = Array.from({ length: 40 }, (_, e) => JSON.stringify({ query: `q${e + 1}`, pos: ['p'] }));
    lines[16] = '{"query": "q17", "pos": ["p"';
    await dialog.getByRole('textbox').fill(lines.join('\n'));
    await use(dialog);
    await dialog.waitFor({ state: 'hidden' });
    const queries = (await rowsOf(page)).map(([query]) => query);
    expect(queries).toHaveLength(39);
    expect(queries).not.toContain('q17');
    const notes = page.getByRole('list', { name: 'Lines that were left out' });
    expect(await notes.getByRole('listitem').count()).toBe(1);
    expect(await notes.textContent()).toContain('Line or entry 17 of the examples cannot be read');
  });

  test('come beside those in the table where the person says so, and go again', async () => {
    const { page } = app;
    const dialog = await openPaste(page);
    await dialog.getByRole('textbox').fill('{"query": "mine", "pos": ["p"]}');
    await dialog.getByRole('radio', { name: 'stay, and these are added' }).check();
    await use(dialog);
    await page.getByText('Examples were added: 1.').waitFor();
    expect((await rowsOf(page)).map(([query]) => query)).toHaveLength(6);
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await rowsOf(page)).toHaveLength(5);
  });

  test('that are no examples stay in the field, with the reason', async () => {
    const { page } = app;
    const dialog = await openPaste(page);
    await dialog.getByRole('textbox').fill('just some words');
    await use(dialog);
    expect(await dialog.getByRole('alert').textContent()).toContain('only one was found');
    expect(await dialog.getByRole('textbox').inputValue()).toBe('just some words');
    expect(await rowsOf(page)).toHaveLength(5);
  });

  test('of two megabytes are read without holding up the page, and more are refused', async () => {
    const { page } = app;
    const dialog = await openPaste(page);
    const line = `"${'How do I move money, and when? '.repeat(8)}","${'Like this, at once. '.repeat(10)}"\n`;
    const text = line.repeat(Math.floor(2_000_000 / line.length));
    await pasteInto(dialog.getByRole('textbox'), text);
    await dialog.getByRole('heading', { name: 'What the columns are' }).waitFor();
    expect(await dialog.textContent()).toContain('the first 200 are taken');
    await use(dialog);
    await dialog.waitFor({ state: 'hidden' });
    expect(await rowsOf(page)).toHaveLength(200);

    await page.getByRole('button', { name: 'Paste examples' }).click();
    await pasteInto(dialog.getByRole('textbox'), text + text);
    await dialog.getByRole('alert').waitFor();
    expect(await dialog.getByRole('alert').textContent()).toContain('at most 2,000,000 of examples are read');
    expect(app.errors).toEqual([]);
  });
});

describe('dropped examples', () => {
  test('as TSV in UTF-16 are taken once they are confirmed', async () => {
    const { page } = app;
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    const text = '\uFEFF问题\t答案\t负例1\t负例2\n怎么退款？\t三天内退款。\t天气\t音乐\n';
    await drop(page, fileOf('few.tsv', Buffer.from(text, 'utf16le')));
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Examples that this makes: 1').waitFor();
    expect(await rowsOf(page)).toHaveLength(5);
    await use(dialog);
    expect(await rowsOf(page)).toEqual([['怎么退款？', '三天内退款。', '天气\n音乐']]);
  });

  test('right to left and with emoji are shown from their side, and unharmed after a reload', async () => {
    const { page } = app;
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    const row = ['איך מבטלים כרטיס?', 'אפשר לבטל באפליקציה 👩‍👩‍👧‍👦🏳️‍🌈', 'مرحبا بالعالم\nनमस्ते'];
    await drop(page, fileOf('rtl.csv', `query,pos,neg\n${row.map((cell) => `"${cell}"`).join(',')}\n`));
    await use(page.getByRole('dialog'));
    expect(await rowsOf(page)).toEqual([row]);
    const query = page.getByRole('textbox', { name: 'Query of example 1' });
    expect(await query.evaluate((field) => getComputedStyle(field).direction)).toBe('rtl');
    await page.reload();
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    expect(await rowsOf(page)).toEqual([row]);
  });

  test('that are not what their name says are refused by name, and the table stays', async () => {
    const { page } = app;
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    await drop(
      page,
      fileOf('picture.csv', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])),
    );
    await page.getByText('picture.csv is a PNG file, whatever its name says').waitFor();
    await drop(page, fileOf('bytes.jsonl', Uint8Array.from([0xff, 0x00, 0x81, 0x02])));
    await page.getByText('bytes.jsonl is not text in UTF-8 or UTF-16').waitFor();
    expect(await rowsOf(page)).toHaveLength(5);
  });
});

describe('examples in the table', () => {
  test('survive a reload of the tab, an empty table too, and are nowhere else', async () => {
    const { page, context } = app;
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    await page.getByRole('textbox', { name: 'Query of example 1' }).fill('my secret query');
    await page.reload();
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    expect((await rowsOf(page))[0]?.[0]).toBe('my secret query');
    expect(page.url()).not.toContain('secret');
    const other = await context.newPage();
    await other.goto(page.url());
    await other.getByRole('heading', { name: 'words', exact: true }).waitFor();
    expect(await rowsOf(other)).toHaveLength(5);
    expect(JSON.stringify(await rowsOf(other))).not.toContain('secret');
    await other.close();

    for (let e = 0; e < 5; e++) await page.getByRole('button', { name: 'Remove example 1' }).click();
    await page.reload();
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    expect(await rowsOf(page)).toEqual([]);
  });

  test('make way for a sample set, and come back', async () => {
    const { page } = app;
    await page.getByText('Sample sets').click();
    await page.getByRole('button', { name: 'Banking questions' }).click();
    await page.getByText('The earlier examples were replaced: 5.').waitFor();
    const rows = await rowsOf(page);
    expect(rows).toHaveLength(5);
    expect(rows[0]).toEqual([
      'I need my card now!',
      'When are cards delivered?',
      'Can I freeze my card right now?\nI broke my card\nI lost my card',
    ]);
    await page.getByRole('button', { name: 'Undo' }).click();
    expect((await rowsOf(page))[0]?.[0]).toBe("what's the status of my united flight");
  });

  test('say how steady the weights are when one of them is left out', async () => {
    const { page } = app;
    await page.getByText('Sample sets').click();
    await page.getByRole('button', { name: 'Banking questions' }).click();
    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    const weights = page.getByRole('list', { name: 'Weights' });
    await weights.waitFor({ timeout: 60_000 });
    expect(await weights.getByText(/^[\d.]+% to [\d.]+%$/).count()).toBe(4);
    await page
      .getByText(/Whichever example is left out, bank stays first|Leaving out example/)
      .first()
      .waitFor();
  });
});

describe('by keyboard alone', () => {
  const focusedName = (page: Page) =>
    page.evaluate(() => {
      const focus = document.querySelector(':focus-visible, h2:focus');
      return focus?.getAttribute('aria-label') ?? focus?.textContent.trim() ?? '';
    });

  test('a table is pasted, mapped and used', async () => {
    const { page } = app;
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Paste examples' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('textbox').waitFor();
    await page.keyboard.insertText('alpha;beta\ngamma;delta\n');
    // the field, the choice, the button
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await focusedName(page)).toBe('Use these examples');
    await page.keyboard.press('Enter');
    await expect.poll(() => focusedName(page)).toBe('What the columns are');
    // the first line, column 1
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await focusedName(page)).toBe('Column 1 is used as');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowUp');
    // the choice, the button
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await focusedName(page)).toBe('Use these examples');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await rowsOf(page)).toEqual([
      ['beta', 'alpha', ''],
      ['delta', 'gamma', ''],
    ]);
    expect(await focusedName(page)).toBe('Paste examples');
  });

  test('several examples are removed one after the other, and one comes back', async () => {
    const { page } = app;
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Remove example 4' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => focusedName(page)).toBe('Remove example 4');
    await page.keyboard.press('Enter');
    await expect.poll(() => focusedName(page)).toBe('Add example');
    await page.getByText('Example 4 was removed.').waitFor();
    await page.keyboard.press('Shift+Tab');
    expect(await focusedName(page)).toBe('Undo');
    await page.keyboard.press('Enter');
    await expect.poll(() => focusedName(page)).toBe('Remove example 4');
    expect(await rowsOf(page)).toHaveLength(4);
  });
});

describe('files that are dragged over the page', () => {
  test('fall on what stays there, whatever comes and goes below', async () => {
    const { page } = app;
    const letGo = await drag(page, fileOf('one.csv', 'query,pos\na,b\n'));
    const veil = page.getByText('Drop a model folder, its files, a file of examples, or a recipe');
    await veil.waitFor();
    const below = await page.evaluate(
      ({ x, y }) => document.elementFromPoint(x, y)?.className ?? '',
      dragPoint,
    );
    expect(below).toMatch(/^drop\b/);
    await letGo();
    await page.getByRole('dialog').getByText('Examples that this makes: 1').waitFor();
    await veil.waitFor({ state: 'detached' });
  });

  test('are a sentence when they are gone before they can be read', async () => {
    const { page } = app;
    const gone = fileOf('gone.jsonl', '{}');
    await page.getByRole('heading', { name: 'words', exact: true }).waitFor();
    const letGo = await drag(page, gone);
    rmSync(gone);
    await letGo();
    await expect
      .poll(() => page.getByRole('alert').allInnerTexts())
      .toEqual([expect.stringMatching(/^gone\.jsonl cannot be read \(.+\)\. Check that it still exists/)]);
    expect(app.errors).toEqual([]);
  });
});
