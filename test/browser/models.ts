/** Models of test/fixtures as files that a person dropped: the server hands them out as they lie. */
import type { LocalFile, ModelRef } from '../../src/source/source.ts';

/** Contents by path: text, or what is below test/fixtures at an address. */
export type Contents = Readonly<Record<string, string | URL>>;

export function fixture(path: string): URL {
  return new URL(`/test/fixtures/${path}`, location.href);
}

export async function readFixture<T>(path: string): Promise<T> {
  return (await fetchFile(fixture(path))).json() as Promise<T>;
}

async function fetchFile(address: URL): Promise<Response> {
  const answer = await fetch(address);
  // the server answers what it does not have with the page
  if (!answer.ok || answer.headers.get('content-type')?.startsWith('text/html') === true) {
    throw new Error(`${address.pathname} is not there`);
  }
  return answer;
}

export async function localModel(name: string, contents: Contents): Promise<ModelRef> {
  const files = Object.entries(contents).map(async ([path, content]): Promise<LocalFile> => {
    const part = typeof content === 'string' ? content : await (await fetchFile(content)).blob();
    return { path, file: new File([part], path) };
  });
  return { kind: 'local', name, files: await Promise.all(files) };
}

/** One of the three models of golden bert. */
export function goldenBert(model: 'a' | 'b' | 'c'): Promise<ModelRef> {
  const paths = [
    'config.json',
    'model.safetensors',
    'modules.json',
    '1_Pooling/config.json',
    'config_sentence_transformers.json',
    'sentence_bert_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ];
  return localModel(
    model,
    Object.fromEntries(paths.map((path) => [path, fixture(`golden/bert/${model}/${path}`)])),
  );
}

/** A model of the family bert-dense, which has a Dense module. @param values the model whose Dense module it has */
export function denseBert(model: 'a' | 'b', values = model): Promise<ModelRef> {
  const paths = [
    ...['config.json', 'model.safetensors', 'modules.json', '1_Pooling/config.json', '2_Dense/config.json'],
    ...['2_Dense/model.safetensors', 'sentence_bert_config.json', 'tokenizer.json', 'tokenizer_config.json'],
  ];
  const from = (path: string): string => (path === '2_Dense/model.safetensors' ? values : model);
  return localModel(
    model,
    Object.fromEntries(paths.map((path) => [path, fixture(`families/bert-dense/${from(path)}/${path}`)])),
  );
}

const poolingKeys = {
  mean: 'pooling_mode_mean_tokens',
  cls: 'pooling_mode_cls_token',
  max: 'pooling_mode_max_tokens',
  lasttoken: 'pooling_mode_lasttoken',
} as const;

export type PoolingMode = keyof typeof poolingKeys;

/** The tiny BERT of fixtures/bert-variants with these changes of its configuration; not normalised. */
export async function variant(
  changes: Readonly<Record<string, unknown>>,
  pooling: PoolingMode,
): Promise<ModelRef> {
  const config = await readFixture<Record<string, unknown>>('bert-variants/config.json');
  const modules = [
    { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
    { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
  ];
  return localModel(`${Object.values(changes).join(' ')} ${pooling}`, {
    'config.json': JSON.stringify({ ...config, ...changes }),
    'modules.json': JSON.stringify(modules),
    '1_Pooling/config.json': JSON.stringify({ word_embedding_dimension: 16, [poolingKeys[pooling]]: true }),
    'model.safetensors': fixture('bert-variants/model.safetensors'),
    'sentence_bert_config.json': fixture('bert-variants/sentence_bert_config.json'),
    'tokenizer.json': fixture('golden/bert/a/tokenizer.json'),
    'tokenizer_config.json': fixture('golden/bert/a/tokenizer_config.json'),
  });
}
