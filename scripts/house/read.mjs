// Reads every TypeScript file of the checkout: what it imports and exports, its functions, its comments.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { tsPlugin } from '@sveltejs/acorn-typescript';
import { Parser } from 'acorn';

const TypeScript = Parser.extend(tsPlugin());

/** All files below the folders, by path from the root. */
export function readFiles(root, folders) {
  const files = new Map();
  for (const folder of folders)
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const path = relative(root, join(entry.parentPath, entry.name));
      files.set(path, readFile(root, path));
    }
  for (const file of files.values()) file.imports = file.imports.filter(({ to }) => files.has(to));
  return files;
}

function readFile(root, path) {
  const text = readFileSync(join(root, path), 'utf8');
  const comments = [];
  const tree = TypeScript.parse(text, {
    sourceType: 'module',
    ecmaVersion: 'latest',
    locations: true,
    onComment: (_block, words, start, end) => comments.push({ words, start, end }),
  });
  const file = {
    path,
    isTest: path.endsWith('.test.ts') || path.startsWith('test/'),
    lines: text.split('\n').length,
    imports: [],
    exports: [],
    functions: [],
    nonNull: 0,
    any: 0,
    casts: 0,
    comments,
    words: wordCounts(text),
  };
  visit(tree, (node, parent) => look(node, parent, file, text));
  return file;
}

/** How often each word stands in the text. */
function wordCounts(text) {
  const counts = new Map();
  for (const [word] of text.matchAll(/[\w$]+/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function look(node, parent, file, text) {
  const { type } = node;
  if (type === 'TSNonNullExpression') file.nonNull++;
  else if (type === 'TSAnyKeyword') file.any++;
  else if (
    type === 'TSAsExpression' &&
    text.slice(node.typeAnnotation.start, node.typeAnnotation.end) !== 'const'
  )
    file.casts++;
  else if (type === 'ImportDeclaration' || (type === 'ExportNamedDeclaration' && node.source))
    addImport(node, file);
  else if (type === 'ExportAllDeclaration')
    addImport({ ...node, specifiers: [{ type: 'ImportNamespaceSpecifier' }] }, file);
  else if (type === 'ImportExpression' && node.source.type === 'Literal')
    addImport(
      { source: node.source, specifiers: [{ type: 'ImportNamespaceSpecifier' }], isLate: true },
      file,
    );
  else if (type === 'TSImportType') {
    const source = node.argument?.literal ?? node.argument;
    if (source?.value)
      addImport({ source, specifiers: [{ type: 'ImportNamespaceSpecifier' }], importKind: 'type' }, file);
  }
  if (type === 'ExportNamedDeclaration') addExports(node, file, text);
  if (/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type))
    addFunction(node, parent, file);
}

/** @param {{ source: any, specifiers: any[], importKind?: string, exportKind?: string, isLate?: boolean }} node */
function addImport({ source, specifiers, importKind, exportKind, isLate = false }, file) {
  if (!source.value.startsWith('.')) {
    file.packages ??= new Set();
    file.packages.add(source.value);
    return;
  }
  const to = join(dirname(file.path), source.value).replace(/\.js$/, '.ts');
  const isType = importKind === 'type' || exportKind === 'type';
  const names = specifiers.map((one) =>
    one.type === 'ImportSpecifier'
      ? one.imported.name
      : one.type === 'ExportSpecifier'
        ? one.local.name
        : '*',
  );
  file.imports.push({ to, names, isType, isLate });
}

function addExports(node, file, text) {
  const { declaration } = node;
  const isDocumented = file.comments.some(
    // Only hints for tools may stand between a name and its docstring.
    ({ words, end }) =>
      words.startsWith('*') && end < node.start && /^\n(\/\/.*\n)*$/.test(text.slice(end, node.start)),
  );
  const names =
    declaration?.type === 'VariableDeclaration'
      ? declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
      : declaration?.id
        ? [declaration.id.name]
        : [];
  for (const name of names) file.exports.push({ name, isDocumented, line: node.loc.start.line });
}

function addFunction(node, parent, file) {
  if (!node.body) return;
  const name = node.id?.name ?? parent?.key?.name ?? parent?.id?.name ?? 'arrow';
  // `this: Type` is no parameter.
  const parameters = node.params.filter(({ name: own }) => own !== 'this').length;
  file.functions.push({
    name,
    parameters,
    lines: node.loc.end.line - node.loc.start.line + 1,
    line: node.loc.start.line,
  });
}

function visit(node, found, parent) {
  found(node, parent);
  for (const key in node) {
    const value = node[key];
    if (Array.isArray(value)) for (const one of value) isNode(one) && visit(one, found, node);
    else if (isNode(value)) visit(value, found, node);
  }
}

function isNode(value) {
  return value !== null && typeof value === 'object' && typeof value.type === 'string';
}
