// Would the tests notice? Changes the compiled code in one place at a time and runs the tests that reach it:
//   npm run mutants -- [--seed N] [--per-room N] [--rooms a,b] [--operators a,b] [--files PART] [--tests PART,PART]
//     [--limit SECONDS] [--list] [--fresh]
// The sample is seeded. Interrupted runs go on where they stopped: results are kept by content under .cache/mutants.
// A mutant that no test can notice because the program does the same is listed in scripts/mutants/equivalent.json with why.
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
import { allMutants, grouped, sample, wantedRate } from './mutants/sample.mjs';
import { makeSandbox, withMutant } from './mutants/sandbox.mjs';
import { Tests } from './mutants/tests.mjs';
import { fail, prepare, root } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    'per-room': { type: 'string', default: '12' },
    rooms: { type: 'string' },
    operators: { type: 'string' },
    files: { type: 'string' },
    tests: { type: 'string' },
    limit: { type: 'string', default: '120' },
    list: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run mutants -- [--seed N] [--per-room N] [--rooms a,b] [--operators a,b] [--files PART] [--tests PART,PART] [--limit SECONDS] [--list] [--fresh] [--json FILE]
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
const limit = numberOf('limit');
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
const tests = new Tests(root, sandbox, join(CACHE, 'reach'), testFiles());
const known = values.fresh ? new Map() : keptResults();
await judgeAll();
tests.end();
rmSync(sandbox.folder, { recursive: true, force: true });
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

function testFiles() {
  const parts = listOf(values.tests) ?? [''];
  return readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.test.js'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => parts.some((part) => file.includes(part)))
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
    if (stopping) {
      tests.end();
      process.exit(130);
    }
    known.set(mutant.id, result);
    appendFileSync(RESULTS, `${JSON.stringify(result)}\n`);
    const by = result.by ? ` by ${result.by}` : '';
    console.error(
      `mutants: ${i + 1} of ${chosen.length} ${result.outcome}${by} ${mutant.file}:${mutant.line} ${mutant.operator} ${short(mutant.was)} → ${short(mutant.replacement)}`,
    );
  }
}

async function judge(mutant) {
  const asked = new Set();
  return withMutant(sandbox, mutant, async () => {
    let spentMs = 0;
    for await (const { file, ms, notices } of tests.asks(mutant)) {
      if (stopping) return { outcome: 'stopped' };
      if (spentMs + ms > 1000 * limit) return { outcome: 'survived', tests: asked.size, slow: true };
      spentMs += ms;
      asked.add(file);
      if (await notices()) return { outcome: 'killed', by: file };
    }
    return asked.size === 0 ? { outcome: 'unreached' } : { outcome: 'survived', tests: asked.size };
  });
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
      `${outcomeOf(one)} (${wordOf(one)}): ${one.file}:${one.line} ${one.operator}: ${short(one.was)} → ${short(one.replacement)} [${one.key}]`,
    );
  if (values.json)
    writeFileSync(values.json, JSON.stringify({ seed: values.seed, rows, left }, undefined, 2));
  process.exitCode = rows.every((row) => row.rate >= wantedRate(row.room)) ? 0 : 1;
}

function outcomeOf(mutant) {
  return mutant.key in EQUIVALENT ? 'equivalent' : (known.get(mutant.id)?.outcome ?? 'unknown');
}

/** Why it is still there, as far as a machine can say. */
function wordOf(mutant) {
  const { outcome, tests: asked, slow } = known.get(mutant.id);
  if (outcome === 'unreached') return 'no test enters it';
  const rest = slow ? `, slower ones not asked beyond ${limit} s` : '';
  return `${asked} test ${asked === 1 ? 'file runs' : 'files run'} it and pass${asked === 1 ? 'es' : ''}${rest}`;
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
