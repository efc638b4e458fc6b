// A host of 256 GiB with 64 GiB touched: the memory that the model takes, in 4 KiB pages and in 2 MiB pages, and what
// virtual time costs it when no process runs, beside a host of 1 GiB with 64 MiB touched. With khugepaged off a
// second should cost nothing on either; with it on, no more than its budget (pages_to_scan) allows. Each host in a
// process of its own.
// usage: node scripts/bench/simulator/big-host.mjs [GiB touched]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const GIB = 2 ** 30;
const VIRTUAL_SECONDS = 600;
if (process.argv[2] === 'one') console.log(JSON.stringify(await play(JSON.parse(process.argv[3]))));
else compare(Number(process.argv[2] ?? 64));

function compare(touchedGib) {
  const hosts = [
    { memory: GIB, touched: GIB / 16, thp: 'never' },
    { memory: GIB, touched: GIB / 16, thp: 'always' },
    { memory: 256 * GIB, touched: touchedGib * GIB, thp: 'never' },
    { memory: 256 * GIB, touched: touchedGib * GIB, thp: 'always' },
  ];
  console.log(
    'host      touched   pages   peak RSS   faults                 an idle second, khugepaged off, on',
  );
  for (const host of hosts) {
    const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'one', JSON.stringify(host)], {
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Error(run.stderr);
    const seen = JSON.parse(run.stdout);
    const cells = [
      `${host.memory / GIB} GiB`.padEnd(9),
      `${(host.touched / GIB).toFixed(2)} GiB`.padEnd(9),
      (host.thp === 'always' ? '2 MiB' : '4 KiB').padEnd(7),
      `${(seen.peakKib / 1024).toFixed(0)} MiB`.padEnd(10),
      `${seen.faults} in ${seen.touchSeconds.toFixed(1)} s`.padEnd(22),
      `${seen.offUs.toFixed(1)} us, ${seen.onUs.toFixed(1)} us`,
    ];
    console.log(cells.join(' '));
  }
  console.log('target: at most 2048 MiB; what an idle second costs does not grow with memory');
}

/** Touches every page by a store through the TLB, then lets time pass. Processor time throughout. */
async function play({ memory, touched, thp }) {
  const dist = new URL('../../../dist/src/', import.meta.url);
  const load = (path) => import(new URL(path, dist).href);
  const { BATCH, Tlb, windowsFor } = await load('model/hardware/tlb.js');
  const { KernelSpace } = await load('model/hardware/kernel-space.js');
  const { CPUS } = await load('model/cpus/catalogue.js');
  const { boot } = await load('model/kernel/boot.js');
  const { mmap, spawn } = await load('model/kernel/address-space/processes.js');
  const cpu = CPUS['ice-lake'];
  const kernel = boot({ memoryBytes: memory, seed: 1 });
  kernel.thp.enabled = thp;
  const mm = spawn(kernel, { command: 'bench' }).mm;
  const pages = touched / 4096;
  const first = mmap(kernel, mm, { pages });
  const windows = windowsFor(cpu, kernel.geometry);
  const window = windows.open(new KernelSpace(kernel, mm), first, pages);
  const tlb = new Tlb(cpu, windows);
  const batch = new Uint32Array(BATCH);
  const before = process.cpuUsage();
  for (let page = 0; page < pages; page += BATCH) {
    for (let i = 0; i < BATCH; i++) batch[i] = ((page + i) << 1) | 1;
    tlb.access(window, batch, BATCH);
  }
  const touching = process.cpuUsage(before);
  const advance = (seconds) => {
    const start = process.cpuUsage();
    for (let tick = 0; tick < seconds * 1000; tick++) kernel.clock.advance(1e6);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / seconds;
  };
  kernel.thp.enabled = 'always';
  kernel.thp.maxPtesNone = 0;
  advance(VIRTUAL_SECONDS / 10);
  const onUs = advance(VIRTUAL_SECONDS);
  kernel.thp.enabled = 'never';
  const offUs = advance(VIRTUAL_SECONDS);
  const peakKib = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  const { faults } = tlb.counters;
  return { faults, touchSeconds: (touching.user + touching.system) / 1e6, onUs, offUs, peakKib };
}
