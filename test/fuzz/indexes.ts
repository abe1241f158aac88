/** Mutants of a model in shards: of its index, of what the shards hold, and of how the two agree. */
import type { Case } from './cases.ts';
import { mutateTree, printTree, toTree, type Field, type Json } from './json-tree.ts';
import { mutateBytes, type Bytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';
import { drawDraft, drawNames, mutateDraft, toMutant, toSoundFile, type Draft } from './safetensors.ts';

interface Shards {
  /** By shard. */
  drafts: Map<string, Draft>;
  /** Pairs of a tensor and its shard, not a map: either may be told twice. */
  pairs: [tensor: string, shard: string][];
  dropped: Set<string>;
}

const indexPath = 'model.safetensors.index.json';

const foreignShards = [
  ...[
    '../secret',
    '/etc/passwd',
    'a/../model-00001-of-00002.safetensors',
    './model-00001-of-00002.safetensors',
  ],
  ...[
    '..',
    '.',
    '',
    ' ',
    'a\\b',
    'C:\\x',
    'model-00001-of-00002.safetensors\0',
    '%2e%2e/x',
    'file:///x',
    '~/x',
  ],
  ...[
    'MODEL-00001-OF-00002.safetensors',
    'model-00001-of-00002.safetensors ',
    indexPath,
    'model.safetensors',
  ],
  ...[
    'model-00009-of-00002.safetensors',
    '__proto__',
    'constructor',
    '\u2025/x',
    '\uff0e\uff0e/x',
    'x'.repeat(300),
  ],
];

function drawShards(random: Random): Shards {
  const names = drawNames(random);
  const count = random.between(1, 3);
  const shards: Shards = { drafts: new Map(), pairs: [], dropped: new Set() };
  for (let s = 0; s < count; s++) {
    const shard = `model-0000${s + 1}-of-0000${count}.safetensors`;
    const held = names.filter((_, t) => t % count === s);
    shards.drafts.set(shard, drawDraft(random, held));
    for (const name of held) shards.pairs.push([name, shard]);
  }
  return shards;
}

const ways: readonly (readonly [name: string, mutate: (shards: Shards, random: Random) => void])[] = [
  [
    'a foreign shard',
    (shards, random) => atPair(shards, random, (pair) => (pair[1] = random.pick(foreignShards))),
  ],
  [
    'a tensor moved',
    (shards, random) => atPair(shards, random, (pair) => (pair[1] = anyShard(shards, random))),
  ],
  ['a tensor unknown', (shards, random) => shards.pairs.push(['unknown', anyShard(shards, random)])],
  ['a tensor not listed', (shards, random) => shards.pairs.splice(random.below(shards.pairs.length + 1), 1)],
  [
    'a tensor listed twice',
    (shards, random) =>
      atPair(shards, random, ([tensor]) => shards.pairs.push([tensor, anyShard(shards, random)])),
  ],
  ['a shard lost', (shards, random) => shards.dropped.add(anyShard(shards, random))],
  ['a tensor in two shards', twice],
  ['shards swapped', swapShards],
  ['listed in another order', (shards, random) => random.shuffle(shards.pairs)],
  ['a shard mutated', (shards, random) => mutateDraft(shards.drafts.get(anyShard(shards, random))!, random)],
];

function anyShard({ drafts }: Shards, random: Random): string {
  return random.pick([...drafts.keys()]);
}

function atPair({ pairs }: Shards, random: Random, change: (pair: [string, string]) => void): void {
  if (pairs.length > 0) change(random.pick(pairs));
}

function twice({ drafts }: Shards, random: Random): void {
  const [one, other] = [random.pick([...drafts.values()]), random.pick([...drafts.values()])];
  if (one.entries.length === 0 || other.entries.length === 0) return;
  random.pick(other.entries).name = random.pick(one.entries).name;
}

function swapShards(shards: Shards, random: Random): void {
  const [one, other] = [anyShard(shards, random), anyShard(shards, random)];
  const [a, b] = [shards.drafts.get(one)!, shards.drafts.get(other)!];
  shards.drafts.set(one, b).set(other, a);
}

const metadatas = [
  { total_size: 16 },
  { total_size: 16.0, total_parameters: 4 },
  {},
  { total_size: -1 },
  { a: [[{}]] },
];

function toIndexTree({ pairs }: Shards, random: Random): Json {
  const map = pairs.map(([tensor, shard]): Field => [JSON.stringify(tensor), toTree(shard)]);
  const fields: Field[] = [['"weight_map"', { kind: 'map', fields: map }]];
  if (!random.oneIn(8)) fields.unshift(['"metadata"', toTree(random.pick(metadatas))]);
  return { kind: 'map', fields };
}

export function drawIndexCase(random: Random): Case {
  const shards = drawShards(random);
  const how: string[] = [];
  const level = random.below(16);
  if (level >= 1 && level < 9)
    for (let i = random.between(1, 2); i > 0; i--) how.push(mutateShards(shards, random));
  const tree = toIndexTree(shards, random);
  if (level >= 8 && level < 13)
    for (let i = random.between(1, 2); i > 0; i--) how.push(mutateTree(tree, random));
  let index: Bytes = new TextEncoder().encode(printTree(tree, random));
  if (level >= 13) {
    const [mutant, name] = mutateBytes(index, random);
    index = mutant;
    how.push(name);
  }
  const files: Record<string, Bytes> = { [indexPath]: index };
  const mutated = random.oneIn(8) ? anyShard(shards, random) : undefined;
  for (const [shard, draft] of shards.drafts) {
    if (shards.dropped.has(shard)) continue;
    const [file, fileHow] = shard === mutated ? toMutant(draft, random) : [toSoundFile(draft, random), []];
    files[shard] = file;
    how.push(...fileHow);
  }
  return { files, how };
}

function mutateShards(shards: Shards, random: Random): string {
  const [name, mutate] = random.pick(ways);
  mutate(shards, random);
  return name;
}
