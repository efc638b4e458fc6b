// Would the tests notice? Changes the compiled code in one place at a time and runs the tests that reach it:
//   npm run mutants -- [--seed N] [--per-room N] [--rooms a,b] [--operators a,b] [--files PART] [--list] [--fresh]
// The sample is seeded. Interrupted runs go on where they stopped: results are kept by content under .cache/mutants.
// A mutant that no test can notice because the program does the same is listed in scripts/mutants/equivalent.json with why.
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { OPERATORS } from './mutants/operators.mjs';
import { reaches, reachOf } from './mutants/reach.mjs';
import { allMutants, grouped, sample, wantedRate } from './mutants/sample.mjs';
import { makeSandbox, runTest, withMutant } from './mutants/sandbox.mjs';
import { fail, prepare, root } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    'per-room': { type: 'string', default: '12' },
    rooms: { type: 'string' },
    operators: { type: 'string' },
    files: { type: 'string' },
    tests: { type: 'string' },
    list: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run mutants -- [--seed N] [--per-room N] [--rooms a,b] [--operators a,b] [--files PART] [--tests PART,PART] [--list] [--fresh] [--json FILE]
Operators:
${Object.entries(OPERATORS)
  .map(([name, what]) => `  ${name.padEnd(11)} ${what}`)
  .join('\n')}`);
  process.exit(0);
}

const CACHE = join(root, '.cache/mutants');
const RESULTS = join(CACHE, 'results.jsonl');
const EQUIVALENT = JSON.parse(readFileSync(join(root, 'scripts/mutants/equivalent.json'), 'utf8'));
const listOf = (text) => text?.split(',').filter((word) => word !== '');
const perRoom = numberOf('per-room');
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    stopping = true;
  });

prepare();
mkdirSync(CACHE, { recursive: true });
const chosen = choose();
if (values.list) {
  for (const one of chosen)
    console.log(`${one.file}:${one.line} ${one.operator}: ${short(one.was)} → ${short(one.replacement)}`);
  process.exit(0);
}
const sandbox = makeSandbox(root);
const tests = await reachOfAll();
const known = values.fresh ? new Map() : keptResults();
await judgeAll();
report();

function choose() {
  const rooms = listOf(values.rooms);
  const operators = listOf(values.operators);
  const mutants = allMutants(
    root,
    (room, file) => (rooms?.includes(room) ?? true) && file.includes(values.files ?? ''),
  );
  const wanted = operators ? mutants.filter(({ operator }) => operators.includes(operator)) : mutants;
  if (wanted.length === 0) fail('no mutant is asked for by --rooms, --operators and --files');
  return sample(wanted, perRoom, values.seed);
}

/** Coverage of every test file, kept until the build changes. */
async function reachOfAll() {
  const folder = join(CACHE, 'reach', digestOfBuild());
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(join(CACHE, 'reach')))
    if (join(CACHE, 'reach', old) !== folder) rmSync(join(CACHE, 'reach', old), { recursive: true });
  const found = [];
  const parts = listOf(values.tests) ?? [''];
  const files = testFiles().filter((file) => parts.some((part) => file.includes(part)));
  for (const [i, file] of files.entries()) {
    if (stopping) process.exit(130);
    const kept = join(folder, `${file.replaceAll('/', '!')}.json`);
    if (!existsSync(kept)) {
      console.error(`mutants: what does ${file} reach? (${i + 1} of ${files.length})`);
      writeFileSync(kept, JSON.stringify(await reachOf(sandbox, file)));
    }
    const one = JSON.parse(readFileSync(kept, 'utf8'));
    if (one.outcome === 'passed') found.push({ file, ...one });
    else console.error(`mutants: ${file} ${one.outcome} on the unchanged code and is left out`);
  }
  return found.sort((a, b) => a.ms - b.ms);
}

function digestOfBuild() {
  const hash = createHash('sha256');
  for (const entry of readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true }).sort(byPath))
    if (entry.name.endsWith('.js'))
      hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)));
  return hash.digest('hex').slice(0, 16);
}

function byPath(a, b) {
  return join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1;
}

function testFiles() {
  return readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.test.js'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** What earlier runs found out. A survivor is asked again, since tests may have been written meanwhile. */
function keptResults() {
  const kept = new Map();
  if (!existsSync(RESULTS)) return kept;
  for (const line of readFileSync(RESULTS, 'utf8').split('\n').filter(Boolean)) {
    const result = JSON.parse(line);
    if (result.outcome === 'killed') kept.set(result.id, result);
  }
  return kept;
}

async function judgeAll() {
  for (const [i, mutant] of chosen.entries()) {
    if (mutant.key in EQUIVALENT || known.has(mutant.id)) continue;
    const result = { id: mutant.id, ...(await judge(mutant)) };
    if (stopping) process.exit(130);
    known.set(mutant.id, result);
    appendFileSync(RESULTS, `${JSON.stringify(result)}\n`);
    const by = result.by ? ` by ${result.by}` : '';
    console.error(
      `mutants: ${i + 1} of ${chosen.length} ${result.outcome}${by} ${mutant.file}:${mutant.line} ${mutant.operator} ${short(mutant.was)} → ${short(mutant.replacement)}`,
    );
  }
}

async function judge(mutant) {
  const reaching = tests.filter(({ ranges }) => reaches(ranges[mutant.file], mutant.start));
  if (reaching.length === 0) return { outcome: 'unreached' };
  return withMutant(sandbox, mutant, async () => {
    for (const { file, ms } of nearestFirst(reaching, mutant)) {
      if (stopping) return { outcome: 'stopped' };
      const { outcome } = await runTest(sandbox, file, 20_000 + 4 * ms);
      if (outcome !== 'passed') return { outcome: 'killed', by: file, how: outcome };
    }
    return { outcome: 'survived', tests: reaching.length };
  });
}

/** Tests of the mutant's own folder first, then the quick ones. */
function nearestFirst(reaching, mutant) {
  const folder = mutant.file.slice(0, mutant.file.lastIndexOf('/'));
  const near = (one) => one.file.startsWith(folder);
  return [...reaching.filter(near), ...reaching.filter((one) => !near(one))];
}

function report() {
  const rows = [...grouped(chosen, ({ room }) => room)].map(([room, ofRoom]) => {
    const count = (outcome) => ofRoom.filter((one) => outcomeOf(one) === outcome).length;
    const [killed, equivalent] = [count('killed'), count('equivalent')];
    const judged = ofRoom.length - equivalent;
    return {
      room,
      mutants: ofRoom.length,
      killed,
      survived: count('survived'),
      unreached: count('unreached'),
      equivalent,
      rate: judged === 0 ? 1 : killed / judged,
    };
  });
  console.log(
    '| room | mutants | killed | survived | unreached | equivalent | killed of the others | wanted |',
  );
  console.log(`|${' --- |'.repeat(8)}`);
  for (const row of rows)
    console.log(
      `| ${row.room} | ${row.mutants} | ${row.killed} | ${row.survived} | ${row.unreached} | ${row.equivalent} | ${percent(row.rate)} | ${percent(wantedRate(row.room))} |`,
    );
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  const judged = sum('mutants') - sum('equivalent');
  console.log(
    `| all | ${sum('mutants')} | ${sum('killed')} | ${sum('survived')} | ${sum('unreached')} | ${sum('equivalent')} | ${percent(judged === 0 ? 1 : sum('killed') / judged)} | |`,
  );
  const left = chosen.filter((one) => ['survived', 'unreached'].includes(outcomeOf(one)));
  for (const one of left)
    console.log(
      `${outcomeOf(one)}: ${one.file}:${one.line} ${one.operator}: ${short(one.was)} → ${short(one.replacement)} [${one.key}]`,
    );
  if (values.json)
    writeFileSync(values.json, JSON.stringify({ seed: values.seed, rows, left }, undefined, 2));
  process.exitCode = rows.every((row) => row.rate >= wantedRate(row.room)) ? 0 : 1;
}

function outcomeOf(mutant) {
  return mutant.key in EQUIVALENT ? 'equivalent' : (known.get(mutant.id)?.outcome ?? 'unknown');
}

function percent(share) {
  return `${(100 * share).toFixed(0)} %`;
}

function short(text) {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}

function numberOf(name) {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1)
    fail(`--${name} takes a whole number from 1, not ${values[name]}`);
  return number;
}
