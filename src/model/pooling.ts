/** How token vectors become one vector: a sentence-transformers Pooling module's config.json, either spelling. */
import { KnownError } from '../errors.ts';
import { ownField, type JsonObject } from './json-file.ts';

export type Pooling = 'mean' | 'cls' | 'max' | 'lasttoken' | 'weightedmean' | 'mean_sqrt_len_tokens';

const runnable: readonly string[] = [
  'mean',
  'cls',
  'max',
  'lasttoken',
  'weightedmean',
  'mean_sqrt_len_tokens',
] satisfies readonly Pooling[];

/** Modes by the boolean that turned them on before `pooling_mode` had a name for each. */
const modeOfKey: Readonly<Record<string, string>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
};

/**
 * The one mode that the settings name. Throws `pooling-unknown`, by name, for none, several (they would be
 * concatenated), one that we do not run, or prompt tokens left out of the pooling.
 */
export function parsePooling(settings: JsonObject, model: string): Pooling {
  const modes = readModes(settings);
  const [mode] = modes;
  if (modes.length !== 1 || !isPooling(mode)) {
    throw new KnownError('pooling-unknown', { model, pooling: modes.join(' + ') || 'none' });
  }
  if (ownField(settings, 'include_prompt') === false) {
    throw new KnownError('pooling-unknown', { model, pooling: `${mode}, include_prompt: false` });
  }
  return mode;
}

/** `pooling_mode` wins where both spellings stand, as in the library. */
function readModes(settings: JsonObject): readonly string[] {
  const named = ownField(settings, 'pooling_mode') ?? undefined;
  if (named !== undefined) return (Array.isArray(named) ? named : [named]).map(String);
  const keys = Object.keys(settings).filter(
    (key) => key.startsWith('pooling_mode_') && settings[key] === true,
  );
  return keys.map((key) => (ownField(modeOfKey, key) as string | undefined) ?? key);
}

function isPooling(mode: string | undefined): mode is Pooling {
  return mode !== undefined && runnable.includes(mode);
}
