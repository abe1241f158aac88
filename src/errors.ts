/**
 * Every failure that is expected, as a table: a code and the facts it must state. The sentences that a person
 * reads are the messages named `error_<code>` in `messages/`; a failure that is not in this table is a bug.
 */

/** The settings that a number can be wrong for; each has a name in every language. */
export type SettingName = 'batch-size' | 'negative-count' | 'temperature' | 'max-input-tokens' | 'alpha';

/** What models are run as; each has a name in every language. */
export type TaskName = 'encoder' | 'reranker' | 'decoder' | 'encoder-decoder';

/** What each expected failure must say about itself. Facts are strings and numbers, so that they cross threads whole. */
export interface FactsOf {
  // files of any kind
  'file-missing': { model: string; file: string };
  'file-unreadable': { file: string; why: string };
  'file-too-large': { file: string; bytes: number; limitBytes: number };
  'json-invalid': { file: string; why: string };
  'source-changed': { model: string; file: string };
  'read-short': { file: string; wantBytes: number; gotBytes: number };

  // files that are not what their name says
  'file-empty': { file: string };
  'file-lfs-pointer': { file: string; bytes: number; realBytes: number };
  'file-web-page': { file: string };
  'file-zip': { file: string };
  'file-pickle': { file: string };
  'file-of-other-kind': { file: string; kind: string };

  // safetensors
  'header-truncated': { file: string; fileBytes: number; needBytes: number };
  'header-too-large': { file: string; headerBytes: number; limitBytes: number };
  'header-json': { file: string; why: string };
  'tensor-duplicate': { file: string; tensor: string };
  'tensor-entry-invalid': { file: string; tensor: string; why: string };
  'dtype-unknown': { file: string; tensor: string; dtype: string };
  'offsets-invalid': { file: string; tensor: string; why: string };
  'offsets-overlap': { file: string; tensor: string; start: number; expected: number };
  'offsets-gap': { file: string; tensor: string; start: number; expected: number };
  'offsets-beyond-end': { file: string; tensor: string; end: number; dataBytes: number };
  'shape-overflow': { file: string; tensor: string; shape: string };
  'shape-bytes': { file: string; tensor: string; shape: string; wantBytes: number; gotBytes: number };
  'data-unclaimed': { file: string; dataBytes: number; usedBytes: number };
  'index-invalid': { file: string; why: string };
  'index-path-unsafe': { file: string; shard: string };
  'index-shard-missing': { file: string; shard: string };
  'index-tensor-missing': { file: string; shard: string; tensor: string };
  'tensor-in-two-shards': { tensor: string; first: string; second: string };
  'shard-bytes-invalid': { limitBytes: number };
  'shards-too-many': { count: number; limit: number };
  // zips
  'zip-damaged': { file: string; why: string };
  'zip-split': { file: string };
  'zip-encrypted': { file: string; entry: string };
  'zip-compressed': { file: string; entry: string; method: number };
  'zip-path-unsafe': { file: string; entry: string };
  'zip-entry-twice': { file: string; entry: string };
  'zip-directory-large': { file: string; bytes: number; limitBytes: number };

  // files that PyTorch saved
  'torch-tar': { file: string };
  'torch-legacy': { file: string };
  'torch-script': { file: string };
  'torch-big-endian': { file: string };
  'torch-record-missing': { file: string; record: string };
  'torch-record-odd': { file: string; record: string; text: string };
  'torch-global': { file: string; name: string };
  'torch-opcode': { file: string; opcode: string; at: number };
  'torch-pickle-damaged': { file: string; at: number; why: string };
  'torch-not-flat': { file: string; entry: string; kind: string };
  'torch-tensor-invalid': { file: string; tensor: string; why: string };

  // a model's checkpoint
  'checkpoint-missing': { model: string };
  'checkpoint-pickle': { model: string; file: string };
  'checkpoint-passed-over': { model: string; file: string; passedOver: string };

