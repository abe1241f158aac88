/**
 * What sentence-transformers does around the transformer, as modules.json and its neighbours say: pooling,
 * normalisation, how many tokens go in. What we cannot run is returned as a refusal of scoring, not thrown:
 * such a model can still be mixed by hand.
 *
 * Both spellings are read: `sentence_transformers.models.Pooling` with one boolean a mode, and
 * `sentence_transformers.sentence_transformer.modules.pooling.Pooling` with `pooling_mode: "cls"` (version 5.4 on).
 *
 * Source: https://github.com/huggingface/sentence-transformers, `Pooling`, `Transformer`, `Normalize`.
 */
import { KnownError, toProblem, type ErrorCode, type Problem } from '../errors.ts';
import type { Source } from '../source/source.ts';
import type { Config } from './config.ts';
import { readDense, type Dense } from './dense.ts';
import { damageCodes, readJsonObject, settingsLimitBytes } from './json-file.ts';
import { denseFoldersOf, readSteps, type Step } from './module-list.ts';
import { joinPath } from './small-file.ts';
import { readTokenLimit } from './token-limit.ts';
import { parsePooling, type Pooling } from './pooling.ts';

export interface Modules {
  /** `undefined` when `problems` refuses it. */
  readonly pooling: Pooling | undefined;
  readonly normalised: boolean;
  /** Tokens of one text, special tokens included; longer texts are cut. 0 when `problems` refuses the settings. */
  readonly maxTokens: number;
  /** Texts are lowercased before they are tokenised. */
  readonly lowerCase: boolean;
  /** There is no modules.json: CLS and Normalize were taken, as the reference package does; the note says so. */
  readonly assumed: boolean;
  /** Between pooling and normalisation, in order; only those that can be run. */
  readonly dense: readonly Dense[];
  /** Of all Dense modules: their tensors are mixed. */
  readonly denseFolders: readonly string[];
  /** Class names of other modules with values of their own, which a mixture takes from model 1 as they are, e.g. `['LSTM']`. */
  readonly extraModules: readonly string[];
  /** Refusals of scoring, and the note `pooling-assumed`. */
  readonly problems: readonly Problem[];
}

/** Failures that are about these settings alone; any other, such as a lost network, is thrown. */
const ownFailures: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...damageCodes,
  'config-field-invalid',
  'pooling-unknown',
  'module-unknown',
]);

/** Reads a few small files. Throws only what the source throws. */
export async function readModules(source: Source, config: Config): Promise<Modules> {
  const problems: Problem[] = [];
  const attempt = async <T>(step: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof KnownError) || !ownFailures.has(error.code)) throw error;
      problems.push(toProblem(error));
      return undefined;
    }
  };

  const steps = (await attempt(() => readSteps(source))) ?? [];
  const assumed = problems.length === 0 && steps.length === 0;
  const usual = usualPooling(config);
  if (assumed)
    problems.push({
      severity: 'note',
      code: 'pooling-assumed',
      facts: { model: source.name, pooling: usual },
    });

  const unknown = assumed ? [] : findUnknown(steps);
  for (const { kind: module } of unknown) {
    problems.push(toProblem(new KnownError('module-unknown', { model: source.name, module })));
  }

  const pooling = assumed
    ? usual
    : steps.length > 0
      ? await attempt(() => readPooling(source, steps))
      : undefined;
  const dense: Dense[] = [];
  for (const { path } of steps.filter((step) => step.kind === 'Dense' && !unknown.includes(step))) {
    const read = await attempt(() => readDense(source, path));
    if (read) dense.push(read);
  }
  const path = steps.find(({ kind }) => kind === 'Transformer')?.path ?? '';
  const limit = await attempt(() => readTokenLimit(source, config, path));
  return {
    pooling,
    normalised: assumed || steps.some(({ kind }) => kind === 'Normalize'),
    maxTokens: limit?.maxTokens ?? 0,
    lowerCase: limit?.lowerCase ?? false,
    assumed,
    dense,
    denseFolders: denseFoldersOf(steps),
    extraModules: unknown.flatMap(({ kind }) => (kind === 'Dense' ? [] : [kind])),
    problems,
  };
}

/**
 * Where a model states none: under a causal mask the first token knows of no other, so the last; T5's begin with nothing of their
 * own, so the mean, as sentence-T5 (https://arxiv.org/abs/2108.08877); else the first, as the reference.
 */
function usualPooling({ architecture = '' }: Config): 'lasttoken' | 'mean' | 'cls' {
  if (/ForCausalLM$|LMHead/.test(architecture)) return 'lasttoken';
  return /ForConditionalGeneration$/.test(architecture) ? 'mean' : 'cls';
}

/** What is not Transformer, Pooling, any Dense, Normalize in this order: those, and these where they stand elsewhere, we cannot run. */
function findUnknown(steps: readonly Step[]): readonly Step[] {
  const order = ['Transformer', 'Pooling', 'Dense', 'Normalize'];
  const afterPooling = order.indexOf('Dense');
  let next = 0;
  return steps.filter(({ kind }) => {
    const at = order.indexOf(kind, next);
    if (at < 0 || (kind === 'Dense' && next < afterPooling)) return true;
    next = kind === 'Dense' ? at : at + 1;
    return false;
  });
}

async function readPooling(source: Source, steps: readonly Step[]): Promise<Pooling> {
  const model = source.name;
  const step = steps.find(({ kind }) => kind === 'Pooling');
  if (!step) throw new KnownError('pooling-unknown', { model, pooling: 'none' });
  const settings = await readJsonObject(source, joinPath(step.path, 'config.json'), settingsLimitBytes);
  if (!settings) throw new KnownError('pooling-unknown', { model, pooling: 'none' });
  return parsePooling(settings, model);
}
