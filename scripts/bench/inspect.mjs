// Time of a census of a process with 4 GiB resident in 4 KiB pages, against the kernel's own smaps of it.
// Shares are taken in CPU time of the thread, so that other work on the machine does not count as Octavo's.
// usage: node scripts/bench/inspect.mjs [--gib 4] [--runs 9]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import koffi from 'koffi';
import { prepare } from '../prepare.mjs';

const { values } = parseArgs({
  options: { gib: { type: 'string', default: '4' }, runs: { type: 'string', default: '9' } },
});
const bytes = Number(values.gib) * 2 ** 30;
const runs = Number(values.runs);

prepare();
const { WorkloadClient } = await import('../../dist/demo/workload-client.js');
const { linuxHost } = await import('../../dist/src/host/linux/linux-host.js');
const { observe } = await import('../../dist/src/verification/observe.js');
const { censusTotals } = await import('../../dist/src/verification/census.js');

const host = linuxHost();
const cpuClock = threadCpuClock();
const cpuHost = {
  ...host,
  clock: { monotonicNs: cpuClock, wallMs: () => host.clock.wallMs(), sleep: host.clock.sleep },
};
const workload = await WorkloadClient.start();
try {
  const started = performance.now();
  await workload.ask('map', { name: 'small pages', bytes, huge: 'never', populate: true });
  console.log(`target: ${values.gib} GiB resident in base pages, populated in ${seconds(started)} s\n`);
  report(Array.from({ length: runs }, measure));
} finally {
  await workload.end();
}

/** One census by the wall clock, one by CPU time and one reading of smaps, so that all meet the same machine. */
function measure() {
  const wall = census(host);
  const cpu = census(cpuHost);
  const reading = cpuClock();
  readFileSync(`/proc/${workload.pid}/smaps`);
  const smapsMs = (cpuClock() - reading) / 1e6;
  return { ...cpu, wallMs: wall.totalMs, smapsMs };
}

function census(on) {
  const callsBefore = cpuClock.calls;
  const { sizes, account } = observe(on, workload.pid);
  const summing = on.clock.monotonicNs();
  const totals = censusTotals(sizes);
  const summedNs = on.clock.monotonicNs() - summing;
  // Reading the CPU clock is a system call; half of each lies inside what is called the kernel's, half outside.
  const clockNs = (cpuClock.calls - callsBefore) * cpuClock.costNs;
  const totalMs = (account.totalNs + summedNs - clockNs) / 1e6;
  const kernelMs = (account.kernelNs - clockNs / 2) / 1e6;
  return {
    pages: account.pages,
    totalMs,
    kernelMs,
    ownMs: totalMs - kernelMs,
    totals,
    ordersKnown: sizes.ordersKnown,
  };
}

/** CLOCK_THREAD_CPUTIME_ID in nanoseconds, with its own cost and how often it was read. */
function threadCpuClock() {
  const clockGettime = koffi.load(null).func('int clock_gettime(int clock, _Out_ int64_t *time)');
  const time = new BigInt64Array(2);
  const read = () => {
    read.calls++;
    clockGettime(3, time);
    return Number(time[0]) * 1e9 + Number(time[1]);
  };
  read.calls = 0;
  const started = read();
  for (let turn = 0; turn < 100_000; turn++) read();
  read.costNs = (read() - started) / 100_000;
  return read;
}

function report(all) {
  const { pages, ordersKnown, totals } = all[0];
  console.log(`pages looked at: ${pages}, folio orders ${ordersKnown ? 'known' : 'not readable here'}`);
  console.log(`resident: ${totals.residentBytes} bytes, order 0: ${totals.bytesByOrder[0]} bytes\n`);
  console.log(
    line([
      '',
      'wall ms',
      'CPU ms',
      'Mpages/s',
      'kernel ms',
      'kernel share',
      'own ms',
      'own Mpages/s',
      'smaps ms',
      'CPU/smaps',
    ]),
  );
  const rows = [
    ['first (code not compiled yet)', all[0]],
    ['median of the others', byFigure(all.slice(1), (sorted) => sorted[Math.floor(sorted.length / 2)])],
    ['best of the others', byFigure(all.slice(1), (sorted) => sorted[0])],
  ];
  for (const [name, run] of rows) {
    const figures = [
      run.wallMs.toFixed(1),
      run.totalMs.toFixed(1),
      (pages / run.totalMs / 1000).toFixed(1),
      run.kernelMs.toFixed(1),
      `${((100 * run.kernelMs) / run.totalMs).toFixed(0)} %`,
      run.ownMs.toFixed(1),
      (pages / run.ownMs / 1000).toFixed(1),
      run.smapsMs.toFixed(1),
      (run.totalMs / run.smapsMs).toFixed(2),
    ];
    console.log(line([name, ...figures]));
  }
  console.log(
    `\nCPU time without that of reading the clock (${cpuClock.costNs.toFixed(0)} ns each time).` +
      '\nkernel: CPU time inside the reads of smaps, pagemap, PAGEMAP_SCAN and kpageflags. own: everything else.' +
      '\nsmaps: the kernel walking the same pages for its own summary, which knows no folio orders.',
  );
}

function line(cells) {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(31) : cell.padStart(13))).join('');
}

/** Chooses each figure by itself; the figures of one row need not be of one run. */
function byFigure(list, choose) {
  const figure = (name) => choose(list.map((run) => run[name]).sort((left, right) => left - right));
  const names = ['wallMs', 'totalMs', 'kernelMs', 'ownMs', 'smapsMs'];
  return Object.fromEntries(names.map((name) => [name, figure(name)]));
}

function seconds(since) {
  return ((performance.now() - since) / 1000).toFixed(1);
}
