/**
 * What stands on the page as the fragment of its address, and back: the models, the settings, the weights. Never the
 * examples, which are private, nor the token, nor more of this computer's models than their places in the order.
 *
 *   m=<model>&m=local&q1=<prompt>&d1=<prompt>&w=examples&t=1&loss=own&dtype=F32
 *   m=<model>&m=<model>&w=alpha,2,0.5&t=1&loss=own&dtype=F32      the second model's share is alpha
 *   m=<model>&m=<model>&w=0.5,0.5&t=1&loss=reference,2,512,3&dtype=F16          m=none: an empty bar
 *   …&dtype=F16&shard=2000000000      files of 2 GB; shard=none: one file; 5 GB where it is not stated
 *   …&as=encoder                      run as embedding models, whatever the first one's files say
 */
import { KnownError } from '../errors.ts';
import type { OutputDtype } from '../merge/plan.ts';
import type { Prompts, Task } from '../pipeline.ts';
import { parseFragment, printFragment, type Field } from '../recipe/fragment.ts';
import { linkLimit } from '../recipe/link.ts';
import { parseModel, printModel, type AddressModel } from '../recipe/model-text.ts';
import { modelLimit } from '../recipe/recipe.ts';
import { defaultShardBytes } from '../safetensors/split.ts';
import type { ReferenceSettings } from './taste.svelte.ts';

export interface Alpha {
  readonly tuned: number;
  readonly alpha: number;
}

export interface PageState {
  readonly models: readonly AddressModel[];
  /** (models,) where they were edited. */
  readonly prompts: readonly (Prompts | undefined)[];
  /** (models,) set by hand; `undefined` when they come from the examples. An emptied field is NaN, here and below. */
  readonly weights: readonly number[] | undefined;
  /** The fine-tuned model's index and its share, where the rest share what is left. */
  readonly alpha: Alpha | undefined;
  readonly temperature: number;
  /** What the models are run as, where a person corrected it. */
  readonly runAs: Task | undefined;
  readonly definition: 'own' | 'reference';
  /** Only of the reference's definition. */
  readonly reference: ReferenceSettings | undefined;
  readonly dtype: OutputDtype;
  /** Most bytes of values in one file; `undefined` for one file, whatever its size. */
  readonly shardBytes: number | undefined;
}

/** What an address states; the page keeps its own of the rest. */
export type StatedState = Pick<
  PageState,
  'models' | 'prompts' | 'weights' | 'alpha' | 'runAs' | 'shardBytes'
> &
  Partial<Pick<PageState, 'temperature' | 'definition' | 'reference' | 'dtype'>>;

const dtypes: readonly OutputDtype[] = ['F32', 'F16', 'BF16', 'as-model-1'];
const tasks: readonly Task[] = ['encoder', 'reranker', 'decoder', 'encoder-decoder'];
const noModels = 'none';
const oneFile = 'none';

export function printAddress({
  models,
  prompts,
  weights,
  alpha,
  temperature,
  runAs,
  definition,
  reference,
  dtype,
  shardBytes,
}: PageState): string {
  const loss = reference && [reference.batchSize, reference.maxInputTokens, reference.negativeCount];
  const fields: readonly Field[] = [
    ...(models.length === 0 ? [noModels] : models.map(printModel)).map((model): Field => ['m', model]),
    ...prompts.flatMap((edited, m) => (edited === undefined ? [] : printPrompts(edited, m + 1))),
    ['w', printWeights(weights, alpha)],
    ['t', printNumber(temperature)],
    ['loss', [definition, ...(loss ?? []).map(printNumber)].join(',')],
    ['dtype', dtype],
    ...(runAs === undefined ? [] : [['as', runAs] as const]),
    ...(shardBytes === defaultShardBytes ? [] : [['shard', printShardBytes(shardBytes)] as const]),
  ];
  return printFragment(fields);
}

/** The fragment means to be the page's state, whether or not it can be read. */
export function isAddress(fragment: string): boolean {
  return /^#?m=/.test(fragment);
}

/** The state in a fragment, which may come from anybody. Throws `address-unreadable`. */
export function parseAddress(fragment: string): StatedState {
  if (fragment.length > linkLimit) throw unreadable(`${fragment.length} > ${linkLimit}`);
  const fields = parseFragment(fragment);
  if (fields === undefined) throw unreadable('key=value&…');
  const words = fields.flatMap(([key, value]) => (key === 'm' ? [value] : []));
  const models = words.length === 1 && words[0] === noModels ? [] : words.map(parseWord);
  if (models.length > modelLimit) throw unreadable(`m: ${models.length} > ${modelLimit}`);
  const rest = new Map<string, string>();
  for (const [key, value] of fields) {
    if (key === 'm') continue;
    if (rest.has(key)) throw unreadable(`${key}, ${key}`);
    rest.set(key, value);
  }
  return parseRest(rest, models);
}

