import { describe, expect, test } from 'vitest';
import type { Example } from '../../src/score/examples.ts';
import { Ingredients } from '../../src/ui/ingredients.svelte.ts';
import type { KeptExamples } from '../../src/ui/kept-examples.ts';
import { Task } from '../../src/ui/task.svelte.ts';
import { Taste } from '../../src/ui/taste.svelte.ts';
import type { Client } from '../../src/worker/client.ts';

const named = (name: string): Example => ({ query: name, positives: [`${name}+`], negatives: [] });

/** Nothing here asks the client for anything. */
const client = {} as Client;

function open(kept?: readonly Example[]) {
  const saved: (readonly Example[])[] = [];
  const storage: KeptExamples = {
    load: () => kept,
    save: (examples) => void saved.push(examples),
    flush: () => undefined,
  };
  const taste = new Taste(client, new Task(), new Ingredients(client), storage);
  return { taste, saved };
}

const queriesOf = (taste: Taste) => taste.rows.map(({ query }) => query);

describe('the examples', () => {
  test('come back where they were when one is removed', () => {
    const { taste } = open();
    taste.setExamples(['a', 'b', 'c'].map(named));
    taste.removeRow(taste.rows[1]?.key ?? '');
    expect(queriesOf(taste)).toEqual(['a', 'c']);
    expect(taste.undo.what).toMatchObject({ kind: 'removed', number: 2 });
    taste.undo.take();
    expect(queriesOf(taste)).toEqual(['a', 'b', 'c']);
    expect(taste.undo.what).toBeUndefined();
  });

  test.each([
    ['replace', ['x'], { kind: 'replaced', count: 2 }],
    ['add', ['a', 'b', 'x'], { kind: 'added', count: 1 }],
  ] as const)('come back when others %s them', (how, want, change) => {
    const { taste } = open();
    taste.setExamples(['a', 'b'].map(named));
    taste.take([named('x')], how);
    expect(queriesOf(taste)).toEqual(want);
    expect(taste.undo.what).toEqual(change);
    taste.undo.take();
    expect(queriesOf(taste)).toEqual(['a', 'b']);
  });

  test('are added, not replaced, where there were none', () => {
    const { taste } = open();
    taste.take([named('x')], 'replace');
    expect(taste.undo.what).toEqual({ kind: 'added', count: 1 });
  });

  test('stay as they are once something else was changed', () => {
    const { taste } = open();
    taste.setExamples(['a', 'b'].map(named));
    taste.removeRow(taste.rows[0]?.key ?? '');
    taste.editRow(taste.rows[0]?.key ?? '', { query: 'c' });
    expect(taste.undo.what).toBeUndefined();
  });

  test('are kept at every change, undone ones too', () => {
    const { taste, saved } = open();
    taste.setExamples([named('a')]);
    taste.editRow(taste.rows[0]?.key ?? '', { negativesText: 'n' });
    taste.removeRow(taste.rows[0]?.key ?? '');
    taste.undo.take();
    const edited = { ...named('a'), negatives: ['n'] };
    expect(saved).toEqual([[named('a')], [edited], [], [edited]]);
  });

  test('are those of before the reload, none included', () => {
    expect(queriesOf(open([named('a')]).taste)).toEqual(['a']);
    expect(open([]).taste.restored).toBe(true);
    expect(open().taste.restored).toBe(false);
  });
});
