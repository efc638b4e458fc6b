/** Runs in the guest: monitors each pattern with DAMON and reports the regions of every kept aggregation. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  AREA_PAGES,
  type DynamicsPattern,
  KEPT_EVERY,
  MONITORING,
  PATTERNS,
  RECORDED_AGGREGATIONS,
  STEP_AGGREGATIONS,
  snapshotLine,
} from '../../test/damon/dynamics-patterns.js';
import type { GuestJob } from '../image.js';
import type { GuestMessage } from '../messages.js';

const PORT = '/dev/vport0p1';
const KDAMONDS = '/sys/kernel/mm/damon/admin/kdamonds';
const TRACING = '/sys/kernel/tracing';
const WORKLOAD = fileURLToPath(new URL('dynamics-workload.js', import.meta.url));
const PAGE = 4096;

const job = JSON.parse(readFileSync('/octavo/job.json', 'utf8')) as GuestJob;
const port = openSync(PORT, 'w');
const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

function say(message: GuestMessage): void {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let written = 0; written < line.length; ) written += writeSync(port, line, written);
}

/** One kdamond on exactly the area: fvaddr keeps the regions that it is given. */
function startMonitoring(pid: number, start: bigint): void {
  const context = '0/contexts/0';
  const writes: [string, string | number | bigint][] = [
    ['nr_kdamonds', 1],
    ['0/contexts/nr_contexts', 1],
    [`${context}/operations`, 'fvaddr'],
    [`${context}/monitoring_attrs/intervals/sample_us`, MONITORING.sampleUs],
    [`${context}/monitoring_attrs/intervals/aggr_us`, MONITORING.aggregationUs],
    [`${context}/monitoring_attrs/nr_regions/min`, MONITORING.leastRegions],
    [`${context}/monitoring_attrs/nr_regions/max`, MONITORING.mostRegions],
    [`${context}/targets/nr_targets`, 1],
    [`${context}/targets/0/pid_target`, pid],
    [`${context}/targets/0/regions/nr_regions`, 1],
    [`${context}/targets/0/regions/0/start`, start],
    [`${context}/targets/0/regions/0/end`, start + BigInt(AREA_PAGES * PAGE)],
    ['0/state', 'on'],
  ];
  for (const [file, text] of writes) writeFileSync(`${KDAMONDS}/${file}`, String(text));
}

/** Regions of aggregation after aggregation, from the text of the trace. */
async function* aggregations(): AsyncGenerator<[number, number, number][]> {
  const pipe = openSync(`${TRACING}/trace_pipe`, 'r');
  const chunk = Buffer.alloc(65_536);
  let pending = '';
  let regions: [number, number, number][] = [];
  try {
    for (;;) {
      pending += chunk.subarray(0, readSync(pipe, chunk)).toString('utf8');
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        const found = /nr_regions=(\d+) (\d+)-(\d+): (\d+) (\d+)/.exec(line);
        if (!found) continue;
        const [count, start, end, accesses, age] = found.slice(1).map(Number);
        regions.push([(end - start) / PAGE, accesses, age]);
        if (regions.length < count) continue;
        yield regions;
        regions = [];
      }
      await new Promise((done) => setImmediate(done));
    }
  } finally {
    closeSync(pipe);
  }
}

async function record(pattern: DynamicsPattern): Promise<void> {
  const began = uptime();
  say({ kind: 'start', scenario: pattern.name });
  writeFileSync('/sys/kernel/mm/transparent_hugepage/enabled', pattern.thp);
  const workload = spawn(process.execPath, [WORKLOAD, pattern.name], { stdio: ['pipe', 'pipe', 'inherit'] });
  const start = await new Promise<bigint>((done) => {
    workload.stdout.once('data', (chunk) => done(BigInt(String(chunk).trim())));
  });
  writeFileSync(`${TRACING}/trace`, '');
  writeFileSync(`${TRACING}/events/damon/damon_aggregated/enable`, '1');
  startMonitoring(workload.pid ?? 0, start);
  const rows: Record<string, string> = {};
  let count = 0;
  for await (const regions of aggregations()) {
    count++;
    if (count % STEP_AGGREGATIONS === 0) workload.stdin.write(`${count / STEP_AGGREGATIONS}\n`);
    if (count % KEPT_EVERY === 0) rows[count] = snapshotLine({ aggregation: count, regions });
    if (count >= RECORDED_AGGREGATIONS) break;
  }
  writeFileSync(`${KDAMONDS}/0/state`, 'off');
  writeFileSync(`${TRACING}/events/damon/damon_aggregated/enable`, '0');
  workload.kill('SIGKILL');
  say({ kind: 'rows', scenario: pattern.name, rows, seconds: uptime() - began });
}

say({
  kind: 'ready',
  release: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
  uptimeSeconds: uptime(),
});
for (const pattern of PATTERNS.filter(({ name }) => job.scenarios.includes(name))) await record(pattern);
say({ kind: 'end', uptimeSeconds: uptime() });
process.exit(0);