function parseRest(rest: ReadonlyMap<string, string>, models: readonly AddressModel[]): StatedState {
  const prompts = models.map(() => undefined);
  let state: StatedState = {
    models,
    prompts,
    weights: undefined,
    alpha: undefined,
    runAs: undefined,
    shardBytes: defaultShardBytes,
  };
  for (const [key, value] of rest) {
    if (/^[qd]\d+$/.test(key)) state = { ...state, prompts: withPrompt(state.prompts, key, value) };
    else if (key === 'w') state = { ...state, ...parseWeights(value, models.length) };
    else if (key === 't') state = { ...state, temperature: parseNumber(value, key) };
    else if (key === 'loss') state = { ...state, ...parseLoss(value) };
    else if (key === 'dtype') state = { ...state, dtype: parseWordOf(dtypes, key, value) };
    else if (key === 'as') state = { ...state, runAs: parseWordOf(tasks, key, value) };
    else if (key === 'shard') state = { ...state, shardBytes: parseShardBytes(value) };
    else throw unreadable(key.slice(0, 40));
  }
  return state;
}

function parseWord(word: string): AddressModel {
  const model = parseModel(word);
  if (model === undefined) throw unreadable(`m=${word.slice(0, 80)}`);
  return model;
}

function printPrompts({ query, document }: Prompts, number: number): readonly Field[] {
  return [
    [`q${number}`, query],
    [`d${number}`, document],
  ];
}

function withPrompt(
  prompts: readonly (Prompts | undefined)[],
  key: string,
  text: string,
): readonly (Prompts | undefined)[] {
  const at = Number(key.slice(1)) - 1;
  if (at < 0 || at >= prompts.length) throw unreadable(key);
  const edited = key.startsWith('q') ? { query: text } : { document: text };
  return prompts.map((own, m) => (m === at ? { ...(own ?? { query: '', document: '' }), ...edited } : own));
}

function printWeights(weights: PageState['weights'], alpha: Alpha | undefined): string {
  if (alpha !== undefined) return `alpha,${alpha.tuned + 1},${printNumber(alpha.alpha)}`;
  return weights === undefined ? 'examples' : weights.map(printNumber).join(',');
}

function parseWeights(text: string, count: number): Partial<Pick<PageState, 'weights' | 'alpha'>> {
  if (text === 'examples') return {};
  const [, number, share] = /^alpha,(\d{1,2}),(.*)$/.exec(text) ?? [];
  if (number !== undefined && share !== undefined) {
    const tuned = Number(number) - 1;
    if (tuned < 0 || tuned >= count) throw unreadable(`w: ${text.slice(0, 40)}`);
    return { alpha: { tuned, alpha: parseNumber(share, 'w') } };
  }
  const weights = count === 0 && text === '' ? [] : text.split(',').map((part) => parseNumber(part, 'w'));
  if (weights.length !== count) throw unreadable(`w: ${weights.length} ≠ ${count}`);
  return { weights };
}

function parseLoss(text: string): Pick<StatedState, 'definition' | 'reference'> {
  if (text === 'own') return { definition: 'own' };
  const [definition, batchSize, maxInputTokens, negativeCount, ...more] = text.split(',');
  if (definition !== 'reference' || negativeCount === undefined || more.length > 0) throw unreadable('loss');
  const [b, i, n] = [batchSize, maxInputTokens, negativeCount].map((part) => parseNumber(part ?? '', 'loss'));
  return {
    definition,
    reference: { batchSize: b ?? NaN, maxInputTokens: i ?? NaN, negativeCount: n ?? NaN },
  };
}

function parseWordOf<Word extends string>(words: readonly Word[], key: string, text: string): Word {
  const word = words.find((word) => word === text);
  if (word === undefined) throw unreadable(key);
  return word;
}

function printShardBytes(bytes: number | undefined): string {
  return bytes === undefined ? oneFile : printNumber(bytes);
}

function parseShardBytes(text: string): number | undefined {
  return text === oneFile ? undefined : parseNumber(text, 'shard');
}

/** An emptied field has no number. */
function printNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : '';
}

function parseNumber(text: string, key: string): number {
  if (text === '') return Number.NaN;
  const value = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw unreadable(`${key}: ${text.slice(0, 40)}`);
  return value;
}

function unreadable(why: string): KnownError {
  return new KnownError('address-unreadable', { why });
}
