/** The rules that hold the source together, executed: the import table of docs/design.md, doors, names, sizes. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { readSource, readSources, valueImports, visit, type SourceFile } from './support/source-files.ts';

/** Folder, or file at the top, to what it may import by value beside itself: the table of docs/design.md. */
const table = readTable();

function readTable(): Readonly<Record<string, readonly string[]>> {
  const design = readFileSync(new URL('../docs/design.md', import.meta.url), 'utf8');
  const lines = design.slice(design.indexOf('| file or folder | may import |')).split('\n');
  const rows = lines.slice(2, lines.indexOf(''));
  const read: Record<string, readonly string[]> = {};
  let parts: readonly string[] = [];
  for (const row of rows) {
    const [names, allowed] = row
      .split('|')
      .slice(1, 3)
      .map((cell) => cell.trim().split(', '));
    for (const name of names!) {
      read[name] = allowed!.flatMap((item) => (item === 'parts' ? parts : item === 'nothing' ? [] : [item]));
    }
    if (names!.includes('job')) parts = Object.keys(read);
  }
  return read;
}

/** Packages that one file alone may import; any other package but these is for anyone. */
const doors: Readonly<Record<string, RegExp>> = {
  'onnxruntime-web': /^src\/graph\/session\.ts$/,
  // reading one model, searching for models, writing one: each its own door, through one way of asking (hub-fetch.ts)
  '@huggingface/hub': /^src\/(source\/hub(-search)?|export\/hub)\.ts$/,
  '@huggingface/tokenizers': /^src\/score\/tokenize\.ts$/,
  papaparse: /^src\/score\/table\.ts$/,
  comlink: /^src\/worker\//,
  'virtual:kernels': /^src\/tensor\/kernels\.ts$/,
  'virtual:languages': /^src\/ui\/(locale\.svelte|sentences)\.ts$/,
  'client-zip': /^src\/export\/zip\.ts$/,
  yaml: /^src\/(export\/card-check|model\/front-matter)\.ts$/,
  svelte: /^src\/(ui\/|main\.ts$)/,
};

const sources = readSources('src');

/** `graph` for src/graph/session.ts, `errors` for src/errors.ts. */
function rowOf(path: string): string {
  return path.split('/')[1]!.replace(/\..*$/, '');
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function isAllowed(path: string, target: string): boolean {
  const [own, other] = [rowOf(path), rowOf(target)];
  if (own === other) return true;
  const allowed = table[own] ?? [];
  return allowed.includes(other) || allowed.some((file) => target === `src/${file}.ts`);
}

function violations(files: readonly SourceFile[], found: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => found(file).map((what) => `${file.path}: ${what}`));
}

describe('imports', () => {
  test('every file belongs to a row of the table', () => {
    const rows = new Set(sources.map(({ path }) => rowOf(path)));
    expect([...rows].filter((row) => !(row in table) && row !== 'build')).toEqual([]);
    expect(Object.keys(table).filter((row) => !rows.has(row))).toEqual([]);
  });

  test('values come only from where the table says', () => {
    const found = violations(sources, (file) =>
      valueImports(file).flatMap(({ target }) =>
        target === undefined || isAllowed(file.path, target) ? [] : [target],
      ),
    );
    expect(found).toEqual([]);
  });

  test('each package with a door is imported only there', () => {
    const found = violations(sources, (file) =>
      valueImports(file).flatMap(({ specifier, target }) => {
        const door = target === undefined ? doors[packageOf(specifier)] : undefined;
        return door === undefined || door.test(file.path) ? [] : [specifier];
      }),
    );
    expect(found).toEqual([]);
  });

  test('each door exists', () => {
    const walkedThrough = new Set(
      sources.flatMap((file) => valueImports(file).map(({ specifier }) => packageOf(specifier))),
    );
    expect(Object.keys(doors).filter((name) => !walkedThrough.has(name))).toEqual([]);
  });

  test('no address of an import is computed', () => {
    const found = violations(sources, (file) =>
      valueImports(file).flatMap(({ specifier }) => (specifier.startsWith('computed') ? [specifier] : [])),
    );
    expect(found).toEqual([]);
  });

  test('the parity page reaches the app through the client alone', () => {
    const page = readSource('test/parity/page.ts');
    expect(valueImports(page).map(({ target }) => target)).toEqual(['src/worker/client.ts']);
  });
});

describe('bundling', () => {
  test('no module of ours is imported for its effects alone: package.json says that it has none', () => {
    const found = violations(sources, ({ tree }) => {
      const bare: string[] = [];
      visit(tree, (node) => {
        if (!ts.isImportDeclaration(node) || node.importClause !== undefined) return;
        if (/\.ts.?$/.test(node.moduleSpecifier.getText())) bare.push(node.moduleSpecifier.getText());
      });
      return bare;
    });
    expect(found).toEqual([]);
  });
});

describe('valueImports', () => {
  const specifiersOf = (code: string) => {
    const tree = ts.createSourceFile('src/a/b.ts', code, ts.ScriptTarget.Latest, true);
    return valueImports({ path: 'src/a/b.ts', text: code, tree }).map(({ specifier }) => specifier);
  };

  test.each([
    ["import { a } from './a.ts'", ['./a.ts']],
    ["import './a.ts'", ['./a.ts']],
    ["import * as a from 'a'", ['a']],
    ["import { type A, b } from 'a'", ['a']],
    ["export { a } from './a.ts'", ['./a.ts']],
    ["export * from './a.ts'", ['./a.ts']],
    ["await import('a')", ['a']],
    ['await import(name)', ['computed: name']],
    ["import type { A } from 'a'", []],
    ["import type * as A from 'a'", []],
    ["import { type A } from 'a'", []],
    ["export type { A } from 'a'", []],
    ["export { type A } from 'a'", []],
    ["let a: import('a').A", []],
    ["// import { a } from 'a'", []],
  ])('reads %s', (code, want) => {
    expect(specifiersOf(code)).toEqual(want);
  });
});

describe('source files', () => {
  test('have kebab-case names, components PascalCase', () => {
    const wrong = sources.filter(({ path }) => {
      const name = path.split('/').at(-1)!;
      return name.endsWith('.svelte')
        ? !/^[A-Z][A-Za-z0-9]*\.svelte$/.test(name)
        : !/^[a-z0-9]+(-[a-z0-9]+)*(\.svelte|\.d)?\.ts$/.test(name);
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('are named for what they hold', () => {
    const empty = /(^|[-/.])(utils?|helpers?|misc|common|managers?|services?|handlers?)([-/.]|$)/i;
    expect(sources.map(({ path }) => path).filter((path) => empty.test(path))).toEqual([]);
  });

  test('have at most 300 lines', () => {
    const long = sources.filter(({ text }) => text.trimEnd().split('\n').length > 300);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('have no default export, no enum and no any', () => {
    const found = violations(sources, ({ tree }) => {
      const kinds: string[] = [];
      visit(tree, (node) => {
        const isDefault = ts.canHaveModifiers(node)
          ? ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
          : false;
        if (isDefault === true || ts.isExportAssignment(node)) kinds.push('default export');
        if (ts.isExportSpecifier(node) && node.name.text === 'default') kinds.push('default export');
        if (ts.isEnumDeclaration(node)) kinds.push('enum');
        if (node.kind === ts.SyntaxKind.AnyKeyword) kinds.push('any');
      });
      return kinds;
    });
    expect(found).toEqual([]);
  });

  test('never silence the compiler', () => {
    const silencing = /@ts-(ignore|nocheck|expect-error)/;
    expect(sources.filter(({ text }) => silencing.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
