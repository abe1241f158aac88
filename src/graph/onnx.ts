/**
 * Writes ONNX models: nodes in order, constants for small shapes, and graph inputs for everything else. Knows
 * operators' names and attributes as data; knows no architecture.
 *
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto (field numbers), opset 20.
 */
import { Message } from './protobuf.ts';

/** Opset 20 has Gelu; its LayerNormalization (17) computes in float32 everywhere. */
const opsetVersion = 20;
const irVersion = 10;

const elementTypes = { float32: 1, int64: 7 } as const;
export type ElementType = keyof typeof elementTypes;

/** A dimension: a size, or a name for one that is known only when the graph runs. */
export type Dimension = number | string;

export type Attribute =
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'integers'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string };

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Operator set domain; the standard one when absent. */
  readonly domain?: string;
}

export const integer = (value: number): Attribute => ({ kind: 'integer', value });
export const integers = (...value: readonly number[]): Attribute => ({ kind: 'integers', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const text = (value: string): Attribute => ({ kind: 'text', value });

export class GraphWriter {
  readonly #graph = new Message();
  #valueCount = 0;

  /** Declares a graph input and returns its name. */
  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.#graph.message(11, valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: readonly Dimension[]): void {
    this.#graph.message(12, valueInfo(name, type, shape));
  }

  /** A constant int64 vector, for shapes and axes. */
  shape(...sizes: readonly number[]): string {
    const name = this.#fresh('shape');
    const values = new Uint8Array(new BigInt64Array(sizes.map(BigInt)).buffer);
    const tensor = new Message().integer(1, sizes.length).integer(2, elementTypes.int64);
    this.#graph.message(5, tensor.text(8, name).bytes(9, values));
    return name;
  }

  /** A constant float32 scalar. */
  scalar(value: number): string {
    const name = this.#fresh('scalar');
    const values = new Uint8Array(new Float32Array([value]).buffer);
    this.#graph.message(5, new Message().integer(2, elementTypes.float32).text(8, name).bytes(9, values));
    return name;
  }

  /** Adds a node with one output and returns the output's name: `as`, or a fresh one. */
  node(operator: string, inputs: readonly string[], options: NodeOptions = {}, as?: string): string {
    const output = as ?? this.#fresh(operator);
    this.#add(operator, inputs, [output], options);
    return output;
  }

  /** A node with several outputs, e.g. Split. */
  nodes(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): readonly string[] {
    const outputs = Array.from({ length: count }, () => this.#fresh(operator));
    this.#add(operator, inputs, outputs, { attributes });
    return outputs;
  }

  #add(operator: string, inputs: readonly string[], outputs: readonly string[], options: NodeOptions): void {
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    node.text(3, outputs[0]!).text(4, operator);
    for (const [name, attribute] of Object.entries(options.attributes ?? {})) {
      node.message(5, attributeMessage(name, attribute));
    }
    if (options.domain !== undefined) node.text(7, options.domain);
    this.#graph.message(1, node);
  }

  finish(name: string): Uint8Array {
    this.#graph.text(2, name);
    const model = new Message().integer(1, irVersion).text(2, 'shaker').message(7, this.#graph);
    model.message(8, new Message().text(1, '').integer(2, opsetVersion));
    return model.finish().slice();
  }

  #fresh(what: string): string {
    return `${what}_${this.#valueCount++}`;
  }
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): Message {
  const dimensions = new Message();
  for (const size of shape) {
    const dimension = new Message();
    if (typeof size === 'number') dimension.integer(1, size);
    else dimension.text(2, size);
    dimensions.message(1, dimension);
  }
  const tensor = new Message().integer(1, elementTypes[type]).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

function attributeMessage(name: string, attribute: Attribute): Message {
  const message = new Message().text(1, name);
  switch (attribute.kind) {
    case 'float':
      return message.float(2, attribute.value).integer(20, 1);
    case 'integer':
      return message.integer(3, attribute.value).integer(20, 2);
    case 'text':
      return message.text(4, attribute.value).integer(20, 3);
    case 'integers':
      for (const value of attribute.value) message.integer(8, value);
      return message.integer(20, 7);
  }
}
