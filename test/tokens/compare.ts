/** Ids of the app beside ids that are right. */
import { TextTokenizer } from '../../src/score/tokenize.ts';
import { folderSource } from '../model/models.ts';

export interface Tally {
  readonly name: string;
  readonly textCount: number;
  readonly pairCount: number;
  readonly seconds: number;
  readonly differences: readonly Difference[];
}

export interface Difference {
  readonly texts: readonly string[];
  readonly want: unknown;
  readonly got: unknown;
}

/** [text, ids] or [first, second, limit, ids, types]. */
type Row =
  | readonly [string, readonly number[]]
  | readonly [string, string, number, readonly number[], readonly number[]];

/** @param folder holds tokenizer.json and perhaps tokenizer_config.json */
export async function compareIds(name: string, folder: string, rows: readonly unknown[]): Promise<Tally> {
  const tokenizer = await TextTokenizer.read(await folderSource(folder, name));
  const differences: Difference[] = [];
  let pairCount = 0;
  const start = performance.now();
  for (const row of rows as readonly Row[]) {
    const difference = row.length === 2 ? compareText(tokenizer, row) : comparePair(tokenizer, row);
    if (row.length > 2) pairCount++;
    if (difference) differences.push(difference);
  }
  const seconds = (performance.now() - start) / 1000;
  return { name, textCount: rows.length - pairCount, pairCount, seconds, differences };
}

function compareText(tokenizer: TextTokenizer, [text, want]: Row & { length: 2 }): Difference | undefined {
  const { ids } = tokenizer.encode(text, Infinity);
  return isEqual(ids, want) ? undefined : { texts: [text], want, got: ids };
}

function comparePair(
  tokenizer: TextTokenizer,
  [first, second, limit, wantIds, wantTypes]: Row & { length: 5 },
): Difference | undefined {
  const { ids, types } = tokenizer.encodePair(first, second, limit);
  if (isEqual(ids, wantIds) && isEqual(types, wantTypes)) return undefined;
  return { texts: [first, second], want: [wantIds, wantTypes], got: [ids, types] };
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}

/** How many differences of a tokenizer are shown. */
const shownCount = 3;

export function printRow({ name, textCount, pairCount, seconds, differences }: Tally): void {
  const speed = Math.round((textCount + pairCount) / seconds);
  const columns = [name.padEnd(40), `${textCount} texts`.padStart(14), `${pairCount} pairs`.padStart(10)];
  console.log(...columns, `${speed}/s`.padStart(9), `${differences.length} differences`.padStart(18));
  for (const { texts, want, got } of differences.slice(0, shownCount)) {
    console.log(
      `  ${texts.map(escapeText).join('  |  ')}\n    want ${JSON.stringify(want)}\n    got  ${JSON.stringify(got)}`,
    );
  }
}

function escapeText(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
