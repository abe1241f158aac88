import { describe, expect, test } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import en from '../../messages/en.json' with { type: 'json' };
import zh from '../../messages/zh.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');

/** Codes and the names of their facts, from the source of the table itself. */
function readTable(): ReadonlyMap<string, readonly string[]> {
  const path = join(root, 'src/errors.ts');
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  const table = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === 'FactsOf',
  );
  const nameOf = (member: ts.TypeElement) =>
    member.name && 'text' in member.name ? String(member.name.text) : '';
  return new Map(
    (table?.members ?? []).map((member) => {
      const facts = ts.isPropertySignature(member) ? member.type : undefined;
      return [nameOf(member), facts && ts.isTypeLiteralNode(facts) ? facts.members.map(nameOf) : []];
    }),
  );
}

function placeholders(sentence: string): readonly string[] {
  return [...new Set(Array.from(sentence.matchAll(/\{(\w+)\}/g), ([, name]) => name ?? ''))].sort();
}

function readSources(): string {
  const folder = join(root, 'src/ui');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('messages') && /\.(ts|svelte)$/.test(path))
    .map((path) => readFileSync(join(folder, path), 'utf8'))
    .join('\n');
}

const languages: readonly [string, Readonly<Record<string, string>>][] = [
  ['en', en],
  ['zh', zh],
];
const codes = readTable();
const keys = Object.keys(en).filter((key) => key !== '$schema');

describe('messages', () => {
  test('the table of errors is read', () => {
    expect(codes.get('read-short')).toEqual(['file', 'wantBytes', 'gotBytes']);
    expect(codes.get('gpu-missing')).toEqual([]);
  });

  test.each(languages)('%s has a sentence for every error code, and for no other', (_, messages) => {
    const said = Object.keys(messages).filter((key) => key.startsWith('error_') && key !== 'error_unknown');
    expect(said.sort()).toEqual([...codes.keys()].map((code) => `error_${code.replaceAll('-', '_')}`).sort());
  });

  test.each(languages)('%s states only facts that the code has', (_, messages) => {
    for (const [code, facts] of codes) {
      const sentence = messages[`error_${code.replaceAll('-', '_')}`] ?? '';
      expect(facts, code).toEqual(expect.arrayContaining([...placeholders(sentence)]));
    }
  });

  test.each(languages)('%s says in every error what to do, in a sentence of its own', (_, messages) => {
    for (const code of codes.keys()) {
      const sentence = messages[`error_${code.replaceAll('-', '_')}`] ?? '';
      // a note on what is the case, then the advice: at least two clauses, closed
      expect(sentence, code).toMatch(/[.;:,。；：，].*[.。]$/);
    }
  });

  test('both languages have the same messages', () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
  });

  test('every message has the same placeholders in both languages', () => {
    const printed = (messages: Readonly<Record<string, string>>) =>
      keys.map((key) => `${key}: ${placeholders(messages[key] ?? '').join(' ')}`);
    expect(printed(zh)).toEqual(printed(en));
  });

  test.each(languages)('%s has no empty message', (_, messages) => {
    expect(keys.filter((key) => (messages[key] ?? '').trim() === '')).toEqual([]);
  });

  test('every message is used', () => {
    const sources = readSources();
    const unused = keys.filter(
      (key) => !new RegExp(`\\bm\\.${key}\\b`).test(sources) && !codes.has(key.slice(6).replaceAll('_', '-')),
    );
    expect(unused).toEqual([]);
  });

  test('every message that is used exists', () => {
    const used = new Set(Array.from(readSources().matchAll(/\bm\.([a-z_]+)\(/g), ([, key]) => key));
    expect([...used].filter((key) => !keys.includes(key ?? ''))).toEqual([]);
  });
});
