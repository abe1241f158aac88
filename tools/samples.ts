/**
 * Makes `tools/demo-samples/`, the sample sets of the page, from public data sets (docs/licences.md):
 *
 *   npx tsx tools/samples.ts DATA DEMO         folders with banking77/, scifact-beir/ and tinyshakespeare/, and with eval.json and
 *                                              examples.json
 *
 * Five examples a set: an input and its output, or a query, its positive and three negatives. Of texts with labels, the positive shares the label and
 * as few words as can be, the negatives have other labels and as many words in common as can be: what is easy for
 * every model tells none of them apart. Held-out rows only: the embedded models have not seen them with their
 * labels. tools/demo.ts puts the sets beside the page.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Papa from 'papaparse';

interface SampleExample {
  readonly query: string;
  readonly pos: readonly string[];
  readonly neg: readonly string[];
}

interface SampleCompletion {
  readonly input: string;
  readonly output: string;
}

interface Labelled {
  readonly text: string;
  readonly label: string;
}

const exampleCount = 5;
const negativeCount = 3;

/** What the page shows of an example without scrolling. */
const shortCharacters = 90;
const titleCharacters = 120;

const target = new URL('demo-samples/', import.meta.url).pathname;

const [data, demo] = process.argv.slice(2);
if (data === undefined || demo === undefined) throw new Error('npx tsx tools/samples.ts DATA DEMO');
await mkdir(target, { recursive: true });
await write('banking', 'banking77, PolyAI', 'CC BY 4.0', await banking(join(data, 'banking77/test.csv')));
await write('assistant', 'clinc150', 'CC BY 3.0', await assistant(join(demo, 'examples.json')));
await write(
  'science',
  'SciFact',
  'claims CC BY 4.0, titles ODC-By 1.0',
  science(join(data, 'scifact-beir/scifact.zip')),
);
await write(
  'words',
  'WordNet 3.0, Princeton University',
  'WordNet licence',
  await words(join(demo, 'eval.json')),
);
await write('intents', 'banking77, PolyAI', 'CC BY 4.0', await intents(join(data, 'banking77/test.csv')));
await write(
  'verses',
  'William Shakespeare, as in tinyshakespeare',
  'public domain',
  await verses(join(data, 'tinyshakespeare/input.txt')),
);

async function write(
  id: string,
  source: string,
  licence: string,
  examples: readonly SampleExample[] | readonly SampleCompletion[],
): Promise<void> {
  if (examples.length !== exampleCount) throw new Error(`${id}: ${examples.length} examples`);
  const isPair = (example: SampleExample | SampleCompletion): example is SampleExample => 'query' in example;
  const pairs = examples.filter(isPair);
  // rerankers are offered the same sets, and need negatives
  if (pairs.some(({ neg }) => neg.length === 0)) throw new Error(`${id}: an example without negatives`);
  const kind = pairs.length > 0 ? 'contrastive' : 'completion';
  const text = JSON.stringify({ kind, source, licence, examples }, undefined, 1);
  await writeFile(join(target, `${id}.json`), `${text}\n`);
}

async function banking(path: string): Promise<readonly SampleExample[]> {
  const rows = parseCsv(await readFile(path, 'utf8'))
    .map(({ text, category }): Labelled => ({ text: text ?? '', label: category ?? '' }))
    .filter(({ text }) => text.length <= shortCharacters);
  const labels = [...new Set(rows.map(({ label }) => label))];
  return spread(labels).map((label) => {
    const [query, ...same] = rows.filter((row) => row.label === label).map(({ text }) => text);
    if (query === undefined) throw new Error(`nothing short in ${label}`);
    const others = onePerLabel(
      rows.filter((row) => row.label !== label),
      query,
    );
    return toExample(query, same.toSorted(byOverlap(query)).slice(-1), others);
  });
}

/** A request and what it is about: the label, as words. */
async function intents(path: string): Promise<readonly SampleCompletion[]> {
  const rows = parseCsv(await readFile(path, 'utf8'))
    .map(({ text, category }): Labelled => ({ text: text ?? '', label: category ?? '' }))
    .filter(({ text }) => text.length <= shortCharacters);
  const labels = [...new Set(rows.map(({ label }) => label))];
  return spread(labels).map((label) => {
    const row = rows.filter((row) => row.label === label)[1];
    if (row === undefined) throw new Error(`nothing short in ${label}`);
    return { input: `${row.text.trim()} =>`, output: label.replaceAll('_', ' ') };
  });
}