  // the Hub
  'hub-id-invalid': { text: string };
  'hub-not-a-model': { text: string };
  'hub-other-site': { text: string; host: string };
  'hub-unauthorised': { id: string };
  'hub-gated': { id: string };
  'hub-repository-missing': { id: string };
  'hub-revision-missing': { id: string; revision: string };
  'hub-file-missing': { id: string; file: string };
  'hub-unreachable': { host: string };
  'hub-busy': { host: string; seconds: number };
  'hub-status': { host: string; file: string; status: number };
  'hub-answer-invalid': { id: string; why: string };
  'hub-range-ignored': { id: string; file: string };
  'hub-size-wrong': { id: string; file: string; statedBytes: number; gotBytes: number };
  'hub-hash-wrong': { id: string; file: string; stated: string; got: string };

  // local and embedded sources
  'drop-empty': { name: string };
  'model-folder-missing': { name: string };
  'model-adapter': { model: string };
  'model-quantised': { model: string; how: string };
  'demo-unavailable': { file: string; status: number };

  // this browser's storage
  'storage-full': { file: string };
  'storage-unavailable': { why: string };
  'kept-in-use': { name: string };
  'job-in-use': { name: string };

  // a folder that was picked
  'folder-denied': { folder: string };
  'folder-gone': { folder: string };
  'folder-full': { folder: string; file: string };
  'folder-failed': { folder: string; file: string; why: string };
  'folder-damaged': { folder: string; file: string; why: string };
  'folder-leftover': { folder: string; name: string };

  // a model's configuration, for scoring
  'config-missing': { model: string };
  'config-field-invalid': { file: string; field: string; why: string };
  'config-unsupported': { model: string; field: string; value: string };
  'architecture-unknown': { model: string; modelType: string };
  'activation-unknown': { model: string; activation: string };
  'position-type-unknown': { model: string; positionType: string };
  'module-unknown': { model: string; module: string };
  'module-kept': { model: string; module: string };
  'pooling-unknown': { model: string; pooling: string };
  'task-unknown': { model: string; modelType: string; task: TaskName };
  'task-tensor-missing': { model: string; task: TaskName; tensor: string };
  'token-missing': { model: string; token: string };
  'padding-missing': { model: string };
  'graph-tensor-missing': { model: string; tensor: string };
  'graph-tensor-shape': { model: string; tensor: string; want: string; got: string };
  'tokenizer-missing': { model: string };
  'tokenizer-other-format': { model: string; files: string };
  'tokenizer-unsupported': { model: string; why: string };
  'pooling-assumed': { model: string; pooling: string };

  // comparing models
  'module-missing': { model: string; other: string; module: string };
  'models-too-few': { count: number };
  'models-too-many': { count: number; limit: number };
  'config-differs': { model: string; base: string; field: string; value: string; baseValue: string };
  'tensor-missing': { model: string; base: string; tensor: string };
  'tensor-shape-differs': { model: string; base: string; tensor: string; shape: string; baseShape: string };
  'tensor-kind-differs': { model: string; base: string; tensor: string; dtype: string; baseDtype: string };
  'vocabulary-differs': { model: string; base: string; why: string };
  'vocabulary-unchecked': { model: string; base: string };
  'tensors-taken': { model: string; tensors: string; count: number; missing: string };
  'tensors-dropped': { model: string; tensors: string; count: number };
  'model-twice': { models: string; places: string };
  'values-not-finite': { model: string; tensor: string };
  'value-overflows': { tensor: string; dtype: string; value: number; limit: number };

  // licences
  'licence-forbids': { licence: string; models: string };
  'licence-noncommercial': { licence: string; models: string };
  'licences-differ': { licences: string };
  'licence-unknown': { models: string };

