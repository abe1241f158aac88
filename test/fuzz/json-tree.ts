/**
 * JSON as it is written, not as it is meant: numbers and strings keep their spelling and an object may have a key
 * twice, so that a tree can say what no value can.
 */
import type { Random } from './random.ts';

export type Json =
  /** A string, number, `true`, … as spelt; or anything else that may stand in its place. */
  { kind: 'word'; text: string } | { kind: 'list'; items: Json[] } | { kind: 'map'; fields: Field[] };

/** The key is spelt, with its quotes. */
export type Field = [key: string, value: Json];

export function toTree(value: unknown): Json {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(toTree) };
  if (typeof value !== 'object' || value === null) return { kind: 'word', text: JSON.stringify(value) };
  const fields = Object.entries(value).map(([key, item]): Field => [JSON.stringify(key), toTree(item)]);
  return { kind: 'map', fields };
}

/** The tree's text, mostly without space. */
export function printTree(tree: Json, random: Random): string {
  const space = random.oneIn(8) ? random.pick([' ', '\n', '\t', '\r\n', '  ']) : '';
  const print = (json: Json): string => {
    switch (json.kind) {
      case 'word':
        return json.text;
      case 'list':
        return `[${json.items.map(print).join(`,${space}`)}]`;
      case 'map':
        return `{${json.fields.map(([key, value]) => `${key}:${space}${print(value)}`).join(`${space},`)}}`;
    }
  };
  return print(tree);
}

const words = [
  ...[
    'null',
    'true',
    'false',
    '0',
    '1',
    '2',
    '4',
    '8',
    '-1',
    '-0',
    '1.0',
    '1e0',
    '0.5',
    '1e400',
    '-1e400',
    '01',
    '+1',
  ],
  ...['4294967296', '2147483648', '9007199254740991', '9007199254740992', '9007199254740993'],
  ...['9223372036854775807', '9223372036854775808', '18446744073709551615', '18446744073709551616', '1e19'],
  ...['NaN', 'Infinity', '-Infinity', 'undefined', '0x10', '1_000', '', "'a'", '//', '/**/1', '"a" "b"'],
  ...[
    '""',
    '"a"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83e\\udd78"',
    '"\\x41"',
    '"a\nb"',
    '"\t"',
    '"a',
  ],
  ...[
    '"\u{1f978}"',
    '"\uffff"',
    '"\\"',
    '"\\/"',
    '"U8"',
    '"F32"',
    '"BOOL"',
    '"f32"',
    '"F8_E4M3"',
    '"F4"',
    '"C64"',
  ],
  ...['"__proto__"', '"constructor"', '"__metadata__"', '"toString"', '[]', '{}', '[0]', '{"a":1}', '[[]]'],
];

const keys = [
  ...[
    '"a"',
    '""',
    '"dtype"',
    '"shape"',
    '"data_offsets"',
    '"__metadata__"',
    '"__proto__"',
    '"constructor"',
    '"0"',
  ],
  ...[
    '"\\u0064type"',
    '"weight_map"',
    '"metadata"',
    '"\\ud800"',
    '"\\u0000"',
    'a',
    "'a'",
    '1',
    'null',
    '"format"',
  ],
];

type Container = Exclude<Json, { kind: 'word' }>;

function containersOf(tree: Json): Container[] {
  switch (tree.kind) {
    case 'word':
      return [];
    case 'list':
      return [tree, ...tree.items.flatMap(containersOf)];
    case 'map':
      return [tree, ...tree.fields.flatMap(([, value]) => containersOf(value))];
  }
}

/** The tree's containers that hold something. */
function filledOf(tree: Json): Container[] {
  return containersOf(tree).filter((json) => childCount(json) > 0);
}

const childCount = (json: Container): number => (json.kind === 'list' ? json.items : json.fields).length;

function change(json: Container, at: number, to: (child: Json) => Json): void {
  if (json.kind === 'list') json.items[at] = to(json.items[at]!);
  else json.fields[at]![1] = to(json.fields[at]![1]);
}

const word = (text: string): Json => ({ kind: 'word', text });

