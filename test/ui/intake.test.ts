import { describe, expect, test } from 'vitest';
import { guessMapping, isDocumented, mapTable, rolesOf, type ExampleKind } from '../../src/score/columns.ts';
import { readExamplesText } from '../../src/score/examples-text.ts';
import type { ExampleSet } from '../../src/score/examples.ts';
import { parseTable } from '../../src/score/table.ts';
import { Intake } from '../../src/ui/intake.svelte.ts';

const textsOf = (set: ExampleSet | undefined) =>
  set?.kind === 'completion'
    ? set.examples.map(({ input, output }) => `${input} > ${output}`)
    : (set?.examples.map(({ query }) => query) ?? []);

function open(count = 0, kind: ExampleKind = 'contrastive') {
  const taken: { readonly how: string; readonly queries: readonly string[] }[] = [];
  const reader = {
    readTable: async (file: Blob, name: string) => parseTable(await readExamplesText(file, name)),
    guessMapping,
    isDocumented,
    mapTable,
    rolesOf,
  };
  const intake: Intake = new Intake(reader, () => ({
    kind,
    count,
    take: (set: ExampleSet, how) => {
      // as the page's table does: what was wrong before is wrong no more
      intake.forgetFailure();
      taken.push({ how, queries: textsOf(set) });
    },
  }));
  return { intake, taken };
}

const fileOf = (name: string, content: BlobPart) => ({ name, file: new Blob([content]) });
const documented = '{"query": "q", "pos": ["p"]}\n{"query": "r", "pos": ["s"]}';

describe('Intake', () => {
  test('takes a pasted text whose keys leave nothing to ask at once, as was chosen', async () => {
    const { intake, taken } = open();
    intake.how = 'add';
    await intake.readText(documented, 'The text');
    expect(taken).toEqual([{ how: 'add', queries: ['q', 'r'] }]);
    expect([intake.phase.at, intake.how]).toEqual(['idle', 'replace']);
  });

  test.each([
    ['other keys', '{"anchor": "q", "positive": "p"}'],
    ['cells', 'query,pos\nq,p'],
  ])('asks about %s', async (_, text) => {
    const { intake, taken } = open();
    await intake.readText(text, 'The text');
    expect(intake.phase.at).toBe('mapping');
    expect(taken).toEqual([]);
    await intake.use();
    expect(taken).toEqual([{ how: 'replace', queries: ['q'] }]);
  });

  test('asks about every file, and takes nothing that is given up', async () => {
    const { intake, taken } = open();
    await intake.readFiles([fileOf('a.jsonl', documented)]);
    expect(intake.phase).toMatchObject({ at: 'mapping', name: 'a.jsonl' });
    await intake.cancel();
    expect([intake.phase.at, taken]).toEqual(['idle', []]);
  });

  test('reads columns as the person says, and guesses anew when the first line is another thing', async () => {
    const { intake, taken } = open();
    await intake.readFiles([fileOf('a.csv', 'from,to\na,b\nc,d')]);
    expect(textsOf(intake.mapped?.set)).toEqual(['from', 'a', 'c']);
    intake.setFirstLine('names');
    intake.setRole(0, 'positive');
    expect(intake.mapped).toMatchObject({
      missing: { role: 'query', why: 'none' },
      set: { examples: [] },
    });
    await intake.use();
    expect(taken).toEqual([]);
    intake.setRole(1, 'query');
    await intake.use();
    expect(taken).toEqual([{ how: 'replace', queries: ['b', 'd'] }]);
  });

  test('says which lines were left out, the first five by name', async () => {
    const { intake } = open();
    const broken = Array.from({ length: 8 }, () => '{"query"').join('\n');
    await intake.readText(
      `${broken}\n${documented}\n${documented}\n${documented}\n${documented}`,
      'The text',
    );
    expect(intake.notes.map(({ code, facts }) => ({ code, ...facts }))).toMatchObject([
      ...[1, 2, 3, 4, 5].map((line) => ({ code: 'examples-unreadable', line })),
      { code: 'examples-more', count: 3 },
    ]);
  });

  test('says why a documented text makes no example', async () => {
    const { intake, taken } = open();
    await intake.readText('{"query": "q", "pos": []}', 'The text');
    expect(intake.failure).toMatchObject({ code: 'examples-positive-missing', facts: { line: 1 } });
    expect([intake.phase.at, taken]).toEqual(['idle', []]);
  });

  test('takes no more than the table has room for beside its own', async () => {
    const { intake } = open(199);
    await intake.readFiles([fileOf('a.jsonl', documented)]);
    expect(intake.mapped?.set.examples).toHaveLength(2);
    intake.how = 'add';
    expect(intake.mapped?.set.examples).toHaveLength(1);
  });

  test('goes through several files one by one, and still says at the end which was none', async () => {
    const { intake, taken } = open();
    await intake.readFiles([
      fileOf('a.jsonl', documented),
      fileOf('b.csv', Uint8Array.from([0x50, 0x4b, 3, 4])),
      fileOf('c.csv', 'query,pos\nt,u'),
    ]);
    await intake.use();
    expect(intake.phase).toMatchObject({ at: 'mapping', name: 'c.csv' });
    await intake.use();
    expect(taken).toEqual([
      { how: 'replace', queries: ['q', 'r'] },
      { how: 'add', queries: ['t'] },
    ]);
    expect(intake.failure).toMatchObject({ code: 'examples-file-kind', facts: { file: 'b.csv' } });
  });

  test('reads inputs and outputs where these are asked for', async () => {
    const { intake, taken } = open(0, 'completion');
    expect(intake.roles).toEqual(['input', 'output', 'ignored']);
    await intake.readText('{"input": "a =>", "output": "b"}\n{"input": "c", "output": ""}', 'The text');
    expect(taken).toEqual([{ how: 'replace', queries: ['a => > b'] }]);
    expect(intake.notes).toMatchObject([{ code: 'examples-output-missing', facts: { line: 2 } }]);
    await intake.readFiles([fileOf('a.csv', 'prompt,completion\nd,e')]);
    expect(intake.phase).toMatchObject({ at: 'mapping', mapping: { roles: ['input', 'output'] } });
    intake.setRole(1, 'ignored');
    expect(intake.mapped?.missing).toEqual({ role: 'output', why: 'none' });
  });
});
