/** Whether models have the same Dense modules: the shapes are their tensors', what else they compute is in their settings. */
import { KnownError, toProblem, type Problem } from '../errors.ts';
import { printSetting } from './compare-config.ts';
import { denseDefaults, type DenseSettings } from './dense.ts';
import { ownField } from './json-file.ts';

interface WithDense {
  readonly name: string;
  readonly dense: readonly DenseSettings[];
}

/** What changes the function that the tensors compute, or says most plainly why shapes differ; and what an absent field stands for. */
const fields: Readonly<Record<string, unknown>> = {
  in_features: undefined,
  out_features: undefined,
  ...denseDefaults,
};

/** `module-missing` for each module that only one of the two has, `config-differs` for each setting of the others that is not the base's. */
export function compareDense(base: WithDense, model: WithDense): readonly Problem[] {
  return [
    ...missing(base, model),
    ...missing(model, base),
    ...model.dense.flatMap((own) => {
      const other = base.dense.find(({ folder }) => folder === own.folder);
      return other === undefined ? [] : differing(own, other, { model: model.name, base: base.name });
    }),
  ];
}

/** Of `having`'s modules, those that `model` lacks. */
function missing(having: WithDense, model: WithDense): readonly Problem[] {
  const folders = new Set(model.dense.map(({ folder }) => folder));
  const lacked = having.dense.filter(({ folder }) => !folders.has(folder));
  return lacked.map(({ folder }) =>
    toProblem(new KnownError('module-missing', { model: model.name, other: having.name, module: folder })),
  );
}

function differing(
  own: DenseSettings,
  other: DenseSettings,
  names: { readonly model: string; readonly base: string },
): readonly Problem[] {
  return Object.entries(fields).flatMap(([field, fallback]) => {
    const stated = ({ fields }: DenseSettings) => printSetting(ownField(fields, field) ?? fallback);
    const [value, baseValue] = [stated(own), stated(other)];
    // shapes decide where nothing is stated
    if (value === baseValue || value === undefined || baseValue === undefined) return [];
    const facts = { ...names, field: `${own.folder}: ${field}`, value, baseValue };
    return [toProblem(new KnownError('config-differs', facts))];
  });
}