  // examples, losses, weights
  'examples-empty': Record<never, never>;
  'examples-unreadable': { line: number; why: string };
  'examples-entry-kind': { line: number };
  'examples-quote-broken': { line: number };
  'examples-cells-many': { line: number; want: number; got: number };
  'examples-cell-kind': { line: number; column: string };
  'examples-query-missing': { line: number };
  'examples-positive-missing': { line: number };
  'examples-output-missing': { line: number };
  'examples-columns-few': Record<never, never>;
  'examples-many': { count: number; taken: number; limit: number };
  'examples-more': { count: number };
  'examples-too-large': { file: string; bytes: number; limitBytes: number };
  'examples-file-kind': { file: string; kind: string };
  'examples-not-text': { file: string };
  'example-query-missing': { example: number };
  'example-positive-missing': { example: number };
  'example-output-missing': { example: number };
  'example-negatives-needed': { example: number };
  'example-nothing-scored': { example: number; model: string; limit: number };
  'examples-task': { model: string; task: TaskName };
  'definition-unsupported': { model: string };
  'negatives-too-few': { example: number; want: number; got: number };
  'negatives-needed': Record<never, never>;
  'example-too-long': { example: number; model: string; tokens: number; limit: number };
  'example-truncated': { example: number; model: string; tokens: number; limit: number };
  'text-too-long': { model: string; tokens: number; limit: number };
  'text-without-tokens': { model: string };
  'setting-invalid': { setting: SettingName; value: string };
  'loss-not-finite': { model: string; loss: string };
  'weights-invalid': { why: string };

  // recipes, their links, and the page's own address
  'recipe-unreadable': { file: string; why: string };
  'recipe-version-unknown': { file: string; version: string };
  'recipe-method-unknown': { file: string; method: string };
  'recipe-field-unknown': { file: string; field: string };
  'recipe-weights-invalid': { file: string; why: string };
  'recipe-link-too-long': { length: number; limit: number };
  'recipe-commit-gone': { id: string; commit: string };
  'recipe-demo-unknown': { model: string };
  'recipe-demo-changed': { model: string; file: string; stated: string; got: string };
  'recipe-local-differs': { model: string; wanted: string; file: string; why: string };
  'address-unreadable': { why: string };

  // the model card
  'card-front-matter-invalid': { line: number; why: string };

  // the engine
  'gpu-missing': Record<never, never>;
  'gpu-lost': { why: string };
  'gpu-too-small': { needBytes: number; limitBytes: number; tensor: string };
  'gpu-full': { needBytes: number };
  'memory-missing': { model: string; needBytes: number; limitBytes: number; missingBytes: number };
  'memory-short': { model: string; needBytes: number; limitBytes: number };
  'runtime-failed': { why: string };
  'page-insecure': { origin: string };
  'page-part-missing': { why: string };
  'engine-died': { why: string };
  'engine-hung': { seconds: number };

  // the output
  'output-damaged': { file: string; why: string };
  'output-missing': { job: string };
  'output-tensor-wrong': { file: string; tensor: string; want: string; got: string };
  'output-not-finite': { file: string; tensor: string };
  'output-differs': { difference: number; limit: number };
  'output-unproved': { job: string };
}

export type ErrorCode = keyof FactsOf;

/** A failure that was expected. Anything else that is thrown is a bug. */
export class KnownError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'KnownError';
  readonly code: C;
  readonly facts: FactsOf[C];
  constructor(code: C, facts: FactsOf[C], options?: ErrorOptions) {
    super(`${code} ${JSON.stringify(facts)}`, options);
    this.code = code;
    this.facts = facts;
  }
}

export function isKnown<C extends ErrorCode>(error: unknown, code: C): error is KnownError<C> {
  return error instanceof KnownError && error.code === code;
}

/**
 * Something to say about models that is known before work starts. `refused`: the work cannot be done;
 * `note`: it can, and the person should know. A plain value, so that it crosses threads.
 */
export type Problem<C extends ErrorCode = ErrorCode> = {
  [K in C]: { readonly severity: 'refused' | 'note'; readonly code: K; readonly facts: FactsOf[K] };
}[C];

/** Throws the first refusal. */
export function checkProblems(problems: readonly Problem[]): void {
  const refusal = problems.find(({ severity }) => severity === 'refused');
  if (refusal !== undefined) throw new KnownError(refusal.code, refusal.facts);
}

export function toProblem(error: KnownError): Problem {
  return { severity: 'refused', code: error.code, facts: error.facts } as Problem;
}
