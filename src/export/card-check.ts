/**
 * Whether the Hub and its Python client take a card: the front matter is a YAML mapping, and the fields that they know
 * hold what they expect. The only door to yaml, which is too large for the page: workers only.
 *
 * Read as YAML 1.1, as PyYAML reads it, in which a bare `no` is not Norwegian but false.
 *
 * Source: https://huggingface.co/docs/hub/model-cards#model-card-metadata; huggingface_hub, `ModelCardData`
 */
import { isMap, isScalar, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { KnownError } from '../errors.ts';

/** Far above any card: the Hub shows none as large. */
const cardLimitChars = 1024 * 1024;

type Kind = 'text' | 'texts' | 'text or texts';

const kinds: ReadonlyMap<string, Kind> = new Map([
  ['license', 'text'],
  ['license_name', 'text'],
  ['license_link', 'text'],
  ['library_name', 'text'],
  ['pipeline_tag', 'text'],
  ['model_name', 'text'],
  ['base_model', 'text or texts'],
  ['language', 'text or texts'],
  ['datasets', 'text or texts'],
  ['metrics', 'text or texts'],
  ['tags', 'texts'],
]);

/** Source: https://huggingface.co/docs/hub/model-cards#specifying-a-base-model */
const relations = ['adapter', 'merge', 'quantized', 'finetune'];

/** Throws `card-front-matter-invalid` with the card's line, or `file-too-large`. */
export function checkCard(text: string): void {
  if (text.length > cardLimitChars) {
    throw new KnownError('file-too-large', {
      file: 'README.md',
      bytes: text.length,
      limitBytes: cardLimitChars,
    });
  }
  const lines = text.split(/\r\n|\n/);
  if (lines[0] !== '---') throw invalid(1, 'the card does not start with ---');
  const end = lines.findIndex((line, i) => i > 0 && line === '---');
  if (end < 0) throw invalid(lines.length, 'no second --- ends the front matter');
  checkBlock(lines.slice(1, end).join('\n'));
}

/** The block's first line is the card's second. */
function checkBlock(block: string): void {
  const counter = new LineCounter();
  const document = parseDocument(block, { version: '1.1', lineCounter: counter, prettyErrors: false });
  const lineOf = (offset: number): number => counter.linePos(offset).line + 1;
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw invalid(lineOf(error.pos[0]), error.message);
  if (!isMap(document.contents)) throw invalid(2, 'not a list of “key: value”');
  for (const pair of document.contents.items as readonly Pair<Node, Node | null>[]) {
    const line = lineOf(pair.key.range?.[0] ?? 0);
    if (!isScalar(pair.key) || typeof pair.key.value !== 'string') throw invalid(line, 'a key is not text');
    try {
      checkField(pair.key.value, pair.value === null ? null : (pair.value.toJS(document) as unknown));
    } catch (error) {
      throw invalid(line, `${pair.key.value}: ${(error as Error).message}`);
    }
  }
}

function checkField(key: string, value: unknown): void {
  const kind = kinds.get(key);
  const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
  const isText = typeof value === 'string' && value !== '';
  switch (kind) {
    case 'text':
      if (!isText) throw new TypeError(`text is expected, not ${show(value)}`);
      break;
    case 'texts':
      if (!isTexts) throw new TypeError(`a list of texts is expected, not ${show(value)}`);
      break;
    case 'text or texts':
      if (!isText && !isTexts) throw new TypeError(`text or a list of texts is expected, not ${show(value)}`);
      break;
    case undefined:
  }
  if (key === 'base_model_relation' && !relations.some((relation) => relation === value)) {
    throw new TypeError(`one of ${relations.join(', ')} is expected, not ${show(value)}`);
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function invalid(line: number, why: string): KnownError {
  return new KnownError('card-front-matter-invalid', { line, why });
}
