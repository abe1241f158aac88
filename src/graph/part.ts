/**
 * Writes one part of a model: declares parameters, feeds and carried values as stages ask for them, each once. Inputs are
 * numbered in the order of their first use, so that two layers of one shape give the same bytes.
 */
import type { Feed, Part, PartParameter, Parameter, Side } from './graph.ts';
import { GraphWriter, type Attribute, type Dimension } from './onnx.ts';

/** A table beyond this is never placed whole: the rows that texts use are gathered from the file. Of a smaller one that takes as long. */
export const tableLimitBytes = 8 * 1024 * 1024;

export class PartWriter {
  /** What the model is called in refusals. */
  readonly model: string;
  readonly #graph = new GraphWriter();
  readonly #parameters = new Map<string, PartParameter>();
  readonly #feeds = new Map<string, { readonly feed: Feed; readonly input: string }>();
  /** What this part has made of each carried value, or the input that brings it. */
  readonly #carried = new Map<string, string>();
  readonly #takes: string[] = [];
  readonly #given = new Map<string, { readonly value: string; readonly shape: readonly Dimension[] }>();
  readonly #results: string[] = [];
  #inputCount = 0;

  constructor(model: string) {
    this.model = model;
  }

  /** Elements of all parameters that are placed whole. */
  get elementCount(): number {
    return [...this.#parameters.values()].reduce((sum, { shape, rows }) => {
      if (rows === 'all') return sum + countOf(shape);
      return 'used' in rows ? sum : sum + (rows.end - rows.start) * countOf(shape.slice(1));
    }, 0);
  }

  /** Names of carried values that came from outside. */
  get takes(): readonly string[] {
    return this.#takes;
  }

  parameter(name: string, ...shape: readonly number[]): string {
    return this.#place(name, { name, shape }, 'all', shape);
  }

  /** Rows [start, end) of a table, or elements of a vector. */
  rowsOf(parameter: Parameter, start: number, end: number): string {
    const sliced = [end - start, ...parameter.shape.slice(1)];
    return this.#place(`${parameter.name} ${start}`, parameter, { start, end }, sliced);
  }

  /** Rows of a table by the ids of one side: (batch, seq, dim). */
  lookup(name: string, rowCount: number, dim: number, side: Side = 'source'): string {
    if (rowCount * dim * 4 <= tableLimitBytes) {
      return this.node('Gather', [this.parameter(name, rowCount, dim), this.feed({ kind: 'ids', side })]);
    }
    const shape = [rowCount, dim];
    const table = this.#place(`${name} ${side}`, { name, shape }, { used: side }, ['used', dim]);
    return this.node('Gather', [table, this.feed({ kind: 'ids', side, among: name })]);
  }

  feed(feed: Feed): string {
    const key = keyOf(feed);
    const known = this.#feeds.get(key);
    if (known !== undefined) return known.input;
    const { type, shape } = inputOf(feed);
    const input = this.#graph.input(`${feed.kind}_${this.#feeds.size}`, type, shape);
    this.#feeds.set(key, { feed, input });
    return input;
  }

  /** A value that an earlier stage left: (tokens, dim). */
  take(name: string, dim: number): string {
    const known = this.#carried.get(name);
    if (known !== undefined) return known;
    const input = this.#graph.input(`carried_${name}`, 'float32', ['tokens', dim]);
    this.#carried.set(name, input);
    this.#takes.push(name);
    return input;
  }

  give(name: string, value: string, dim: number): void {
    this.#carried.set(name, value);
    this.#given.set(name, { value, shape: ['tokens', dim] });
  }

  /** Adds a node whose output is the result of this name. */
  result(
    name: string,
    operator: string,
    inputs: readonly string[],
    shape: readonly Dimension[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    this.#graph.node(operator, inputs, { attributes }, name);
    this.#graph.output(name, 'float32', shape);
    this.#results.push(name);
  }

  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}) {
    return this.#graph.node(operator, inputs, { attributes });
  }

  /** Several outputs of one node. */
  nodes(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): readonly string[] {
    return this.#graph.nodes(operator, inputs, attributes, count);
  }

  shape(...sizes: readonly number[]): string {
    return this.#graph.shape(...sizes);
  }

  scalar(value: number): string {
    return this.#graph.scalar(value);
  }

  /** @param wanted names of carried values that later parts take */
  finish(wanted: ReadonlySet<string>): Part {
    const gives = [...this.#given].filter(([name]) => wanted.has(name));
    for (const [, { value, shape }] of gives) this.#graph.output(value, 'float32', shape);
    return {
      bytes: this.#graph.finish('part'),
      parameters: [...this.#parameters.values()],
      feeds: new Map([...this.#feeds.values()].map(({ feed, input }) => [input, feed])),
      takes: this.#takes,
      gives: new Map(gives.map(([name, { value }]) => [name, value])),
      results: this.#results,
    };
  }

  #place(
    key: string,
    parameter: Parameter,
    rows: PartParameter['rows'],
    shape: readonly Dimension[],
  ): string {
    const known = this.#parameters.get(key);
    if (known !== undefined) return known.input;
    const input = this.#graph.input(`parameter_${this.#inputCount++}`, 'float32', shape);
    this.#parameters.set(key, { ...parameter, input, rows });
    return input;
  }
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Equal for feeds that are equal; a rotary table is told by what it is made of. */
function keyOf(feed: Feed): string {
  return JSON.stringify(feed);
}

function inputOf(feed: Feed): {
  readonly type: 'int64' | 'float32';
  readonly shape: readonly Dimension[];
} {
  switch (feed.kind) {
    case 'ids':
      return { type: 'int64', shape: ['batch', `${feed.side}_seq`] };
    case 'types':
    case 'positions':
      return { type: 'int64', shape: ['batch', 'source_seq'] };
    case 'mask': {
      const queries = feed.reach.kind === 'all' ? 1 : `${feed.side}_seq`;
      return { type: 'float32', shape: ['batch', 1, queries, `${feed.keySide}_seq`] };
    }
    case 'split':
      return { type: 'int64', shape: [4] };
    case 'hidden':
      return { type: 'int64', shape: [3] };
    case 'cos':
    case 'sin':
      return { type: 'float32', shape: [1, 1, 'source_seq', feed.rotary.dim] };
    case 'buckets':
      return { type: 'int64', shape: [`${feed.side}_seq`, `${feed.keySide}_seq`] };
    case 'pool':
      return {
        type: 'float32',
        shape: feed.pooling === 'matrix' ? ['batch', 1, 'source_seq'] : ['batch', 'source_seq', 1],
      };
    case 'scored':
      return { type: 'int64', shape: ['scored'] };
    case 'labels':
      return { type: 'int64', shape: ['scored', 1] };
  }
}
