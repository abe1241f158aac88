import { describe, expect, test } from 'vitest';
import type { ModelRef } from '../../src/source/source.ts';
import type { Card } from '../../src/ui/card.ts';
import { findCards, isSameModel, slotsFor } from '../../src/ui/placing.ts';

const demo = (name: string): ModelRef => ({ kind: 'demo', name });
const hub = (commit: string): ModelRef => ({ kind: 'hub', id: 'a/b', revision: 'main', commit });

function card(key: string, slot: number, model: ModelRef): Card {
  return { key, slot, name: key, state: { at: 'inspecting', model } };
}

describe('isSameModel', () => {
  test('goes by commit, name, or the files that were picked', () => {
    const files = [{ path: 'config.json', file: new File(['{}'], 'config.json') }];
    const local: ModelRef = { kind: 'local', name: 'a', files };
    expect(isSameModel(hub('1'), { ...hub('1'), revision: 'v1' } as ModelRef)).toBe(true);
    expect(isSameModel(hub('1'), hub('2'))).toBe(false);
    expect(isSameModel(demo('a'), demo('a'))).toBe(true);
    expect(isSameModel(local, { ...local })).toBe(true);
    expect(isSameModel(local, { kind: 'local', name: 'a', files: [...files] })).toBe(false);
    expect(isSameModel(demo('a'), local)).toBe(false);
  });
});

describe('findCards', () => {
  test('gives each model its card, and no card twice', () => {
    const known = [card('x', 0, demo('a')), card('y', 1, demo('b'))];
    const wanted = [demo('b'), demo('b'), demo('a')].map((model) => ({ model }));
    expect(findCards(wanted, known).map((found) => found?.key)).toEqual(['y', undefined, 'x']);
  });

  test('knows no model of a card that is still looked up', () => {
    const pinning: Card = { key: 'x', slot: 0, name: 'a', state: { at: 'pinning' } };
    expect(findCards([{ model: demo('a') }], [pinning])).toEqual([undefined]);
  });
});

describe('slotsFor', () => {
  test('keeps colours, and gives free ones to what has none or has to share', () => {
    const cards = [undefined, card('x', 0, demo('a')), card('y', 0, demo('b')), card('z', 2, demo('c'))];
    expect(slotsFor(cards)).toEqual([1, 0, 3, 2]);
  });
});
