// The plan of the house, checked: which folder of src/ may import which. What is not listed is forbidden.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { circles, grouped } from './house/graph.mjs';
import { readFiles } from './house/read.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'src');

const below = ['vocabulary', 'base'];
const parts = ['damon', 'sources', 'actuators', 'verification', 'policies', 'kernel-rules'];
const ALLOWED = {
  base: [],
  vocabulary: ['base'],
  // The probe reads small kernel files, whose grammar lives in formats.
  host: ['formats', ...below],
  formats: below,
  hotness: below,
  // What samples taught of each sub-page, carried from turn to turn.
  belief: ['hotness', ...below],
  // What Linux allows and does by itself, as pure rules: the planner forecasts with them, verification explains with them.
  'kernel-rules': below,
  policies: ['belief', 'hotness', ...below],
  planning: ['kernel-rules', ...below],
  // Who a process belongs to: systemd unit, container, virtual machine.
  services: ['host', 'formats', ...below],
  // Control of DAMON's sysfs tree, which a source and an actuator share.
  damon: ['host', 'formats', ...below],
  sources: ['damon', 'host', 'formats', ...below],
  actuators: ['damon', 'host', 'formats', ...below],
  verification: ['kernel-rules', 'host', 'formats', ...below],
  // What was seen and done of each target, kept in tiers: written by the agent, read by metrics, top and the dashboard.
  history: ['host', 'formats', ...below],
  // One table of metrics and its exposition. It knows observations and the agent's reading, and measures nothing.
  metrics: ['history', 'host', ...below],
  cycle: [...parts, 'belief', 'hotness', 'planning', 'host', 'formats', ...below],
  config: ['cycle', 'services', ...parts, 'belief', 'hotness', 'planning', 'host', 'formats', ...below],
  // What stops the agent: readings in, verdicts out. Pure.
  guards: below,
  // Which memory is looked at next, by what, within a share of a CPU. Pure.
  sampling: below,
  // The agent: a process that decides and one that acts (agent/hands), which share a closed set of messages.
  agent: [
    'services',
    'guards',
    'sampling',
    'history',
    'metrics',
    'config',
    'cycle',
    ...parts,
    'belief',
    'hotness',
    'planning',
    'host',
    'formats',
    ...below,
  ],
  // Where a host's memory is, by service: a look that stands on a turn's first half.
  survey: [
    'config',
    'cycle',
    'services',
    ...parts,
    'belief',
    'hotness',
    'planning',
    'host',
    'formats',
    ...below,
  ],
  // What a terminal view shows, from the agent or from surveys.
  top: ['agent', 'history', 'survey', 'services', 'verification', 'kernel-rules', 'host', ...below],
  // A Linux in memory: a second host, which knows nothing of what is asked of it.
  model: ['host', 'formats', ...below],
  // A scenario can run the whole agent.
  simulator: ['agent', 'model', 'config', 'formats', 'host', ...below],
  // Figures and pages of what other rooms tell: nouns in; HTML, SVG, PNG and text out.
  reports: below,
  // What the dashboard serves: shapes, the map in tiles, who may ask for what. Its page runs in browsers.
  dashboard: ['reports', 'host', ...below],
  // Contenders on the model, side by side: it dresses scenarios, runs and scores them.
  compare: ['simulator', 'model', 'policies', 'hotness', 'host', ...below],
  // What programs may import of the package: it looks, and decides, and never acts.
  library: ['config', 'cycle', 'sources', 'policies', 'verification', 'hotness', 'host', ...below],
  cli: ['*'],
  'main.ts': ['*'],
  // What main.ts has no prepared answer for.
  'supervised.ts': ['*'],
  // Runs short imports on the main thread: the signals that it has and the files that it looks at are the process's.
  'quick.ts': ['*'],
  // What it runs.
  'import-here.ts': ['*'],
  // Runs what needs no other thread.
  'run-here.ts': ['*'],
  // The other thread of main.ts: it runs the command, main.ts has the signals.
  'command-thread.ts': ['*'],
  // The two processes that `octavo agent` becomes.
  'acting-entry.ts': ['*'],
  'deciding-entry.ts': ['*'],
};
/** Files that may be imported of a folder when only its interface is allowed: cycle sees roles, not kinds. */
const INTERFACES_ONLY = {
  'cycle→sources': ['source.ts'],
  'cycle→actuators': ['actuator.ts'],
  'cycle→policies': ['policy.ts'],
  'simulator→host': ['host.ts'],
  'model→host': ['host.ts'],
  'compare→host': ['host.ts'],
};
/** Only these folders may touch the world by themselves. */
const WORLD = /^node:(fs|fs\/promises|child_process|os|worker_threads|net|http)$|^koffi$/;
const MAY_TOUCH_WORLD = ['host', 'main.ts', 'supervised.ts', 'quick.ts', 'run-here.ts', 'import-here.ts'];
const WORLD_GLOBALS =
  /\b(process\.(env|argv|exit|kill)|Date\.now|Math\.random|performance\.now|setTimeout|setInterval)\b/;
