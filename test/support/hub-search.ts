/**
 * The stand-in Hub's search: `GET /api/models`, answered from the repositories' own files as the Hub makes its
 * metadata from them (settings, headers, names of files, the card's front matter). Returns what it does not know.
 *
 * Source: https://huggingface.co/docs/hub/api; fields as `ModelInfo` of huggingface_hub reads them.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { parse } from 'yaml';
import type { Served } from './hub-answers.ts';
import type { HubFile, Snapshot } from './hub-repository.ts';

/** What the Hub may be asked for one by one of each model; it knows more. */
export const modelFields = [
  ...['pipeline_tag', 'private', 'gated', 'downloads', 'likes', 'lastModified', 'sha', 'siblings'],
  ...['tags', 'library_name', 'config', 'safetensors', 'cardData', 'author', 'createdAt'],
];
/** Without `expand`. */
const usualFields = ['private', 'downloads', 'likes', 'pipeline_tag', 'library_name', 'tags', 'createdAt'];
const parameters = ['search', 'limit', 'sort', 'expand', 'cursor'];
const pageLimit = 1000;

/** What the Hub says of a model at a revision, of these fields; one that it cannot tell is absent. */
export function describeModel(
  { id, access, downloads }: Served,
  snapshot: Snapshot,
  fields: readonly string[],
): Record<string, unknown> {
  const { commit, files } = snapshot;
  const card = readCard(files.get('README.md'));
  const config = readConfig(files.get('config.json'));
  const library = files.has('adapter_config.json') ? 'peft' : card['library_name'];
  const tell: Readonly<Record<string, () => unknown>> = {
    author: () => id.split('/')[0],
    pipeline_tag: () => card['pipeline_tag'] ?? 'sentence-similarity',
    private: () => access === 'private',
    gated: () => (access === 'gated' ? 'auto' : false),
    downloads: () => downloads,
    likes: () => 0,
    lastModified: () => '2026-01-01T00:00:00.000Z',
    createdAt: () => '2025-01-01T00:00:00.000Z',
    sha: () => commit,
    siblings: () => [...files.keys()].map((rfilename) => ({ rfilename })),
    tags: () => tagsOf(snapshot, card, config, library),
    library_name: () => library,
    config: () => config,
    safetensors: () => countElements([...files.values()]),
    cardData: () => card,
  };
  const told = fields.map((field) => [field, tell[field]?.()] as const);
  return Object.fromEntries(told.filter(([, value]) => value !== undefined));
}

export function searchModels(
  response: ServerResponse,
  url: URL,
  served: ReadonlyMap<string, Served>,
  knowsAll: 'yes' | 'no',
): string | undefined {
  const asked = url.searchParams.getAll('expand');
  const strange =
    [...url.searchParams.keys()].find((name) => !parameters.includes(name)) ??
    asked.find((name) => !modelFields.includes(name));
  if (strange !== undefined) return `unknown parameter or field ${strange}`;
  const sort = url.searchParams.get('sort');
  if (sort !== null && sort !== 'downloads') return `sort=${sort}`;
  const limit = Number(url.searchParams.get('limit') ?? pageLimit);
  if (!Number.isInteger(limit) || limit < 1 || limit > pageLimit) return `limit=${limit}`;

  const words = (url.searchParams.get('search') ?? '').toLowerCase().split(' ');
  const found = [...served.values()]
    .filter(({ id }) => words.every((word) => id.toLowerCase().includes(word)))
    // those who may not see a private model are not told that it is there
    .filter(({ access }) => access !== 'private' || knowsAll === 'yes')
    .sort((a, b) => b.downloads - a.downloads || (a.id < b.id ? -1 : 1));
  const from = Number(url.searchParams.get('cursor') ?? 0);
  if (from + limit < found.length) {
    const next = new URL(url);
    next.searchParams.set('cursor', String(from + limit));
    response.setHeader('Link', `<${next.href}>; rel="next"`);
  }
  const fields = asked.length === 0 ? usualFields : asked;
  const body = found.slice(from, from + limit).map((model) => {
    const given = describeModel(model, model.snapshots.get('main')!, fields);
    return { _id: '0123456789abcdef01234567', id: model.id, ...given };
  });
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
  return undefined;
}

function readCard(file: HubFile | undefined): Record<string, unknown> {
  const block = file && /^---\r?\n([^]*?)\r?\n---/.exec(readFileSync(file.file, 'utf8'))?.[1];
  return block === undefined ? {} : ((parse(block) ?? {}) as Record<string, unknown>);
}

/** The few settings that the Hub repeats; of what is no JSON, none. */
function readConfig(file: HubFile | undefined): Record<string, unknown> | undefined {
  if (file === undefined) return undefined;
  try {
    const all = JSON.parse(readFileSync(file.file, 'utf8')) as Record<string, unknown>;
    const kept = ['architectures', 'model_type', 'quantization_config'].filter((name) => name in all);
    return Object.fromEntries(kept.map((name) => [name, all[name]]));
  } catch {
    return undefined;
  }
}

/** From the headers of the checkpoint's files; of what is not safetensors, nothing. */
function countElements(
  files: readonly HubFile[],
): { parameters: Record<string, number>; total: number } | undefined {
  const counts: Record<string, number> = {};
  for (const file of files.filter(({ path }) => /^model[^/]*\.safetensors$/.test(path))) {
    for (const [name, { dtype, shape }] of Object.entries(readHeader(file))) {
      if (name === '__metadata__') continue;
      counts[dtype] = (counts[dtype] ?? 0) + shape.reduce((product, size) => product * size, 1);
    }
  }
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return total === 0 ? undefined : { parameters: counts, total };
}

function readHeader({ file }: HubFile): Record<string, { dtype: string; shape: number[] }> {
  const descriptor = openSync(file, 'r');
  try {
    const length = Buffer.alloc(8);
    readSync(descriptor, length, 0, 8, 0);
    const header = Buffer.alloc(Math.min(Number(length.readBigUInt64LE()), 10_000_000));
    readSync(descriptor, header, 0, header.length, 8);
    return JSON.parse(header.toString()) as Record<string, { dtype: string; shape: number[] }>;
  } catch {
    return {};
  } finally {
    closeSync(descriptor);
  }
}

function tagsOf(
  { files }: Snapshot,
  card: Record<string, unknown>,
  config: Record<string, unknown> | undefined,
  library: unknown,
): string[] {
  const has = (ending: string): boolean => [...files.keys()].some((path) => path.endsWith(ending));
  const licence = card['license'];
  return [
    ...(library === undefined ? [] : [String(library)]),
    ...(has('.safetensors') ? ['safetensors'] : []),
    ...(has('.bin') ? ['pytorch'] : []),
    ...(has('.gguf') ? ['gguf'] : []),
    ...(typeof config?.['model_type'] === 'string' ? [config['model_type']] : []),
    ...(Array.isArray(card['tags']) ? card['tags'].map(String) : []),
    ...(typeof licence === 'string' ? [`license:${licence}`] : []),
    'region:us',
  ];
}
