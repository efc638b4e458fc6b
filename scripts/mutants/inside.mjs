// Runs test files again and again inside one process, each with a fresh graph of modules: a mutant costs what its tests
// cost, not a start of Node for each. Started by inside-process.mjs with the sandbox's folder; asked by messages.
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { newSuite, runSuite, testFunctions } from './shim.mjs';

const folder = process.argv[2];
process.chdir(folder);
const texts = new Map();
const compiled = new Map();
const natives = new Map();
const suites = { now: newSuite('', undefined) };
const shim = await synthetic('node:test', testFunctions(suites));
let escaped;
for (const event of ['unhandledRejection', 'uncaughtException'])
  process.on(event, (problem) => {
    escaped ??= problem;
  });

process.on('message', async ({ file, changed, coverage }) => {
  const answer = coverage ? await withCoverage(file) : { problem: await problemOf(file, changed) };
  process.send?.(answer);
});
process.send?.({ ready: true });

/** Runs a test file: what went wrong, or nothing. `changed` is the file that is not what it was before. */
async function problemOf(file, changed) {
  escaped = undefined;
  suites.now = newSuite(file, undefined);
  const own = suites.now;
  try {
    await load(join(folder, file), new Map(), changed && join(folder, changed));
    await runSuite(own);
  } catch (problem) {
    escaped ??= problem ?? 'thrown';
  }
  await new Promise((done) => setImmediate(done));
  return escaped === undefined ? undefined : String(escaped?.stack ?? escaped).slice(0, 500);
}

/** V8's coverage of one test file on the unchanged code. */
async function withCoverage(file) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  compiled.clear();
  const problem = await problemOf(file);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  await session.post('Profiler.stopPreciseCoverage');
  session.disconnect();
  compiled.clear();
  return {
    problem,
    result: result.filter(({ url }) => url.startsWith('file://') && url.includes('/dist/src/')),
  };
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
  const isChanged = path === changed;
  const text = isChanged ? readFileSync(path, 'utf8') : textOf(path);
  const module = new vm.SourceTextModule(text, {
    identifier: pathToFileURL(path).href,
    cachedData: isChanged ? undefined : compiled.get(path),
    initializeImportMeta: (meta) => {
      Object.assign(meta, { url: pathToFileURL(path).href, dirname: dirname(path), filename: path });
    },
    importModuleDynamically: async (name) => {
      if (!isOwn(name)) return import(name);
      return load(pathOf(name, path), graph, changed);
    },
  });
  if (!isChanged && !compiled.has(path)) compiled.set(path, cachedDataOf(module));
  graph.set(path, module);
  return module;
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
