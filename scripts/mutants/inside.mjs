// Runs test files again and again inside one process, each with a fresh graph of modules: a mutant costs what its tests
// cost, not a start of Node for each. Started by inside-process.mjs with the sandbox's folder; asked by messages.
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { packed, probed } from './probes.mjs';
import { newSuite, runSuite, testFunctions } from './shim.mjs';

const folder = process.argv[2];
process.chdir(folder);
const texts = new Map();
const compiled = new Map();
const natives = new Map();
const suites = { now: newSuite('', undefined) };
const shim = await synthetic('node:test', testFunctions(suites));
let escaped;
/** While it is looked what a test reaches: sources with marks, by path. */
let marked;
for (const event of ['unhandledRejection', 'uncaughtException'])
  process.on(event, (problem) => {
    escaped ??= problem;
  });

process.on('message', async ({ file, changed, only, coverage }) => {
  if (coverage) {
    process.send?.(await withCoverage(file));
    return;
  }
  let at;
  const around = async (number, run) => {
    at = number;
    await run();
    at = undefined;
  };
  process.send?.({ problem: await problemOf(file, { changed, only, around }), at });
});
process.send?.({ ready: true });

/**
 * Runs a test file: what went wrong, or nothing. `changed` is the file that is not what it was before; of the file's tests, counted
 * as they are declared, those whose numbers are in `only` run, all of them without it.
 *
 * @param {string} file
 * @param {{changed?: string, only?: readonly number[], around: (number: number, run: () => Promise<void>) => Promise<void>}} how
 */
async function problemOf(file, { changed, only, around }) {
  escaped = undefined;
  suites.now = newSuite(file, undefined);
  const own = suites.now;
  try {
    await load(join(folder, file), new Map(), changed && join(folder, changed));
    await runSuite(own, { only: only && new Set(only), around });
  } catch (problem) {
    escaped ??= problem ?? 'thrown';
  }
  await new Promise((done) => setImmediate(done));
  return escaped === undefined ? undefined : String(escaped?.stack ?? escaped).slice(0, 500);
}

/**
 * What one test file reaches of the unchanged code, in marks by file: `always` by its being loaded and what stands around its tests,
 * `tests` each by itself, with its milliseconds.
 */
async function withCoverage(file) {
  globalThis.octavoReach = [];
  marked = new Map();
  const always = new Map();
  const tests = [];
  const around = async (number, run) => {
    collect(always);
    const began = performance.now();
    try {
      await run();
    } finally {
      const own = new Map();
      const ms = performance.now() - began;
      collect(own);
      tests[number] = { ms, marks: told(own) };
    }
  };
  const problem = await problemOf(file, { around });
  collect(always);
  marked = undefined;
  return { problem, result: { always: told(always), tests } };
}

/** Takes the marks that were set since the last time. */
function collect(into) {
  for (const [path, { index }] of marked) {
    const marks = globalThis.octavoReach[index];
    if (!marks?.includes(1)) continue;
    const so = into.get(path) ?? new Uint8Array(marks.length);
    for (let k = 0; k < marks.length; k++) so[k] |= marks[k];
    into.set(path, so);
    marks.fill(0);
  }
}

function told(marksByPath) {
  return Object.fromEntries([...marksByPath].map(([path, marks]) => [relative(folder, path), packed(marks)]));
}

/** Node has it; the types of Node do not. @param {any} module */
function cachedDataOf(module) {
  return module.createCachedData();
}

async function load(path, graph, changed) {
  const module = moduleOf(path, graph, changed);
  if (module.status === 'unlinked')
    await module.link((name, from) => imported(name, from.identifier, graph, changed));
  await module.evaluate();
  return module;
}

function moduleOf(path, graph, changed) {
  const made = graph.get(path);
  if (made) return made;
  const isPlain = path !== changed && !isMarked(path);
  const text = isMarked(path) ? withMarks(path) : isPlain ? textOf(path) : readFileSync(path, 'utf8');
  const module = new vm.SourceTextModule(text, {
    identifier: pathToFileURL(path).href,
    cachedData: isPlain ? compiled.get(path) : undefined,
    initializeImportMeta: (meta) => {
      Object.assign(meta, { url: pathToFileURL(path).href, dirname: dirname(path), filename: path });
    },
    importModuleDynamically: async (name) => {
      if (!isOwn(name)) return import(name);
      return load(pathOf(name, path), graph, changed);
    },
  });
  if (isPlain && !compiled.has(path)) compiled.set(path, cachedDataOf(module));
  graph.set(path, module);
  return module;
}

/** Sources of the build have marks while it is looked what a test reaches, tests have not. */
function isMarked(path) {
  return marked !== undefined && path.startsWith(join(folder, 'dist/src/')) && !path.endsWith('.test.js');
}

function withMarks(path) {
  if (!marked.has(path)) marked.set(path, { index: marked.size, ...probed(textOf(path), marked.size) });
  return marked.get(path).text;
}

function imported(name, from, graph, changed) {
  if (name === 'node:test') return shim;
  return isOwn(name) ? moduleOf(pathOf(name, new URL(from).pathname), graph, changed) : native(name);
}

const isOwn = (name) => name.startsWith('.') || name.startsWith('file:') || name.startsWith('/');

function pathOf(name, from) {
  return name.startsWith('file:') ? new URL(name).pathname : resolve(dirname(from), name);
}

function textOf(path) {
  if (!texts.has(path)) texts.set(path, readFileSync(path, 'utf8'));
  return texts.get(path);
}

async function native(name) {
  if (!natives.has(name)) natives.set(name, synthetic(name, await import(name)));
  return natives.get(name);
}

async function synthetic(name, values) {
  const names = Object.keys(values);
  const module = new vm.SyntheticModule(
    names,
    function fill() {
      for (const one of names) this.setExport(one, values[one]);
    },
    { identifier: name },
  );
  await module.link(() => {
    throw new Error(`${name} imports nothing`);
  });
  await module.evaluate();
  return module;
}
