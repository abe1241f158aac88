import { describe, expect, test } from 'vitest';
import { float, GraphWriter, integer, integers, text } from '../../src/graph/onnx.ts';
import { bytesOf, decode, graphIn, integersOf, textsOf } from './decode.ts';

/** The only node of the graph. */
function nodeOf(write: (graph: GraphWriter) => void): Uint8Array {
  const graph = new GraphWriter();
  write(graph);
  return bytesOf(graphIn(graph.finish('one')), 1)[0]!;
}

describe('GraphWriter', () => {
  test('names the format, the operator set and the graph', () => {
    const model = new GraphWriter().finish('bert');
    expect(integersOf(model, 1)).toEqual([10]);
    const [opset] = bytesOf(model, 8);
    expect(textsOf(opset!, 1)).toEqual(['']);
    expect(integersOf(opset!, 2)).toEqual([20]);
    expect(textsOf(graphIn(model), 2)).toEqual(['bert']);
  });

  test('declares inputs and outputs with their types and dimensions', () => {
    const graph = new GraphWriter();
    expect(graph.input('ids', 'int64', ['batch', 3])).toBe('ids');
    graph.output('embedding', 'float32', []);
    const bytes = graphIn(graph.finish('g'));

    const [input] = bytesOf(bytes, 11);
    expect(textsOf(input!, 1)).toEqual(['ids']);
    const tensor = bytesOf(bytesOf(input!, 2)[0]!, 1)[0]!;
    expect(integersOf(tensor, 1)).toEqual([7]);
    const [batch, three] = bytesOf(bytesOf(tensor, 2)[0]!, 1);
    expect(textsOf(batch!, 2)).toEqual(['batch']);
    expect(integersOf(three!, 1)).toEqual([3]);

    const [output] = bytesOf(bytes, 12);
    const scalar = bytesOf(bytesOf(output!, 2)[0]!, 1)[0]!;
    expect(integersOf(scalar, 1)).toEqual([1]);
    // an empty shape is a scalar; an absent one would be unknown
    expect(bytesOf(scalar, 2)).toHaveLength(1);
  });

  test('writes a node with its inputs in order and a name of its own', () => {
    const graph = new GraphWriter();
    const first = graph.node('Add', ['a', 'b']);
    const second = graph.node('Add', [first, 'b']);
    expect(second).not.toBe(first);
    const nodes = bytesOf(graphIn(graph.finish('g')), 1);
    expect(nodes.map((node) => textsOf(node, 1))).toEqual([
      ['a', 'b'],
      [first, 'b'],
    ]);
    expect(nodes.map((node) => textsOf(node, 2))).toEqual([[first], [second]]);
    expect(nodes.map((node) => textsOf(node, 4))).toEqual([['Add'], ['Add']]);
  });

  test('gives a node the output name that is asked for', () => {
    const node = nodeOf((graph) => expect(graph.node('Relu', ['x'], {}, 'embedding')).toBe('embedding'));
    expect(textsOf(node, 2)).toEqual(['embedding']);
  });

  test('writes attributes with the type beside the value', () => {
    const attributes = {
      transB: integer(1),
      axis: integer(-1),
      perm: integers(0, 2, 1, 3),
      epsilon: float(0.5),
      approximate: text('tanh'),
    };
    const node = nodeOf((graph) => graph.node('Any', ['x'], { attributes, domain: 'com.microsoft' }));
    expect(textsOf(node, 7)).toEqual(['com.microsoft']);
    const written = bytesOf(node, 5).map(
      (attribute) => [textsOf(attribute, 1)[0], decode(attribute)] as const,
    );
    expect(written.map(([name]) => name)).toEqual(Object.keys(attributes));
    const valuesOf = (wanted: string) =>
      written
        .find(([name]) => name === wanted)![1]
        .slice(1)
        .map(({ field, value }) => [field, value]);
    expect(valuesOf('transB')).toEqual([
      [3, 1n],
      [20, 2n],
    ]);
    expect(valuesOf('axis')).toEqual([
      [3, -1n],
      [20, 2n],
    ]);
    expect(valuesOf('perm')).toEqual([
      [8, 0n],
      [8, 2n],
      [8, 1n],
      [8, 3n],
      [20, 7n],
    ]);
    expect(valuesOf('epsilon')).toEqual([
      [2, 0.5],
      [20, 1n],
    ]);
    expect(valuesOf('approximate')).toEqual([
      [4, new TextEncoder().encode('tanh')],
      [20, 3n],
    ]);
  });

  test('writes constants as raw little-endian values', () => {
    const graph = new GraphWriter();
    const shape = graph.shape(-1, 32);
    const scalar = graph.scalar(0.25);
    const [first, second] = bytesOf(graphIn(graph.finish('g')), 5);
    expect(textsOf(first!, 8)).toEqual([shape]);
    expect([integersOf(first!, 1), integersOf(first!, 2)]).toEqual([[2], [7]]);
    expect(Buffer.from(bytesOf(first!, 9)[0]!).toString('hex')).toBe('ffffffffffffffff2000000000000000');
    expect(textsOf(second!, 8)).toEqual([scalar]);
    expect([integersOf(second!, 1), integersOf(second!, 2)]).toEqual([[], [1]]);
    expect(Buffer.from(bytesOf(second!, 9)[0]!).toString('hex')).toBe('0000803e');
  });

  test('finishes into bytes that the writer does not touch again', () => {
    const graph = new GraphWriter();
    const bytes = graph.finish('g');
    const before = [...bytes];
    graph.node('Relu', ['x']);
    expect([...bytes]).toEqual(before);
    expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
  });
});
