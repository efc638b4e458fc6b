// The model's hot loop against the same loop in C: 4 GiB, zipf 0.99, full TLB and accessed bits, one thread.
// usage: npm run bench:simulator -- [rounds] [accesses]
// Times are processor time of one process each, alternating, so that a shared machine disturbs both alike; long enough
// that what V8 compiles in the first tenth of a second hardly counts.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = new URL('../../../dist/src/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const rounds = Number(process.argv[2] ?? 5);
const accesses = Math.ceil(Number(process.argv[3] ?? 32e6) / 4096) * 4096;
const MIB = 2 ** 20;
const PAGES = (4096 * MIB) / 4096;
/** A quarter of the memory is huge, as in the measurements that the targets come from. */
const HUGE_BLOCKS = PAGES / 512 / 4;

const { SeededRandom } = await load('base/seeded-random.js');
const { RankedTable } = await load('simulator/workloads/ranked-table.js');
const { permutation, Zipf, zipfWeights } = await load('simulator/workloads/zipf.js');
const { BATCH, Tlb, windowsFor } = await load('model/hardware/tlb.js');
const { KernelSpace } = await load('model/hardware/kernel-space.js');
const { DEFAULT_PMU, Pmu } = await load('model/hardware/pmu.js');
const { CPUS } = await load('model/cpus/catalogue.js');
const { boot } = await load('model/kernel/boot.js');
const { mmap, spawn } = await load('model/kernel/address-space/processes.js');
const { adviseRange } = await load('model/kernel/advice/madvise.js');

const cpu = CPUS['ice-lake'];
const draws = new RankedTable(zipfWeights(PAGES, 0.99), permutation(PAGES, new SeededRandom(1)));
const folder = mkdtempSync(join(tmpdir(), 'octavo-bench-'));
const program = join(folder, 'translate');
const table = join(folder, 'table');
const compiled = spawnSync('cc', ['-O2', '-o', program, join(here, 'translate.c')], { encoding: 'utf8' });
if (compiled.status !== 0) console.log(`no C peer: ${compiled.error?.message ?? compiled.stderr}`);
else {
  const columns = [new SeededRandom(5).state, draws.columns, draws.groups, draws.rows];
  for (const column of columns) appendFileSync(table, column);
}

console.log(
  `${(PAGES * 4096) / MIB} MiB, a quarter huge, zipf 0.99, ${cpu.title}; ${accesses} accesses, ${rounds} rounds`,
);
const model = [];
const full = [];
const peer = [];
for (let round = 0; round < rounds; round++) {
  model.push(playModel(false));
  full.push(playModel(true));
  if (compiled.status === 0) peer.push(playPeer());
}
rmSync(folder, { recursive: true });
report();

function playModel(withMonitors) {
  const kernel = boot({ memoryBytes: 6144 * MIB, seed: 1 });
  kernel.thp.enabled = 'madvise';
  const mm = spawn(kernel, { command: 'bench' }).mm;
  const first = mmap(kernel, mm, { pages: PAGES });
  adviseRange(kernel, mm, first, first + HUGE_BLOCKS * 512, 'MADV_HUGEPAGE');
  const windows = windowsFor(cpu, kernel.geometry);
  const space = new KernelSpace(kernel, mm);
  const window = windows.open(space, first, PAGES);
  const populate = new Tlb(cpu, windows);
  const tlb = new Tlb(cpu, windows);
  kernel.flushes.listen((mmId, start, end) =>
    windows.forget(mmId, start, end, (from, to) => tlb.invalidate(from, to)),
  );
  const batch = new Uint32Array(BATCH);
  for (let page = 0; page < PAGES; page += BATCH) {
    for (let i = 0; i < BATCH; i++) batch[i] = ((page + i) << 1) | 1;
    populate.access(window, batch, BATCH);
  }
  const pmu = new Pmu({ ...DEFAULT_PMU, kind: cpu.pmu.kind }, cpu.clockGhz.value, 1);
  if (withMonitors) {
    kernel.thp.scanSleepMs = 100;
    kernel.thp.pagesToScan = 512 * 64;
    kernel.thp.maxPtesNone = 0;
  }
  const zipf = new Zipf(draws, 256, new SeededRandom(5));
  const start = process.cpuUsage();
  for (let made = 0; made < accesses; made += BATCH) {
    zipf.next(batch, BATCH);
    tlb.access(window, batch, BATCH);
    if (!withMonitors) continue;
    const timing = { start: kernel.clock.now, nsPerAccess: 100, cpu: 0, pid: 1, tid: 1 };
    pmu.observe(tlb, window, batch, BATCH, timing);
    kernel.clock.advance(BATCH * 100);
  }
  const { user } = process.cpuUsage(start);
  const { firstLevelMisses, walks, hugeWalks, cycles } = tlb.counters;
  return { perSecond: (accesses / user) * 1e6, counters: { firstLevelMisses, walks, hugeWalks, cycles } };
}

function playPeer() {
  const numbers = [PAGES, accesses, HUGE_BLOCKS, 16, 4, 8, 128, 16, 64].map(String);
  const { stdout, status } = spawnSync(program, [table, ...numbers], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the C peer ended with ${status}`);
  const { perSecond, firstLevelMisses, walks, hugeWalks, cycles } = JSON.parse(stdout);
  return { perSecond, counters: { firstLevelMisses, walks, hugeWalks, cycles } };
}

function report() {
  const million = (runs) => runs.map(({ perSecond }) => perSecond / 1e6).sort((a, b) => a - b);
  const say = (name, values, unit) => {
    const middle = values[Math.floor(values.length / 2)];
    const range = `${values[0].toFixed(2)} … ${values.at(-1).toFixed(2)}`;
    console.log(`${name.padEnd(44)} ${middle.toFixed(2)} ${unit} (${range})`);
  };
  say('model, one thread', million(model), 'M accesses/s');
  say('model with khugepaged and a PMU', million(full), 'M accesses/s');
  const pairs = (a, b) => a.map((run, i) => run.perSecond / b[i].perSecond).sort((x, y) => x - y);
  say('with khugepaged and PMU / without', pairs(full, model), '×');
  if (peer.length === 0) return;
  say('C -O2, the same loop', million(peer), 'M accesses/s');
  say('C / model (target ≤ 2.5, goal ≤ 1.5)', pairs(peer, model), '×');
  const same = JSON.stringify(peer[0].counters) === JSON.stringify(model[0].counters);
  console.log(
    `counters of both: ${same ? 'equal' : `${JSON.stringify(model[0].counters)} and ${JSON.stringify(peer[0].counters)}`}`,
  );
}
