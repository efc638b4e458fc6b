// What is named is there: no unused export or dependency, and every file that a comment or document names exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readFiles } from './house/read.mjs';
import { unusedExports } from './house/unused.mjs';
import { root } from './prepare.mjs';

const NAMED = /(?<![\w*{}$/.-])((?:[\w.-]+\/)*[\w-]+(?:\.[\w-]+)*\.(?:ts|mjs))\b/g;

/** What a worker calls of a module that it is given by name. */
const CALLED_BY_NAME = new Set(['src/simulator/run/jobs.ts#run']);

const files = readFiles(root, ['src', 'demo', 'lab', 'test']);
const paths = listed('.');
const names = new Set(paths.map((path) => basename(path)));
/** Share of the exported names of src/ that must have a docstring. */
const DOCUMENTED = 0.9;

/** Parameters of a function: what more of them belongs together is passed as one thing. */
const MOST_PARAMETERS = 5;

/**
 * Where TypeScript's `private` stays: snapshots of the model write the fields of its state by name and make the objects again
 * without their constructors, which ES private names do not survive.
 */
const SAVED_BY_NAME = 'src/model/kernel/state/';
/** Files that still have the other style. */
const OTHER_STYLE = new Set([
  'src/formats/jit/code-names.ts',
  'src/formats/mangled/itanium.ts',
  'src/formats/mangled/rust.ts',
  'src/sources/data-objects.ts',
  'src/sources/jit-names.ts',
  'src/sources/program-files.ts',
  'src/sources/touched-places.ts',
]);

const problems = [
  ...undocumented(),
  ...crowded(),
  ...otherPrivates(),
  ...strangeExports(),
  ...strangePackages(),
  ...strangeFiles(),
];
if (problems.length > 0) {
  console.error(problems.join('\n'));
  console.error(`${problems.length} names of nothing (scripts/check-names.mjs)`);
  process.exit(1);
}
console.log('names: all of something');

/** Exports without a docstring, all of them, where they are too many. */
function undocumented() {
  const product = [...files.values()].filter(({ path, isTest }) => path.startsWith('src/') && !isTest);
  const exported = product.flatMap(({ path, exports }) => exports.map((one) => ({ path, ...one })));
  const bare = exported.filter(({ isDocumented }) => !isDocumented);
  if (bare.length <= (1 - DOCUMENTED) * exported.length) return [];
  return bare.map(({ path, line, name }) => `${path}:${line}: ${name} is exported without a docstring`);
}

/** Functions with more parameters than a reader can tell apart. */
function crowded() {
  return [...files.values()]
    .filter(({ path, isTest }) => path.startsWith('src/') && !isTest)
    .flatMap(({ path, functions }) =>
      functions
        .filter(({ parameters }) => parameters > MOST_PARAMETERS)
        .map(({ line, name, parameters }) => `${path}:${line}: ${name} takes ${parameters} parameters`),
    );
}

/** Members that are private to the type checker alone: ES `#private` is the style of this house. */
function otherPrivates() {
  return [...files.keys()]
    .filter((path) => !path.startsWith(SAVED_BY_NAME) && !OTHER_STYLE.has(path))
    .flatMap((path) =>
      readFileSync(join(root, path), 'utf8')
        .split('\n')
        .flatMap((line, at) =>
          /^\s+private (?!constructor)/.test(line) ? [`${path}:${at + 1}: private: write #name`] : [],
        ),
    );
}

/** Exports of the product that nothing uses. */
function strangeExports() {
  return unusedExports(files)
    .filter(({ users }) => users.size === 0)
    .filter(({ path, name }) => !path.endsWith('.d.ts') && !CALLED_BY_NAME.has(`${path}#${name}`))
    .map(({ path, line, name }) => `${path}:${line}: ${name} is exported and used nowhere`);
}

/** Dependencies that no file imports and no script runs, and imports that package.json does not name. */
function strangePackages() {
  const { dependencies, devDependencies, scripts } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const texts = paths.filter((path) => /\.(ts|mjs|cjs|json)$/.test(path) && !path.includes('package'));
  const used = texts.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
  const isUsed = (name) => new RegExp(`['"/]${name}(['"/]|$)`, 'm').test(used);
  const runs = Object.values(scripts).join(' ');
  const tools = { '@biomejs/biome': 'biome', typescript: 'tsc', assemblyscript: 'asc' };
  return Object.keys({ ...dependencies, ...devDependencies })
    .filter(
      (name) =>
        !name.startsWith('@types/') &&
        !isUsed(name) &&
        !(tools[name] !== undefined && `${runs} ${used}`.includes(tools[name])),
    )
    .map((name) => `package.json: nothing uses ${name}`);
}

/** Files of this project that comments and documents name; files of other projects are named by their folder there. */
function strangeFiles() {
  const found = [];
  for (const { path, comments } of files.values())
    for (const { words } of comments) found.push(...missingIn(path, words));
  for (const path of paths.filter(
    (one) => /^(docs\/(?!decisions)|[A-Z]+\.md$)/.test(one) && one.endsWith('.md'),
  ))
    if (path !== 'CHANGELOG.md') found.push(...missingIn(path, readFileSync(join(root, path), 'utf8')));
  return found;
}

function missingIn(path, text) {
  return [...text.matchAll(NAMED)]
    .map(([, name]) => name)
    .filter((name) => !/(^|\/)NAME\./.test(name) && !isThere(name))
    .map((name) => `${path}: names ${name}, which does not exist`);
}

/** A path from the root, from src/ or from a room, or the bare name of a file. */
function isThere(name) {
  if (!name.includes('/')) return names.has(name);
  return paths.some((path) => path === name || path.endsWith(`/${name}`));
}

function listed(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    const isSkipped = /^(node_modules|dist|bundle|\.git|\.cache)$/.test(path) || path === 'test/fixtures';
    return isSkipped || !existsSync(join(root, path)) ? [] : listed(path);
  });
}
