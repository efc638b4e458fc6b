// Puts what `npm pack` ships into bundle/: the command line split by command, workers and child programs as files of
// their own. Everything but koffi, which has a native part, is inside.
//
// The files are CommonJS, which Node loads in a third of the time that modules take, and a file is loaded when something
// of it is used for the first time, not when another one names it (docs/decisions/0760-loaded-when-used.md).
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { bundlePage } from './bundle-page.mjs';
import { declare } from './declarations.mjs';
import { lazyRequires } from './lazy-requires.mjs';
import { prepare, root } from './prepare.mjs';
import { preparedTexts } from './prepared-texts.mjs';

const OUT = join(root, 'bundle');
const SOURCES = join(root, 'dist/src');

/** What the main thread needs, a file each: what it may not need stays in the others. */
const PROGRAMS = { octavo: 'main.js', supervised: 'supervised.js' };
/** Files that are started or loaded by name, relative to where the code that names them ends up: all in one folder. */
const ENTRIES = {
  'run-here': 'run-here.js',
  'import-here': 'import-here.js',
  'command-thread': 'command-thread.js',
  'worker-entry': 'host/worker-entry.js',
  'page-thread': 'host/pages/page-thread.js',
  'foreign-entry': 'host/linux/foreign-entry.js',
  native: 'host/linux/native.js',
  'start-deciding': 'host/linux/split/start-deciding.js',
  'acting-entry': 'acting-entry.js',
  'deciding-entry': 'deciding-entry.js',
  jobs: 'simulator/run/jobs.js',
  'cell-job': 'compare/cell-job.js',
  library: 'library/library.js',
};

/** Files that the program loads by name. */
const BY_NAME = ['./supervised.js', './run-here.js', './import-here.js'];

export async function bundle() {
  // Not there before prepare() has installed it.
  const { build } = await import('rolldown');
  rmSync(OUT, { recursive: true, force: true });
  const files = [];
  for (const name of Object.keys(PROGRAMS)) {
    const inside = { [name]: PROGRAMS[name] };
    const { output } = await build(optionsOf(inside, ['koffi', ...BY_NAME], false));
    files.push(...output);
  }
  files.push(...(await splitFiles(build)));
  pack(files.filter(isSeldomUsed));
  asModule(files.find(({ name }) => name === 'library'));
  declare(OUT);
  // The package's own files are modules; these are not.
  writeFileSync(join(OUT, 'package.json'), '{ "type": "commonjs" }\n');
  await bundlePage(build, OUT);
  const texts = gzipSync(JSON.stringify(await preparedTexts()), { level: 9 });
  writeFileSync(join(OUT, 'prepared.json.gz'), texts);
  const launcher = readFileSync(join(root, 'src/octavo.sh'), 'utf8');
  writeFileSync(join(OUT, 'octavo.sh'), launcher.replace('/main.js', '/octavo.js'));
  for (const name of ['octavo.js', 'octavo.sh']) chmodSync(join(OUT, name), 0o755);
  writeFileSync(join(OUT, 'THIRD-PARTY.md'), notices(files.flatMap(({ moduleIds = [] }) => moduleIds)));
  return files;
}

/**
 * The command line by command. A file must not lead back to itself, or it would be used before it is there: schemas in such a
 * circle stay with what needs them, and where that does not help no groups are made.
 */
async function splitFiles(build) {
  const together = new Set();
  for (let isGrouped = true; ; ) {
    const groups = isGrouped ? [schemas(together), DEFAULTS, CHOICES] : [];
    const codeSplitting = { includeDependenciesRecursively: false, groups };
    const options = { ...optionsOf(ENTRIES, ['koffi'], codeSplitting), write: false };
    const { output } = await build(options);
    const circular = output.filter((file) => leadsTo(file, file, output));
    if (circular.length === 0) return (await build({ ...options, write: true })).output;
    if (!isGrouped) throw new Error(`files in a circle: ${circular.map(({ fileName }) => fileName)}`);
    const apart = circular.flatMap(({ moduleIds }) => moduleIds).filter((id) => usesZod(id));
    isGrouped = apart.some((id) => !together.has(id));
    for (const id of apart) together.add(id);
  }
}

/** The library for programs that are modules: Node finds the names of a CommonJS file only where they are written out. */
function asModule({ exports, fileName }) {
  const names = exports.filter((name) => name !== 'default').join(', ');
  writeFileSync(
    join(OUT, 'library.mjs'),
    `import library from './${fileName}';\nexport const { ${names} } = library;\n`,
  );
}

function leadsTo(from, to, files, seen = new Set()) {
  return (from.imports ?? []).some((name) => {
    if (name === to.fileName) return true;
    const next = files.find(({ fileName }) => fileName === name);
    if (next === undefined || seen.has(name)) return false;
    seen.add(name);
    return leadsTo(next, to, files, seen);
  });
}

