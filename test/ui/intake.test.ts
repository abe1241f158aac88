import { describe, expect, test } from 'vitest';
import { guessMapping, isDocumented, mapTable } from '../../src/score/columns.ts';
import { readExamplesText } from '../../src/score/examples-text.ts';
import type { Example } from '../../src/score/examples.ts';
import { parseTable } from '../../src/score/table.ts';
import { Intake } from '../../src/ui/intake.svelte.ts';

function open(exampleCount = 0) {
  const taken: { readonly how: string; readonly queries: readonly string[] }[] = [];
  const reader = {
    readTable: async (file: Blob, name: string) => parseTable(await readExamplesText(file, name)),
    guessMapping,
    isDocumented,
    mapTable,
  };
  const intake: Intake = new Intake(reader, {
    exampleCount,
    take: (examples: readonly Example[], how) => {
      // as the page's table does: what was wrong before is wrong no more
      intake.forgetFailure();
      taken.push({ how, queries: examples.map(({ query }) => query) });
    },
  });
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
    expect(intake.mapped?.examples.map(({ query }) => query)).toEqual(['from', 'a', 'c']);
    intake.setFirstLine('names');
    intake.setRole(0, 'positive');
    expect(intake.mapped).toMatchObject({ missing: 'query', examples: [] });
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
    expect(intake.mapped?.examples).toHaveLength(2);
    intake.how = 'add';
    expect(intake.mapped?.examples).toHaveLength(1);
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
});
