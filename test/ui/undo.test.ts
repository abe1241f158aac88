import { describe, expect, test } from 'vitest';
import { Undo } from '../../src/ui/undo.svelte.ts';

describe('Undo', () => {
  test('puts back what was taken away, once', () => {
    const undo = new Undo<string>();
    let count = 0;
    undo.offer('a row', () => count++);
    expect(undo.what).toBe('a row');
    undo.take();
    undo.take();
    expect([undo.what, count]).toEqual([undefined, 1]);
  });

  test('offers the last thing only', () => {
    const undo = new Undo<string>();
    const back: string[] = [];
    undo.offer('first', () => back.push('first'));
    undo.offer('second', () => back.push('second'));
    undo.take();
    expect(back).toEqual(['second']);
  });

  test('offers nothing after another change', () => {
    const undo = new Undo<string>();
    undo.offer('a row', () => expect.unreachable());
    undo.forget();
    expect(undo.what).toBeUndefined();
    undo.take();
  });
});