/** @returns {import('rolldown').BuildOptions} */
function optionsOf(entries, external, codeSplitting) {
  return {
    cwd: root,
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join('dist/src', path)])),
    platform: 'node',
    external,
    // Its modules for browsers are those for Node as ESM, of which what is not used can be left out.
    resolve: { alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') } },
    plugins: [lazyRequires()],
    preserveEntrySignatures: 'allow-extension',
    logLevel: 'warn',
    output: {
      dir: OUT,
      format: 'cjs',
      minify: true,
      comments: false,
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
      codeSplitting,
    },
  };
}

/** Defaults that texts of help name; what uses them for more comes later or never. */
const DEFAULTS = { name: 'defaults', test: /dist\/src\/planning\/budgets\.js$/ };

/** How kinds of recordings say what options they have; what reads recordings comes when one is read. */
const CHOICES = { name: 'choices', test: /dist\/src\/sources\/(sample-choices|source)\.js$/ };

const uses = new Map();

function usesZod(id) {
  if (!uses.has(id))
    uses.set(id, id.startsWith(SOURCES) && /from ['"]zod['"]/.test(readFileSync(id, 'utf8')));
  return uses.get(id);
}

/**
 * Modules with schemas get files of their own, and zod does: they are only needed where a document is read, and cost more
 * to load than the rest of a command. Not those that stay `together` with what needs them.
 */
function schemas(together) {
  return {
    debugName: 'schemas',
    test: (id) => usesZod(id) && !SELDOM_USED.test(id) && !together.has(id),
    name: (id) => relative(SOURCES, id).replace(/\.js$/, '').replaceAll('/', '-'),
  };
}

/**
 * Rooms of the model, of scenarios, of pictures and of the agent: half of the program, which only commands that work for
 * seconds or stay for days use. `status`, `config`, `history` and `explain` load the little that they use of them.
 */
const SELDOM_USED = new RegExp(
  [
    '/dist/src/(agent|compare|dashboard|guards|history|hotness|library|metrics|model|reports|sampling|simulator|survey|top)/',
    '/dist/src/cli/(agent|compare|dashboard|history|model|reports|samples|simulate|survey|top)/',
    '/dist/src/cli/commands/(agent|compare|damon|dashboard|heat|import|model|probe|record|report|simulate|survey|top)',
    '/dist/src/formats/(access-trace|amd-ibs|arm-spe|damo|damo-record|elf|intel-pebs|jit|mangled|perf-data|perf-script|yaml)',
    '/dist/src/formats/parquet/(read|thrift-bounds)',
    '/dist/src/config/(assemble-probe|probe-hands)',
    '/dist/src/sources/(data-objects|damo|jit-names|perf|probe|program-files|resolve|same-access|sample-filter|text-bound|touched)',
    '/dist/src/host/(folder|recording)/',
    '/node_modules/(hyparquet|yaml|xz-decompress)/',
  ].join('|'),
);

/** Mostly of such rooms: a file has what is always needed together. */
function isSeldomUsed({ moduleIds = [] }) {
  return 2 * moduleIds.filter((id) => SELDOM_USED.test(id)).length > moduleIds.length;
}

/** Keeps files compressed, each behind one of its name that unpacks it. */
function pack(files) {
  copyFileSync(join(root, 'scripts/unpack.cjs'), join(OUT, 'unpack.js'));
  for (const { fileName, code } of files) {
    const path = join(OUT, fileName);
    writeFileSync(`${path}.br`, brotliCompressSync(code));
    writeFileSync(path, 'require("./unpack.js").load(module);\n');
  }
}

/** The licences of the packages that ended up inside, as they ask. */
function notices(modules) {
  const packages = new Set(
    modules
      .map((path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
      .filter((name) => name !== undefined),
  );
  const parts = [...packages].sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE'].find((one) =>
      existsSync(join(folder, one)),
    );
    const text = file === undefined ? `(${license})` : readFileSync(join(folder, file), 'utf8').trim();
    return `## ${name} ${version}\n\n${text}\n`;
  });
  // The outlines of the letters in pictures were taken from a font.
  const font = readFileSync(join(root, 'scripts/licences/dejavu.txt'), 'utf8').trim();
  return `# Packages inside this one\n\n${parts.join('\n')}\n## DejaVu fonts\n\n${font}\n`;
}

if (process.argv[1] && relative(process.argv[1], import.meta.filename) === '') {
  // The build itself calls this with --built.
  if (!process.argv.includes('--built')) prepare();
  const files = await bundle();
  const bytes = readdirSync(OUT, { recursive: true, encoding: 'utf8' }).reduce(
    (sum, name) => sum + statSync(join(OUT, name)).size,
    0,
  );
  console.log(`octavo: ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB in bundle${sep}`);
}
