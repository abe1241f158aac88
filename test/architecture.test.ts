/** The rules that hold the source together, executed: the import table of docs/design.md, doors, names, sizes. */
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { readSource, readSources, valueImports, visit, type SourceFile } from './support/source-files.ts';

/** Folder, or file at the top, to what it may import by value beside itself. Types are free. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  progress: [],
  blob: ['errors'],
  storage: ['errors'],
  tensor: ['errors'],
  source: ['errors', 'storage', 'zip'],
  // what a licence allows is said once; the file is pure
  export: ['errors', 'model/licence-terms'],
  zip: ['errors', 'blob'],
  'torch-file': ['errors', 'blob', 'tensor', 'zip'],
  safetensors: ['errors', 'blob', 'tensor', 'torch-file'],
  model: ['errors', 'blob', 'tensor', 'safetensors'],
  graph: ['errors', 'tensor', 'model'],
  score: ['errors', 'blob', 'tensor', 'model', 'graph'],
  evaluate: ['errors', 'tensor', 'graph', 'score'],
  merge: ['errors', 'tensor', 'safetensors', 'model'],
  // what an id may be, which weights count and how files are called is said once; all three files are pure
  recipe: ['errors', 'merge', 'source/hub-id', 'score/weights', 'safetensors/split'],
  job: ['errors', 'storage', 'recipe'],
};

const belowPipeline = Object.keys(mayImport);

const table: Readonly<Record<string, readonly string[]>> = {
  ...mayImport,
  // where the values of Hub models come from, before anything computes with them
  inputs: ['errors', 'storage', 'safetensors'],
  pipeline: [...belowPipeline, 'inputs'],
  // the pipeline's last step, in files of its own
  pour: [
    ...belowPipeline,
    ...['pipeline', 'identity', 'lineage', 'proof', 'read-back', 'small-files', 'write-merged'],
  ],
  'small-files': [...belowPipeline, 'pipeline'],
  'flush-behind': [],
  'write-merged': ['merge', 'safetensors', 'tensor', 'flush-behind'],
  identity: [...belowPipeline, 'pipeline'],
  lineage: [...belowPipeline, 'pipeline'],
  // beside the pipeline: what is looked at, and not written
  'try-out': [...belowPipeline, 'pipeline'],
  // what is left in the browser is of source, job and export at once
  kept: belowPipeline,
  // a proof reads what was written, and nothing of what wrote it: neither `merge` nor `pour`
  proof: ['errors', 'tensor', 'safetensors', 'job'],
  'read-back': ['errors', 'tensor', 'safetensors', 'job'],
  recompute: ['tensor', 'safetensors', 'model/names'],
  smoke: ['errors', 'safetensors', 'score', 'job', 'pipeline', 'recompute'],
  pack: belowPipeline,
  'read-table': ['score'],
  // what a search found, before there is a source to open: it asks the Hub, and knows what can be used
  search: ['errors', 'tensor', 'graph', 'source'],
  // a finished output's card, changed by hand
  'card-edit': belowPipeline,
  worker: [
    ...[
      'pipeline',
      'pour',
      'identity',
      'read-back',
      'job/folder',
      'smoke',
      'pack',
      'card-edit',
      'kept',
      'try-out',
      'search',
      'read-table',
    ],
    'score/score',
    ...['source', 'export', 'errors', 'progress'],
  ],
  // how a mixture is split into files is said once; the file is pure
  ui: ['worker/client', 'recipe', 'safetensors/split', 'blob', 'errors', 'progress'],
  // which build of the runtime this browser can use is decided where it is loaded
  offline: ['graph'],
  main: ['ui', 'worker/client', 'offline'],
};

/** Packages that one file alone may import; any other package but these is for anyone. */
const doors: Readonly<Record<string, RegExp>> = {
  'onnxruntime-web': /^src\/graph\/session\.ts$/,
  // reading one model, searching for models, writing one: each its own door, through one way of asking (hub-fetch.ts)
  '@huggingface/hub': /^src\/(source\/hub(-search)?|export\/hub)\.ts$/,
  '@huggingface/tokenizers': /^src\/score\/tokenize\.ts$/,
  papaparse: /^src\/score\/table\.ts$/,
  comlink: /^src\/worker\//,
  'virtual:kernels': /^src\/tensor\/kernels\.ts$/,
  'virtual:languages': /^src\/ui\/locale\.svelte\.ts$/,
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
