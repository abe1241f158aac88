/**
 * How models fit together: what may be averaged with what, from headers and small files only. Model 1 is the
 * base: it gives the architecture, the settings, the tokenizer and the names. What does not fit is refused by
 * name; what is left out or not averaged is said.
 */
import { KnownError, toProblem, type Problem } from '../errors.ts';
import type { Tensor } from '../safetensors/checkpoint.ts';
import { compareConfigs } from './compare-config.ts';
import { compareDense } from './compare-dense.ts';
import type { Config } from './config.ts';
import type { DenseSettings } from './dense.ts';
import { damageCodes } from './json-file.ts';
import { matchTensors, type MatchedTensor } from './match.ts';
import { compareVocabularies, type Vocabulary } from './vocabulary.ts';

export interface OpenedModel {
  readonly name: string;
  readonly config: Config;
  /** With the tensors of its Dense modules. */
  readonly checkpoint: { readonly tensors: ReadonlyMap<string, Tensor> };
  readonly dense: readonly DenseSettings[];
  /** `undefined` when the model brings none. */
  readonly vocabulary: Vocabulary | undefined;
}

export interface ModelMatch {
  /** Refusals of mixing first: settings, vocabularies, tensors; then notes. */
  readonly problems: readonly Problem[];
  /** What a merge writes, in model 1's file order; empty when anything is refused. */
  readonly tensors: readonly MatchedTensor[];
}

/** The paper mixes ten; every model more makes the chunks smaller (design.md, 4). */
export const modelLimit = 16;

/** One wrong setting makes every tensor wrong: a person needs the first few. */
const refusalsPerCode = 5;

/**
 * Reads vocabularies where their hashes do not settle it; headers and settings are read already. Throws only
 * what the sources throw.
 */
export async function compareModels(models: readonly OpenedModel[]): Promise<ModelMatch> {
  const count = models.length;
  if (count < 2) return refuse(new KnownError('models-too-few', { count }));
  if (count > modelLimit) return refuse(new KnownError('models-too-many', { count, limit: modelLimit }));

  const [base, ...others] = models as readonly [OpenedModel, ...OpenedModel[]];
  const settings = models.flatMap((model) => [...compareConfigs(base, model), ...compareDense(base, model)]);
  const vocabularies: Problem[] = [];
  // one after the other: two vocabularies are in memory, not seventeen
  for (const model of others) vocabularies.push(...(await compareVocabulary(base, model)));
  const matched = matchTensors(models);

  const problems = [...settings, ...vocabularies, ...matched.problems];
  const refusals = cap(problems.filter(({ severity }) => severity === 'refused'));
  const notes = problems.filter(({ severity }) => severity === 'note');
  return { problems: [...refusals, ...notes], tensors: refusals.length > 0 ? [] : matched.tensors };
}

function refuse(error: KnownError): ModelMatch {
  return { problems: [toProblem(error)], tensors: [] };
}

async function compareVocabulary(base: OpenedModel, model: OpenedModel): Promise<readonly Problem[]> {
  const names = { model: model.name, base: base.name };
  if (!base.vocabulary || !model.vocabulary) return [unchecked(names)];
  try {
    const verdict = await compareVocabularies(base.vocabulary, model.vocabulary);
    if (verdict.is === 'unchecked') return [unchecked(names)];
    if (verdict.is === 'equal') return [];
    return [toProblem(new KnownError('vocabulary-differs', { ...names, why: verdict.why }))];
  } catch (error) {
    // a damaged vocabulary is a fact about the model; a lost network is not
    if (error instanceof KnownError && damageCodes.has(error.code)) return [toProblem(error)];
    throw error;
  }
}

function unchecked(facts: { readonly model: string; readonly base: string }): Problem {
  return { severity: 'note', code: 'vocabulary-unchecked', facts };
}

/** The first of each code for each model; order is kept. */
function cap(refusals: readonly Problem[]): readonly Problem[] {
  const seen = new Map<string, number>();
  return refusals.filter(({ code, facts }) => {
    const key = `${code} ${'model' in facts ? facts.model : ''}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count <= refusalsPerCode;
  });
}
