/**
 * Which small files a merged model has beside its checkpoint and card, and what they say: model 1's own, with
 * the dtype and the prompts right. Pure: names and texts in, plan out.
 *
 * Files are named one by one, so that nothing is carried along unseen: no other checkpoint, no `onnx/`, no
 * pictures, no pickles, no card of another model.
 */
import { KnownError } from '../errors.ts';
import type { Prompts } from '../model/prompts.ts';
import { editJson, parseFields } from './json-edit.ts';
import { printClsPooling, printLimits, printModules, printPrompts } from './layout.ts';

/** As config.json spells dtypes. */
export type ConfigDtype = 'float32' | 'float16' | 'bfloat16';

/** What is known of model 1, which lends everything but its values. */
export interface OutputFacts {
  /** What to call model 1 in messages. */
  readonly model: string;
  /** Texts of its files, `undefined` where it has none. */
  readonly config: string;
  /** Of the mixture's values. */
  readonly dtype: ConfigDtype;
  readonly modules: string | undefined;
  /** Of modules whose values are mixed, and written with the checkpoint's. */
  readonly mixedFolders: readonly string[];
  readonly sentenceConfig: string | undefined;
  /** What to write for a model without `modules.json`; `undefined` for a model that makes no embeddings. */
  readonly embedding: { readonly hiddenSize: number; readonly maxTokens: number } | undefined;
  /** As edited on the page: of model 1. */
  readonly prompts: Prompts;
}

export type PlannedFile =
  | { readonly path: string; readonly kind: 'copy' }
  | { readonly path: string; readonly kind: 'text'; readonly text: string };

const sentenceConfigPath = 'config_sentence_transformers.json';
const limitsPath = 'sentence_bert_config.json';

const copied = new Set([
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'sentencepiece.bpe.model',
  'spiece.model',
  'spm.model',
  'tokenizer.model',
  'generation_config.json',
  'modules.json',
  sentenceConfigPath,
]);

/** The limits' file has had a name for each architecture, e.g. `sentence_roberta_config.json`. */
const limitsName = /^sentence_[a-z-]+_config\.json$/;

/**
 * The output's small files, sorted by path; files of mixed values and `README.md` are not among them. `paths` are
 * model 1's. Throws `json-invalid`, `module-unknown` for a layout that would open another checkpoint than the
 * merged one, `file-missing` for a module without its files, and `checkpoint-pickle` for one whose values are not mixed
 * and only in a pickle.
 */
export function planFiles(paths: readonly string[], facts: OutputFacts): readonly PlannedFile[] {
  const plan = new Map<string, PlannedFile>();
  const copy = (path: string): unknown => plan.set(path, { path, kind: 'copy' });
  const write = (path: string, text: string): unknown => plan.set(path, { path, kind: 'text', text });

  for (const path of paths) if (copied.has(path) || limitsName.test(path)) copy(path);
  write('config.json', printConfig(facts.config, facts.dtype));

  if (facts.modules !== undefined) {
    for (const folder of moduleFolders(facts.modules, facts.model)) {
      for (const path of modulePaths(paths, folder, facts)) copy(path);
    }
  } else if (facts.embedding !== undefined) {
    write('modules.json', printModules());
    write('1_Pooling/config.json', printClsPooling(facts.embedding.hiddenSize));
    if (!paths.some((path) => limitsName.test(path)))
      write(limitsPath, printLimits(facts.embedding.maxTokens));
  }

  const prompts = printPrompts(facts.sentenceConfig, facts.prompts, sentenceConfigPath);
  if (prompts !== undefined) write(sentenceConfigPath, prompts);
  return [...plan.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * `config.json` for values of another dtype: the field that states it, by whichever of its two names, says
 * `dtype`; where the model came from is left out. The rest stays as it is spelt. Throws `json-invalid`.
 */
export function printConfig(text: string, dtype: ConfigDtype): string {
  const file = 'config.json';
  const fields = parseFields(text, file);
  const stated = ['dtype', 'torch_dtype'].filter((key) => fields.has(key));
  // transformers before 4.56 knows only `torch_dtype`; later ones read both
  const keys = stated.length > 0 ? stated : ['torch_dtype'];
  const edits = Object.fromEntries(keys.map((key) => [key, JSON.stringify(dtype)]));
  return editJson(text, { ...edits, _name_or_path: undefined }, file);
}

/** The folders of modules that have one: `1_Pooling`. Throws `json-invalid` and `module-unknown`. */
function moduleFolders(text: string, model: string): readonly Module[] {
  const modules = parseModules(text);
  for (const { path, type } of modules) {
    // its checkpoint would be opened from that folder, and nothing of the mixture would be
    const elsewhere = path !== '' && type.endsWith('.Transformer');
    if (elsewhere || path.split('/').some((name) => name === '.' || name === '..')) {
      throw new KnownError('module-unknown', { model, module: `${type} (${path})` });
    }
  }
  return modules.filter(({ path }) => path !== '');
}

interface Module {
  /** Its folder, '' for the model's own. */
  readonly path: string;
  /** The class with its module path. */
  readonly type: string;
}

function parseModules(text: string): readonly Module[] {
  const file = 'modules.json';
  let modules: unknown;
  try {
    modules = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new KnownError('json-invalid', { file, why: (error as Error).message }, { cause: error });
  }
  if (!Array.isArray(modules)) throw new KnownError('json-invalid', { file, why: 'not a list' });
  return modules.map((module: unknown) => {
    const { path, type } = (module ?? {}) as { path?: unknown; type?: unknown };
    if (typeof path === 'string' && typeof type === 'string') {
      return { path: path.replace(/\/+$/, ''), type };
    }
    throw new KnownError('json-invalid', { file, why: 'a module without path or type' });
  });
}

/**
 * A module's own files: its settings and, where they are not mixed, its values. Throws `file-missing` where the module could not be
 * loaded from what is there; only Normalize needs no settings.
 */
function modulePaths(
  paths: readonly string[],
  { path: folder, type }: Module,
  { model, mixedFolders }: OutputFacts,
): readonly string[] {
  const config = `${folder}/config.json`;
  const values = `${folder}/model.safetensors`;
  const pickle = `${folder}/pytorch_model.bin`;
  const isMixed = mixedFolders.includes(folder);
  if (!isMixed && paths.includes(pickle) && !paths.includes(values)) {
    throw new KnownError('checkpoint-pickle', { model, file: pickle });
  }
  if (!type.endsWith('.Normalize') && !paths.includes(config)) {
    throw new KnownError('file-missing', { model, file: config });
  }
  return (isMixed ? [config] : [config, values]).filter((path) => paths.includes(path));
}
