/**
 * A search of the Hub's models: the door to @huggingface/hub for listing, beside hub.ts for one model. What comes
 * back is believed field by field: one that is absent or odd counts as not stated.
 *
 * Source: https://huggingface.co/docs/hub/api
 */
import { listModels } from '@huggingface/hub';
import * as v from 'valibot';
import { createHubFetch, toAnswerError, type HubAccess } from './hub-fetch.ts';
import { findLicence } from './hub.ts';

/** What the Hub says of one model; `undefined` is not stated. */
export interface HubListing {
  readonly id: string;
  readonly downloads: number | undefined;
  readonly access: 'open' | 'gated';
  /** Milliseconds since 1970. */
  readonly updatedMs: number | undefined;
  readonly library: string | undefined;
  readonly tags: readonly string[] | undefined;
  readonly modelType: string | undefined;
  /** E.g. `BertModel`. */
  readonly architecture: string | undefined;
  /** How the values are quantised, e.g. `gptq`; `''` when the Hub says only that they are. */
  readonly quantisation: string | undefined;
  /** Elements by dtype as safetensors spells it, from the headers of the repository's own files. */
  readonly elements: Readonly<Record<string, number>> | undefined;
  readonly licence: string | undefined;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** `undefined` in the place of anything else. */
function stated<const S extends v.GenericSchema>(schema: S) {
  return v.fallback(v.optional(schema), undefined);
}

const entrySchema = v.object({
  name: v.string(),
  downloads: stated(count),
  gated: stated(v.picklist(['auto', 'manual'])),
  updatedAt: stated(v.date()),
  library_name: stated(v.string()),
  tags: stated(
    v.pipe(
      v.array(v.unknown()),
      v.filterItems((tag) => typeof tag === 'string'),
    ),
  ),
  config: stated(
    v.object({
      model_type: stated(v.string()),
      architectures: stated(v.array(v.string())),
      quantization_config: stated(v.object({ quant_method: stated(v.string()) })),
    }),
  ),
  safetensors: stated(v.object({ parameters: v.record(v.string(), count) })),
});

/** Models whose names match `query`, most downloaded first, `count` at most. Throws the `hub-…` codes. */
export async function searchHub(
  query: string,
  count: number,
  access: HubAccess,
): Promise<readonly HubListing[]> {
  const subject = { id: query, revision: 'main' };
  const listings: HubListing[] = [];
  try {
    const found = listModels({
      search: { query },
      sort: 'downloads',
      limit: count,
      hubUrl: new URL(access.hubUrl).origin,
      fetch: createHubFetch(subject, access),
      additionalFields: ['library_name', 'tags', 'config', 'safetensors'],
    });
    for await (const entry of found) {
      const parsed = v.safeParse(entrySchema, entry);
      // without a name there is nothing to add
      if (parsed.success) listings.push(toListing(parsed.output));
    }
  } catch (error) {
    throw toAnswerError(error, subject);
  }
  return listings;
}

function toListing(entry: v.InferOutput<typeof entrySchema>): HubListing {
  const { name, downloads, gated, updatedAt, library_name, config, safetensors } = entry;
  const tags = entry.tags as readonly string[] | undefined;
  const quantised = config?.quantization_config;
  return {
    id: name,
    downloads,
    access: gated === undefined ? 'open' : 'gated',
    // JavaScript makes 1970's first moment of a date of null
    updatedMs: updatedAt?.getTime() || undefined,
    library: library_name,
    tags,
    modelType: config?.model_type,
    architecture: config?.architectures?.[0],
    quantisation: quantised && (quantised.quant_method ?? ''),
    elements: safetensors?.parameters,
    licence: findLicence(tags),
  };
}
