// Time and memory of a start and of `octavo runs` beside thousands of stored runs, and the size of a record.
// usage: node scripts/bench/journal.mjs [--runs 10000] [--steps 16] [--rounds 9] [--without-summaries]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prepare, root } from '../prepare.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    steps: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '9' },
    worker: { type: 'string' },
    state: { type: 'string' },
    'without-summaries': { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const steps = Number(values.steps);

if (values.worker) await work(values.worker, values.state);
else await measure();

async function measure() {
  prepare();
  const state = mkdtempSync(join(tmpdir(), 'octavo-journal-'));
  const empty = mkdtempSync(join(tmpdir(), 'octavo-journal-'));
  try {
    await fill(state);
    const stored = sizeOf(join(state, 'runs'));
    console.log(
      `${runs} runs of ${steps} blocks: ${mib(stored)}, ${Math.round(stored / runs / steps)} bytes per block and run`,
    );
    console.log(`index made from nothing: ${inWorker('rebuild', state, 1)}`);
    console.log(`index: ${mib(statSync(join(state, 'runs.index')).size)}`);
    for (const what of ['list', 'start'])
      console.log(`${what}, inside the process: ${inWorker(what, state)}`);
    commands(state, empty);
  } finally {
    for (const folder of [state, empty]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Whole commands, against the same beside an empty journal. */
function commands(state, empty) {
  const main = join(root, 'bundle/octavo.js');
  const rows = {
    'node alone': ['-e', '0'],
    'octavo runs, no runs stored': [main, 'runs', '--state', empty],
    [`octavo runs, ${runs} stored`]: [main, 'runs', '--state', state],
    [`octavo runs --json, ${runs} stored`]: [main, 'runs', '--json', '--state', state],
  };
  for (const [name, words] of Object.entries(rows)) {
    const times = Array.from({ length: Number(values.rounds) }, () => timed(words));
    const peak = Math.max(...times.map(({ kib }) => kib));
    console.log(
      `${name}: median ${median(times.map(({ ms }) => ms)).toFixed(0)} ms, peak ${mib(peak * 1024)}`,
    );
  }
}

function timed(words) {
  const started = performance.now();
  spawnSync(process.execPath, words);
  const ms = performance.now() - started;
  return { ms, kib: peakOf(words) };
}

/** Peak resident memory of a command in KiB, as its own kernel counters have it. */
function peakOf(words) {
  const report = `process.on('exit', () => require('node:fs').writeSync(2, 'KIB ' + process.resourceUsage().maxRSS));`;
  const preload = join(tmpdir(), `octavo-peak-${process.pid}.cjs`);
  writeFileSync(preload, report);
  const { stderr } = spawnSync(process.execPath, ['--require', preload, ...words], { encoding: 'utf8' });
  rmSync(preload, { force: true });
  return Number(/KIB (\d+)/.exec(stderr)?.[1] ?? 0);
}

/** One measurement in a fresh process, with everything loaded before the clock starts. */
function inWorker(what, state, rounds = Number(values.rounds)) {
  const results = Array.from({ length: rounds }, () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), '--worker', what, '--state', state],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  });
  const peak = Math.max(...results.map(({ kib }) => kib));
  const [ms, cpuMs] = ['ms', 'cpuMs'].map((time) => median(results.map((result) => result[time])).toFixed(1));
  return `median ${ms} ms (${cpuMs} ms of CPU), peak ${mib(peak * 1024)}`;
}

async function work(what, state) {
  const load = (path) => import(join(root, 'dist/src', path));
  const { linuxHost } = await load('host/linux/linux-host.js');
  const { listRuns } = await load('cycle/journal.js');
  const { RunIndex, lookUp } = await load('cycle/run-index.js');
  const { recoverRuns } = await load('cycle/recovery.js');
  const { lookBack } = await load('cycle/aftermath.js');
  const { identityOf } = await load('verification/observe.js');
  const place = { host: linuxHost(), directory: state };
  const self = identityOf(place.host, process.pid);
  const started = performance.now();
  const cpu = process.cpuUsage();
  if (what === 'list') {
    const index = RunIndex.read(place);
    for (const run of listRuns(place).slice(-50)) lookUp(place, index, run);
  } else {
    recoverRuns(place);
    if (what === 'start') lookBack(place, [self]);
  }
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1000, kib: process.resourceUsage().maxRSS }));
}

/** Stores runs as the journal writes them, without its waits for the disk. */
async function fill(state) {
  const { lineOf, packed, plain } = await import(join(root, 'dist/src/cycle/journal-lines.js'));
  const { planRecord, JOURNAL_VERSION } = await import(join(root, 'dist/src/cycle/journal-records.js'));
  const { columnsOf } = await import(join(root, 'dist/src/cycle/run-columns.js'));
  const { summaryOf } = await import(join(root, 'dist/src/cycle/run-summary.js'));
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  for (let at = 0; at < runs; at++) {
    const ms = Date.now() - (runs - at) * 30_000;
    const name = `${new Date(ms).toISOString().replace(/[-:.]/g, '')}-${(at & 0xffff).toString(16).padStart(4, '0')}`;
    const plan = planOf(`plan-${name}`, ms, bootId, at);
    const records = recordsOf(plan, ms, at, planRecord(plan), JOURNAL_VERSION);
    const begin = records[0];
    const end = records.at(-1);
    if (!values['without-summaries'])
      end.summary = columnsOf(summaryOf({ run: name, plan, begin, records: records.slice(2) }));
    const lines = records.map((record, n) =>
      lineOf((record.kind === 'begin' || record.kind === 'end' ? plain : packed)({ n, ...record })),
    );
    const path = join(state, 'runs', name, 'journal.jsonl');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, lines.join(''));
  }
}