/** A line and the next of the same speech; of the last tenth, which those who train on this text keep back. */
async function verses(path: string): Promise<readonly SampleCompletion[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  const isVerse = (line: string | undefined): line is string =>
    line !== undefined && /^[A-Z].{24,60}[^:]$/.test(line);
  const pairs = lines.slice(Math.floor(lines.length * 0.9)).flatMap((line, l, held) => {
    const next = held[l + 1];
    return isVerse(line) && isVerse(next) ? [{ input: line, output: next }] : [];
  });
  return spread(pairs);
}

/** The page's default set, to come back to. */
async function assistant(path: string): Promise<readonly SampleExample[]> {
  return JSON.parse(await readFile(path, 'utf8')) as readonly SampleExample[];
}

function science(zip: string): readonly SampleExample[] {
  const read = (file: string) =>
    execFileSync('unzip', ['-p', zip, file], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const titles = new Map(
    parseCsv(read('corpus_train.csv')).map((row) => [row['doc_id'], row['title'] ?? '']),
  );
  const claims = parseCsv(read('claims_validation.csv')).filter(
    (row) =>
      row['evidence_label'] === 'SUPPORT' &&
      (row['claim'] ?? '').length <= shortCharacters &&
      (titles.get(row['evidence_doc_id']) ?? '').length <= titleCharacters,
  );
  // what is shorter is no title
  const short = [...titles.values()].filter(({ length }) => length >= 30 && length <= titleCharacters);
  const once = [...new Map(claims.map((row) => [row['claim'], row])).values()];
  return spread(once).map(({ claim = '', evidence_doc_id }) => {
    const positive = titles.get(evidence_doc_id) ?? '';
    return toExample(
      claim,
      [positive],
      short.filter((title) => title !== positive).toSorted(byOverlap(claim)),
    );
  });
}

async function words(path: string): Promise<readonly SampleExample[]> {
  const { tasks } = JSON.parse(await readFile(path, 'utf8')) as {
    readonly tasks: readonly {
      readonly name: string;
      readonly queries: readonly string[];
      readonly documents: readonly string[];
      readonly relevant: readonly (readonly number[])[];
    }[];
  };
  const task = tasks.find(({ name }) => name === 'words');
  if (task === undefined) throw new Error(`${path} has no task "words"`);
  const { queries, documents, relevant } = task;
  // nobody's dates: words, not names
  const isShort = (text: string) => text.length <= shortCharacters && !/\d/.test(text);
  const numbers = queries.map((_, q) => q).filter((q) => isShort(queries[q] ?? ''));
  return spread(numbers).map((q) => {
    const positive = documents[relevant[q]?.[0] ?? -1] ?? '';
    // words from all over the list: what they have in common with a definition cannot be seen in their letters
    const others = documents.filter((word) => word !== positive && /^[a-z]{4,}$/.test(word));
    const step = Math.floor(others.length / (negativeCount + 1));
    const far = Array.from({ length: negativeCount }, (_, n) => others[(q + (n + 1) * step) % others.length]);
    return toExample(
      queries[q] ?? '',
      [positive],
      far.map((word) => word ?? ''),
    );
  });
}

function toExample(query: string, pos: readonly string[], near: readonly string[]): SampleExample {
  return { query, pos, neg: near.slice(0, negativeCount) };
}

/** As many as a set takes, evenly from the whole list. */
function spread<T>(list: readonly T[]): readonly T[] {
  const step = list.length / exampleCount;
  return Array.from({ length: exampleCount }, (_, e) => list[Math.floor((e + 0.5) * step)]).filter(
    (value) => value !== undefined,
  );
}

/** The nearest text of each label, nearest first: three texts of one label would be one negative in three wordings. */
function onePerLabel(rows: readonly Labelled[], query: string): readonly string[] {
  const near = byOverlap(query);
  const sorted = rows.toSorted((a, b) => near(a.text, b.text));
  return [...new Map(sorted.toReversed().map(({ label, text }) => [label, text])).values()].toSorted(near);
}

/** Most words in common first; equal ones by their letters, so that every run gives the same sets. */
function byOverlap(query: string): (a: string, b: string) => number {
  const own = wordsOf(query);
  const overlap = (text: string) => {
    const other = wordsOf(text);
    const shared = [...own].filter((word) => other.has(word)).length;
    return shared / (own.size + other.size - shared);
  };
  return (a, b) => overlap(b) - overlap(a) || (a < b ? -1 : 1);
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[a-z0-9]+/g));
}

function parseCsv(text: string): readonly Readonly<Record<string, string | undefined>>[] {
  return Papa.parse<Record<string, string | undefined>>(text, { header: true, skipEmptyLines: true }).data;
}
