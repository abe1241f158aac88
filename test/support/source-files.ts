/** The project's own source files, as the TypeScript compiler parses them: what each imports, and what it declares. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** As written: a relative path or a package. */
  readonly specifier: string;
  /** For a relative path: the file's path from the root, e.g. `src/errors.ts`. */
  readonly target: string | undefined;
}

export interface SourceFile {
  /** From the root, `/`-separated, e.g. `src/graph/session.ts`. */
  readonly path: string;
  readonly text: string;
  /** The TypeScript in it: all of it, or a component's scripts. */
  readonly tree: ts.SourceFile;
}

const root = join(import.meta.dirname, '..', '..');

/** Every .ts and .svelte file below `folder`, but for what is generated. */
export function readSources(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.startsWith('src/ui/messages/'))
    .sort()
    .map(readSource);
}

export function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const code = path.endsWith('.svelte') ? scriptsOf(text) : text;
  return { path, text, tree: ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true) };
}

function scriptsOf(component: string): string {
  return [...component.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, code]) => code).join('\n');
}

/** What is loaded when the file runs. Types are erased, and free. */
export function valueImports(file: SourceFile): readonly Import[] {
  const specifiers: string[] = [];
  visit(file.tree, (node) => {
    if (ts.isImportDeclaration(node) && !isTypeImport(node)) specifiers.push(textOf(node.moduleSpecifier));
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && !isTypeExport(node)) {
      specifiers.push(textOf(node.moduleSpecifier));
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      specifiers.push(textOf(node.arguments[0]!));
    }
  });
  return specifiers.map((specifier) => ({ specifier, target: resolve(file.path, specifier) }));
}

function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  const { phaseModifier, name, namedBindings } = importClause;
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  return name === undefined && namedBindings !== undefined && isAllTypes(namedBindings);
}

function isTypeExport({ isTypeOnly, exportClause }: ts.ExportDeclaration): boolean {
  return isTypeOnly || (exportClause !== undefined && isAllTypes(exportClause));
}

function isAllTypes(bindings: ts.NamedImportBindings | ts.NamedExportBindings): boolean {
  if (!ts.isNamedImports(bindings) && !ts.isNamedExports(bindings)) return false;
  const elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[] = [...bindings.elements];
  return elements.length > 0 && elements.every(({ isTypeOnly }) => isTypeOnly);
}

function textOf(node: ts.Expression): string {
  // an address that is computed could be anything
  return ts.isStringLiteralLike(node) ? node.text : `computed: ${node.getText()}`;
}

function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return normalize(join(dirname(from), specifier))
    .split(sep)
    .join('/');
}

export function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}
