/**
 * Which tensors of several models are the same tensor, and what a merge does with the rest.
 *
 *   in every model            averaged (integers: the last model's)
 *   pooler, head not in all   taken from the first model that has it: it does not touch the encoder's vectors
 *   a head tied in the file   not written: it is the same bytes as another tensor, and is tied again when it is loaded
 *   only in later models      dropped: model 1's configuration has no place for it
 *   of a Dense module         averaged; one that is not in all is refused, also where only model 1 lacks it
 *   any other absence         refused
 */
import { KnownError, toProblem, type Problem } from '../errors.ts';
import type { Tensor } from '../safetensors/checkpoint.ts';
import { kindOf, type DtypeKind } from '../tensor/dtype.ts';
import type { Config } from './config.ts';
import { isTied, modernName, nameTensors, roleOf, spell, type NamedTensors, type Role } from './names.ts';

export interface MatchedTensor {
  /** As the output writes it: model 1's spelling or prefix, with today's names of layer norms. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: DtypeKind;
  /**
   * (models,) the tensor in each model. Float: averaged over all, or, when it is one model's alone, that
   * model's values as they are. Integer: the last model's values, as in the reference package.
   */
  readonly from: readonly (Tensor | undefined)[];
}

interface MatchableModel {
  readonly name: string;
  readonly config: Config;
  readonly checkpoint: { readonly tensors: ReadonlyMap<string, Tensor> };
  /** Its Dense modules. */
  readonly dense: readonly { readonly folder: string }[];
}

export interface TensorMatch {
  readonly problems: readonly Problem[];
  readonly tensors: readonly MatchedTensor[];
}

/** One canonical name, looked up in every model. */
interface Row {
  readonly canonical: string;
  readonly role: Role;
  /** (models,) */
  readonly from: readonly (Tensor | undefined)[];
}

type Fate = 'averaged' | 'taken' | 'tied' | 'dropped' | 'refused';

/** @param models two or more; the first is the base */
export function matchTensors(models: readonly MatchableModel[]): TensorMatch {
  const base = models[0]!.config;
  const named = models.map(({ checkpoint }) => nameTensors(checkpoint.tensors, base.modelType));
  const rows = toRows(named, base.modelType);
  const fates = new Map(rows.map((row) => [row, fateOf(row, base, models)]));
  const of = (fate: Fate) => rows.filter((row) => fates.get(row) === fate);
  return {
    problems: [
      ...of('averaged').flatMap(({ from }) => checkAlike(from, models)),
      ...of('refused').flatMap((row) => missing(row, models)),
      ...noteTaken(of('taken'), models),
      ...noteDropped(of('dropped'), models),
    ],
    tensors: rows
      .filter((row) => ['averaged', 'taken'].includes(fates.get(row) ?? ''))
      .map((row) => toMatched(row, named[0]!.prefix)),
  };
}

function fateOf(row: Row, base: Config, models: readonly MatchableModel[]): Fate {
  if (isSharedHead(row, base, models)) return 'tied';
  if (!row.from.includes(undefined)) return 'averaged';
  if (row.role === 'module') return 'refused';
  if (isDropped(row, base)) return 'dropped';
  return row.role === 'base' ? 'refused' : 'taken';
}

/** Model 1's tensors in file order, then what each later model adds. */
function toRows(named: readonly NamedTensors[], modelType: string): readonly Row[] {
  const names = new Set(named.flatMap(({ tensors }) => [...tensors.keys()]));
  return [...names].map((canonical) => ({
    canonical,
    role: roleOf(canonical, modelType),
    from: named.map(({ tensors }) => tensors.get(canonical)),
  }));
}

/** Absent from model 1, and nothing that model 1 would use: its class has no head, or it ties this one to the embeddings. */
function isDropped({ canonical, role, from }: Row, base: Config): boolean {
  if (from[0] !== undefined || role === 'pooler') return false;
  if (role === 'base' || !hasHead(base)) return true;
  return isTied(canonical) && base.raw('tie_word_embeddings') !== false;
}

/**
 * A head that every file which has it keeps as the very bytes of another tensor, as PyTorch's files do where a model
 * ties them: the mixture of the other tensor is its mixture, and transformers leaves the head out when it saves.
 * Where the configuration unties them they are two tensors that start out alike.
 */