function planOf(id, madeAtMs, bootId, at) {
  const process = {
    pid: 4000 + (at % 7),
    startTicks: 123456,
    command: 'redis-server',
    cgroup: '/system.slice/redis.service',
  };
  return {
    ...{ octavo: 'plan', version: 1, id, madeAtMs, bootId, target: 'redis-server', policy: 'chain' },
    geometry: { pageBytes: 4096, blockBytes: 2097152 },
    processes: [process],
    parameters: {
      sparseBelow: 0.1,
      denseAbove: 0.9,
      emptyAbove: 0.798828125,
      order: 'chosen',
      collapseByResidency: false,
    },
    sources: ['occupancy'],
    budgets: {
      maxBlocks: 2048,
      maxBytes: 4294967296,
      lockUsPerSecond: 100000,
      minFreeBytes: 134217728,
      maxPressure: 10,
    },
    steps: Array.from({ length: steps }, (_, step) => stepOf(process, step, at)),
    ...{ refused: [], passedOver: [], notes: [] },
  };
}

function hash(...parts) {
  return parts.reduce((sum, part) => Math.imul(sum ^ part, 2654435761) >>> 0, 97);
}

function stateOf(step, at, huge) {
  const firstFrame = (hash(step, at) % 3_000_000) * 512;
  const small = 512 - (hash(step, at, 1) % 500);
  return {
    block: 66_000_000 + (hash(at, step, 2) % 100_000),
    level: huge ? 'pmd' : 'pte',
    present: huge ? 512 : small,
    ...{ zeroMapped: 0, swapped: 0, firstFrame },
    pagesByOrder: huge ? [0, 0, 0, 0, 0, 0, 0, 0, 0, 512] : [small, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    flags: ['wholeInMapping', 'contiguousFrames'],
  };
}

function stepOf(process, step, at) {
  const before = stateOf(step, at, true);
  const empty = hash(step, at, 1) % 500;
  return {
    id: step,
    proposal: {
      ...{ process, block: before.block, action: 'split', targetOrder: 0, policy: 'return-empty' },
      reason: `${empty} of 512 sub-pages hold only zeroes, which a split frees`,
      gain: { returnedBytes: empty * 4096, reclaimableBytes: 0, tlbReachBytes: -2093056 },
      cost: { durationUs: 180, lockUs: 60, copiedBytes: 0, grownBytes: 0 },
      priority: empty * 4096,
    },
    actuator: 'madvise',
    before,
    forecast: {
      ...{
        undoneByKernel: 'if-touched',
        why: 'khugepaged collapses it again once one of its pages was touched',
      },
      ...{
        keptBy: 'octavo launch',
        reversible: 'partly',
        irreversible: 'its frames; freed zero pages come back as new ones',
      },
    },
    warnings: [],
  };
}

function recordsOf(plan, atMs, at, planLine, version) {
  const ids = plan.steps.map(({ id }) => id);
  const owner = { pid: 999_999, startTicks: 1, bootId: plan.bootId };
  const batches = [];
  for (let from = 0; from < ids.length; from += 16) batches.push(ids.slice(from, from + 16));
  return [
    { kind: 'begin', version, plan: plan.id, owner, atMs },
    planLine,
    ...batches.flatMap((batch) => [
      { kind: 'intent', steps: batch, before: batch.map((id) => plan.steps[id].before), atMs },
      { kind: 'receipts', receipts: batch.map((id) => receiptOf(plan.steps[id], atMs, at)) },
      { kind: 'verdicts', verdicts: batch.map((id) => verdictOf(plan.steps[id], at)) },
    ]),
    { kind: 'end', how: 'complete', why: '', atMs: atMs + 1000 },
  ];
}

function receiptOf(step, atMs, at) {
  const address = `0x${(step.before.block * 2097152).toString(16)}`;
  return {
    ...{ step: step.id, actuator: 'madvise', tried: true, answer: 'ok' },
    calls: [`process_madvise ${address}+2097152 MADV_COLD`, `process_madvise ${address}+4096 MADV_COLD`],
    ...{ durationUs: 100 + (hash(step.id, at, 3) % 900) / 10, atMs },
  };
}

function verdictOf(step, at) {
  const after = { ...stateOf(step.id, at, false), block: step.before.block };
  const freed = 512 - after.present;
  return {
    ...{ step: step.id, outcome: 'met', cause: 'none' },
    why: `split to order 0, on the frames it had; ${freed} zero-filled sub-pages went back`,
    ...{ before: step.before, after, residentDelta: -freed * 4096 },
  };
}

function sizeOf(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const status = statSync(join(folder, name));
    return status.isFile() ? sum + status.size : sum;
  }, 0);
}

function median(list) {
  return [...list].sort((left, right) => left - right)[list.length >> 1];
}

function mib(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
