/**
 * Whether models read text as the same token ids. Averaging the rows of two word tables makes sense only if
 * row 12 means the same token in both; nothing else in a checkpoint tells.
 */
import { KnownError } from '../errors.ts';
import type { Entry, Source } from '../source/source.ts';
import { parseJsonObject } from './json-file.ts';
import { nameFile, readFile } from './small-file.ts';
import { compareTokenizers } from './tokenizer-json.ts';

/** XLM-R's tokenizer.json is 17 MB; the largest vocabularies in use stay under 40. Read whole, so bounded. */
const vocabularyLimitBytes = 64 * 1024 * 1024;

/** Files that define a vocabulary, best first; each line is one whole definition. */
const definitions: readonly (readonly string[])[] = [
  ['tokenizer.json'],
  ['vocab.txt'],
  ['vocab.json', 'merges.txt'],
  ['sentencepiece.bpe.model'],
  ['spiece.model'],
  ['tokenizer.model'],
];

/**
 * Throws unless tokenizer.json is among the files, the one description of a tokenizer that is read here:
 * `tokenizer-other-format` if the model brings another one, `tokenizer-missing` if it brings none.
 */
export function checkTokenizerFile(model: string, entries: readonly Entry[]): void {
  const names = new Set(entries.map(({ path }) => path));
  if (names.has('tokenizer.json')) return;
  const found = definitions.find((paths) => paths.every((path) => names.has(path)));
  if (!found) throw new KnownError('tokenizer-missing', { model });
  throw new KnownError('tokenizer-other-format', { model, files: found.join(' + ') });
}

/** A model's vocabulary files, not read yet. */
export interface Vocabulary {
  readonly source: Source;
  /** By path. */
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Lists only. `undefined` when the model brings no vocabulary. */
export async function openVocabulary(source: Source): Promise<Vocabulary | undefined> {
  const wanted = new Set(definitions.flat());
  const found = (await source.list()).filter(({ path }) => wanted.has(path));
  const entries = new Map(found.map((entry) => [entry.path, entry]));
  return definitions.some((paths) => paths.every((path) => entries.has(path)))
    ? { source, entries }
    : undefined;
}

export type Verdict =
  | { readonly is: 'equal' }
  /** @property why the first difference, e.g. `token "foo" is 12, not 13` (the other's, the base's) */
  | { readonly is: 'different'; readonly why: string }
  /** The two have no definition of the same kind. */
  | { readonly is: 'unchecked' };

/**
 * Compares one model's vocabulary with the base's. Equal content hashes settle it without reading; then equal
 * bytes; then, for tokenizer.json, what decides ids (see `compareTokenizers`). Holds two files parsed at most.
 * Throws `file-too-large`, `json-invalid`.
 */
export async function compareVocabularies(base: Vocabulary, other: Vocabulary): Promise<Verdict> {
  const paths = definitions.find((all) =>
    all.every((path) => base.entries.has(path) && other.entries.has(path)),
  );
  if (!paths) return { is: 'unchecked' };
  for (const path of paths) {
    const why = await compareFiles(base, other, path);
    if (why !== undefined) return { is: 'different', why };
  }
  return { is: 'equal' };
}

async function compareFiles(base: Vocabulary, other: Vocabulary, path: string): Promise<string | undefined> {
  // identities are not asked: a local one (name, size, date) may recur in another folder
  const oid = base.entries.get(path)!.oid;
  if (oid !== undefined && oid === other.entries.get(path)!.oid) return undefined;
  const [baseBytes, bytes] = await Promise.all([readDefinition(base, path), readDefinition(other, path)]);
  if (equalBytes(baseBytes, bytes)) return undefined;
  if (path !== 'tokenizer.json') return `${path} differs`;
  return compareTokenizers(
    parseJsonObject(baseBytes, nameFile(base.source, path)),
    parseJsonObject(bytes, nameFile(other.source, path)),
  );
}

async function readDefinition({ source }: Vocabulary, path: string): Promise<Uint8Array> {
  const bytes = await readFile(source, path, vocabularyLimitBytes);
  if (!bytes) throw new KnownError('file-missing', { model: source.name, file: path });
  return bytes;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