function isSharedHead({ canonical, from }: Row, base: Config, models: readonly MatchableModel[]): boolean {
  if (!isTied(canonical) || base.raw('tie_word_embeddings') === false) return false;
  return from.every((tensor, m) => tensor === undefined || isShared(tensor, models[m]!.checkpoint.tensors));
}

function isShared(tensor: Tensor, tensors: ReadonlyMap<string, Tensor>): boolean {
  const place = ({ file, start, shape, strides }: Tensor): string =>
    JSON.stringify([file, start, shape, strides]);
  return [...tensors.values()].some((other) => other !== tensor && place(other) === place(tensor));
}

/** `BertModel` and no class at all are headless; `BertForMaskedLM` and `GPT2LMHeadModel` are not. */
function hasHead({ architecture }: Config): boolean {
  return architecture !== undefined && /For[A-Z]|LMHead/.test(architecture);
}

function toMatched({ canonical, role, from }: Row, prefix: string): MatchedTensor {
  const complete = !from.includes(undefined);
  const first = firstHolder(from);
  const { shape, dtype } = from[first]!;
  return {
    name: from[0] ? modernName(from[0].name) : spell(canonical, prefix, role),
    shape,
    kind: kindOf(dtype),
    from: complete ? from : from.map((tensor, m) => (m === first ? tensor : undefined)),
  };
}

/** Shapes have to be the same to the last dimension: torch would broadcast (1, 2) into (3, 2), silently. */
function checkAlike(from: Row['from'], models: readonly MatchableModel[]): readonly Problem[] {
  const base = from[0]!;
  return from.flatMap((each, m) => {
    const tensor = each!;
    const facts = { model: models[m]!.name, base: models[0]!.name, tensor: tensor.name };
    const [shape, baseShape] = [printShape(tensor.shape), printShape(base.shape)];
    if (shape !== baseShape) {
      return [toProblem(new KnownError('tensor-shape-differs', { ...facts, shape, baseShape }))];
    }
    if (kindOf(tensor.dtype) === kindOf(base.dtype)) return [];
    const dtypes = { dtype: tensor.dtype, baseDtype: base.dtype };
    return [toProblem(new KnownError('tensor-kind-differs', { ...facts, ...dtypes }))];
  });
}

function printShape(shape: readonly number[]): string {
  return `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}

function missing({ canonical, from }: Row, models: readonly MatchableModel[]): readonly Problem[] {
  const holder = firstHolder(from);
  const [giver, tensor] = [models[holder]!, from[holder]!.name];
  const module = giver.dense.find(({ folder }) => canonical.startsWith(`${folder}/`));
  // that a whole module is not there is told by compareDense
  const isTold = ({ dense }: MatchableModel): boolean =>
    module !== undefined && !dense.some(({ folder }) => folder === module.folder);
  const absent = models.filter((model, m) => from[m] === undefined && !isTold(model));
  return absent.map(({ name }) =>
    toProblem(new KnownError('tensor-missing', { model: name, base: giver.name, tensor })),
  );
}

/** One note a pair: the model taken from, and a model that lacks them. */
function noteTaken(taken: readonly Row[], models: readonly MatchableModel[]): readonly Problem[] {
  return models.flatMap((giver, g) =>
    models.flatMap((lacking, m): Problem[] => {
      const rows = taken.filter(({ from }) => firstHolder(from) === g && from[m] === undefined);
      if (rows.length === 0) return [];
      const facts = { model: giver.name, ...summary(rows, g), missing: lacking.name };
      return [{ severity: 'note', code: 'tensors-taken', facts }];
    }),
  );
}

/** One note a model that has them. */
function noteDropped(dropped: readonly Row[], models: readonly MatchableModel[]): readonly Problem[] {
  return models.flatMap(({ name }, m): Problem[] => {
    const rows = dropped.filter(({ from }) => from[m] !== undefined);
    if (rows.length === 0) return [];
    return [{ severity: 'note', code: 'tensors-dropped', facts: { model: name, ...summary(rows, m) } }];
  });
}

/** The first model that has the tensor; every row is in some model. */
function firstHolder(from: Row['from']): number {
  return from.findIndex((tensor) => tensor !== undefined);
}

/** How many, and up to three names as model `m` spells them. */
function summary(rows: readonly Row[], m: number): { readonly tensors: string; readonly count: number } {
  const names = rows.slice(0, 3).map(({ from }) => from[m]!.name);
  return { tensors: names.join(', ') + (rows.length > names.length ? ', …' : ''), count: rows.length };
}
