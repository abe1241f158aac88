/**
 * The Hub's models for the picker: what a search found, and of each whether it can be used here, as far as the Hub
 * says before a file is read. What it does not say is not held against a model: its card will tell.
 */
import { KnownError, toProblem, type Problem } from './errors.ts';
import { isKnownType } from './graph/architectures.ts';
import type { HubAccess } from './source/hub-fetch.ts';
import { searchHub, type HubListing } from './source/hub-search.ts';
import { elementBytes, isDtype } from './tensor/dtype.ts';

/** One model that was found; `undefined` is not stated. */
export interface FoundModel {
  readonly id: string;
  readonly downloads: number | undefined;
  readonly parameterCount: number | undefined;
  /** Of its values, from how many there are of each dtype. */
  readonly bytes: number | undefined;
  /** Its type, else its class, e.g. `bert` or `BertModel`. */
  readonly architecture: string | undefined;
  readonly licence: string | undefined;
  readonly access: 'open' | 'gated';
  readonly updatedMs: number | undefined;
  /** Refusals: it cannot be opened. Notes: it can, and not be scored. */
  readonly problems: readonly Problem[];
}

export interface Found {
  readonly models: readonly FoundModel[];
  /** Whether the Hub has others that match. */
  readonly more: 'yes' | 'no';
}

/** At most `count` models that match, most downloaded first. Throws the `hub-…` codes. */
export async function searchModels(query: string, count: number, access: HubAccess): Promise<Found> {
  // one more than is shown tells whether there are more
  const listings = await searchHub(query, count + 1, access);
  return {
    models: listings.slice(0, count).map(describe),
    more: listings.length > count ? 'yes' : 'no',
  };
}

/** What is shown of a listing. */
export function describe(listing: HubListing): FoundModel {
  const { id, downloads, access, updatedMs, licence, modelType, architecture } = listing;
  const counts = Object.entries(listing.elements ?? {});
  const sum = (terms: readonly number[]): number | undefined =>
    listing.elements === undefined ? undefined : terms.reduce((total, term) => total + term, 0);
  const sized = counts.every(([dtype]) => isDtype(dtype));
  return {
    ...{ id, downloads, access, updatedMs, licence },
    parameterCount: sum(counts.map(([, count]) => count)),
    bytes: sized
      ? sum(counts.map(([dtype, count]) => (isDtype(dtype) ? count * elementBytes(dtype) : 0)))
      : undefined,
    architecture: modelType ?? architecture,
    problems: judge(listing),
  };
}

/** Tags of repositories whose values are not their parameters. Source: https://huggingface.co/docs/hub/models-tags, https://huggingface.co/docs/transformers/quantization/overview */
const quantisedTags = ['gptq', 'awq', 'bitsandbytes', 'compressed-tensors', 'exl2', '8-bit', '4-bit'];
const adapterTags = ['peft', 'lora', 'adapter-transformers'];

function judge(listing: HubListing): readonly Problem[] {
  const { id: model, modelType } = listing;
  if (isAdapter(listing)) return [toProblem(new KnownError('model-adapter', { model }))];
  const how = quantisationOf(listing);
  if (how !== undefined) return [toProblem(new KnownError('model-quantised', { model, how }))];
  if (listing.elements === undefined && !hasCheckpoint(listing)) {
    return [toProblem(new KnownError('checkpoint-missing', { model }))];
  }
  if (modelType === undefined || isKnownType(modelType)) return [];
  return [{ severity: 'note', code: 'architecture-unknown', facts: { model, modelType } }];
}

/** Tags tell the libraries whose files a repository has: PyTorch's stands for `pytorch_model.bin`. No tags tell nothing. */
function hasCheckpoint({ tags }: HubListing): boolean {
  return tags === undefined || tags.includes('safetensors') || tags.includes('pytorch');
}

function isAdapter({ library, tags = [] }: HubListing): boolean {
  const tagged = tags.some((tag) => adapterTags.includes(tag) || tag.startsWith('base_model:adapter:'));
  return library === 'peft' || tagged;
}

function quantisationOf({ quantisation, tags = [], elements }: HubListing): string | undefined {
  const tag = quantisedTags.find((tag) => tags.includes(tag));
  if (quantisation !== undefined) return quantisation === '' ? (tag ?? 'quantization_config') : quantisation;
  // GGUF files may lie beside others that can be opened
  const onlyGguf = tags.includes('gguf') && !tags.includes('safetensors') && elements === undefined;
  return tag ?? (onlyGguf ? 'GGUF' : undefined);
}