const MAY_USE_GLOBALS = [...MAY_TOUCH_WORLD, 'acting-entry.ts', 'deciding-entry.ts'];
/** No host stands there: a browser has its own clock and timers. */
const IN_BROWSERS = /^src\/dashboard\/page\//;

const problems = [];
for (const file of sourceFiles(root)) checkFile(file);
for (const folder of Object.keys(ALLOWED))
  if (!existsSync(join(root, folder))) problems.push(`${folder} is in the plan and not in src/`);
checkCircles();
if (problems.length > 0) {
  console.error(problems.join('\n'));
  console.error(`${problems.length} arrows against the plan of the house (scripts/check-arrows.mjs)`);
  process.exit(1);
}
console.log('arrows: as planned');

function checkFile(file) {
  const from = folderOf(file);
  const text = readFileSync(file, 'utf8');
  const isTest = file.endsWith('.test.ts');
  if (!(from in ALLOWED)) problems.push(`${show(file)}: folder ${from} is not in the plan`);
  for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g))
    checkImport(file, from, target, isTest);
  if (!isTest && !MAY_USE_GLOBALS.includes(from) && !IN_BROWSERS.test(show(file))) checkGlobals(file, text);
}

/** Nothing imports itself in a roundabout way: no file, no folder, nor any folder with all that is in it two levels deep. */
function checkCircles() {
  const files = [...readFiles(join(root, '..'), ['src']).values()].filter(({ isTest }) => !isTest);
  const graph = new Map(files.map(({ path, imports }) => [path, new Set(imports.map(({ to }) => to))]));
  const views = [
    ['files', graph],
    ['folders', grouped(graph, (path) => dirname(path))],
    ['folders', grouped(graph, (path) => dirname(path).split('/').slice(0, 3).join('/'))],
  ];
  const found = views.flatMap(([what, view]) =>
    circles(view).map((one) => `circle of ${what}: ${one.join(' ')}`),
  );
  problems.push(...new Set(found));
}

function checkImport(file, from, target, isTest) {
  if (!target.startsWith('.')) {
    if (WORLD.test(target) && !MAY_TOUCH_WORLD.includes(from) && !isTest) {
      problems.push(`${show(file)}: ${target} belongs behind the host`);
    }
    return;
  }
  const path = resolve(dirname(file), target).replace(/\.js$/, '.ts');
  if (relative(root, path).startsWith('..')) {
    if (!isTest) problems.push(`${show(file)}: imports ${target}, outside src/`);
    return;
  }
  const to = folderOf(path);
  if (to === from || isTest) return;
  const allowed = ALLOWED[from] ?? [];
  if (!allowed.includes('*') && !allowed.includes(to)) {
    problems.push(`${show(file)}: ${from} → ${to} is not an arrow of the house`);
    return;
  }
  const interfaces = INTERFACES_ONLY[`${from}→${to}`];
  if (interfaces && !interfaces.includes(path.split('/').pop())) {
    problems.push(`${show(file)}: ${from} may import only ${interfaces.join(', ')} of ${to}`);
  }
}

function checkGlobals(file, text) {
  text.split('\n').forEach((line, index) => {
    const code = line.replace(/\/\/.*|^\s*\*.*/, '');
    const found = code.match(WORLD_GLOBALS);
    if (found) problems.push(`${show(file)}:${index + 1}: ${found[0]} belongs behind the host`);
  });
}

function folderOf(file) {
  return relative(root, file).split('/')[0];
}

function show(file) {
  return `src/${relative(root, file)}`;
}

function* sourceFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}