/** Another spelling of a string, or a number beside it. */
function respell(json: Json, random: Random): Json {
  if (json.kind !== 'word') return random.pick([{ kind: 'list', items: [json] }, word('null')]);
  const { text } = json;
  if (/^-?\d+$/.test(text)) {
    const near = String(Number(text) + random.pick([-1, 1, 4, 8]));
    return word(
      random.pick([near, near, near, `${text}.0`, `${text}e0`, `-${text}`, `0${text}`, `${text}0`]),
    );
  }
  const at = random.between(1, Math.max(1, text.length - 2));
  const escaped = `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return word(text.slice(0, at) + random.pick([escaped, '', 'x', '\\u00e9', 'é']) + text.slice(at + 1));
}

function nest(json: Json, depth: number): Json {
  for (let d = 0; d < depth; d++) json = d % 2 === 0 ? { kind: 'list', items: [json] } : word('[]');
  return json;
}

const ways: readonly (readonly [name: string, mutate: (tree: Json, random: Random) => void])[] = [
  ['replace a value', (tree, random) => atChild(tree, random, () => word(random.pick(words)))],
  ['respell a value', (tree, random) => atChild(tree, random, (json) => respell(json, random))],
  ['respell a value', (tree, random) => atChild(tree, random, (json) => respell(json, random))],
  [
    'nest a value',
    (tree, random) => atChild(tree, random, (json) => nest(json, random.pick([1, 1, 2, 200]))),
  ],
  ['drop a child', drop],
  ['repeat a child', repeat],
  ['rename a key', rename],
  ['insert a child', insert],
  ['move children', (tree, random) => shuffleChildren(tree, random)],
  ['copy a value', copyValue],
];

/** Damages a tree once, in place; says how. */
export function mutateTree(tree: Json, random: Random): string {
  const [name, mutate] = random.pick(ways);
  mutate(tree, random);
  return name;
}

function atChild(tree: Json, random: Random, to: (child: Json) => Json): void {
  const filled = filledOf(tree);
  if (filled.length === 0) return;
  const parent = random.pick(filled);
  change(parent, random.below(childCount(parent)), to);
}

function drop(tree: Json, random: Random): void {
  const filled = filledOf(tree);
  if (filled.length === 0) return;
  const parent = random.pick(filled);
  (parent.kind === 'list' ? parent.items : parent.fields).splice(random.below(childCount(parent)), 1);
}

function repeat(tree: Json, random: Random): void {
  const filled = filledOf(tree);
  if (filled.length === 0) return;
  const parent = random.pick(filled);
  const at = random.below(childCount(parent));
  if (parent.kind === 'list') parent.items.push(parent.items[at]!);
  else parent.fields.push([...parent.fields[at]!]);
}

function rename(tree: Json, random: Random): void {
  const maps = filledOf(tree).filter((json) => json.kind === 'map');
  if (maps.length === 0) return;
  const { fields } = random.pick(maps);
  const field = random.pick(fields);
  const respelt = respell(word(field[0]), random);
  field[0] = random.oneIn(2)
    ? random.pick(keys)
    : random.oneIn(3)
      ? random.pick(fields)[0]
      : respelt.kind === 'word'
        ? respelt.text
        : '""';
}

function insert(tree: Json, random: Random): void {
  const containers = containersOf(tree);
  if (containers.length === 0) return;
  const parent = random.pick(containers);
  const at = random.below(childCount(parent) + 1);
  if (parent.kind === 'list') parent.items.splice(at, 0, word(random.pick(words)));
  else parent.fields.splice(at, 0, [random.pick(keys), word(random.pick(words))]);
}

function shuffleChildren(tree: Json, random: Random): void {
  const filled = filledOf(tree);
  if (filled.length === 0) return;
  const parent = random.pick(filled);
  random.shuffle(parent.kind === 'list' ? parent.items : parent.fields);
}

/** One place's value at another, not under itself. */
function copyValue(tree: Json, random: Random): void {
  const filled = filledOf(tree);
  if (filled.length === 0) return;
  const from = random.pick(filled);
  const child = from.kind === 'list' ? random.pick(from.items) : random.pick(from.fields)[1];
  const copy = structuredClone(child);
  atChild(tree, random, () => copy);
}
