import { FOLIO } from '../state/folios.js';
import { FRAME } from '../state/frames.js';
import type { Kernel } from '../state/kernel.js';
import type { Memcg } from '../state/memcg.js';
import type { Tally } from './invariants-mappings.js';
import type { Report } from './report.js';

interface Totals {
  readonly nrAnon: number[];
  readonly nrPartial: number[];
  readonly charged: Map<number, number>;
  readonly anon: Map<number, number>;
  readonly shmem: Map<number, number>;
  readonly file: Map<number, number>;
  anonPmd: number;
  shmemPmd: number;
  shmemHuge: number;
}

/** Gauges, cgroup charges and swap agree with what is there. */
export function checkCounters(kernel: Kernel, tally: Tally, report: Report): void {
  const totals = countFolios(kernel);
  const { nr_anon, nr_anon_partially_mapped } = kernel.counters.byOrder;
  same(report, 'nr_anon by order', [...nr_anon], totals.nrAnon);
  same(report, 'nr_anon_partially_mapped by order', [...nr_anon_partially_mapped], totals.nrPartial);
  same(report, 'anonymous pages mapped by PMD', [kernel.anonPmdMapped], [totals.anonPmd]);
  same(report, 'shmem pages mapped by PMD', [kernel.shmemPmdMapped], [totals.shmemPmd]);
  same(report, 'pages of huge shmem folios', [kernel.shmemHuge], [totals.shmemHuge]);
  for (const memcg of kernel.memcgs) if (memcg !== undefined) checkMemcg(memcg, totals, report);
  checkSwap(kernel, tally, report);
}

function same(report: Report, what: string, noted: number[], counted: number[]): void {
  if (noted.join() !== counted.join()) report(`${what}: ${noted.join()} noted, ${counted.join()} counted`);
}

function countFolios(kernel: Kernel): Totals {
  const { frames, folios, geometry } = kernel;
  const zeroes = () => new Array<number>(geometry.hugeOrder + 1).fill(0);
  const totals: Totals = {
    nrAnon: zeroes(),
    nrPartial: zeroes(),
    charged: new Map(),
    anon: new Map(),
    shmem: new Map(),
    file: new Map(),
    anonPmd: 0,
    shmemPmd: 0,
    shmemHuge: 0,
  };
  for (let frame = 0; frame < frames.untouchedFrom; ) {
    const state = frames.state[frame];
    const order = state & FRAME.orderMask;
    if (state & FRAME.allocated && (state & FRAME.reserved) === 0) addFolio(kernel, frame, order, totals);
    frame += 2 ** order;
  }
  return totals;

  function addFolio(_: Kernel, head: number, order: number, into: Totals): void {
    const flags = folios.flags[head];
    const pages = 2 ** order;
    const memcg = folios.memcg[head];
    add(into.charged, memcg, pages);
    if (flags & FOLIO.anon) {
      into.nrAnon[order]++;
      add(into.anon, memcg, pages);
      if (flags & FOLIO.partiallyMapped) into.nrPartial[order]++;
      if (folios.entireMaps[head] > 0) into.anonPmd += pages;
    } else if (flags & FOLIO.shmem) {
      add(into.shmem, memcg, pages);
      add(into.file, memcg, pages);
      if (folios.entireMaps[head] > 0) into.shmemPmd += pages;
      if (order === geometry.hugeOrder) into.shmemHuge += pages;
    } else if (flags & FOLIO.file) add(into.file, memcg, pages);
  }
}

function add(map: Map<number, number>, key: number, pages: number): void {
  map.set(key, (map.get(key) ?? 0) + pages);
}

function checkMemcg(memcg: Memcg, totals: Totals, report: Report): void {
  let charged = 0;
  for (const member of memcg.subtree()) charged += totals.charged.get(member.id) ?? 0;
  same(report, `cgroup ${memcg.path}: pages charged`, [memcg.charged], [charged]);
  const noted = [memcg.anon, memcg.shmem, memcg.file];
  const counted = [totals.anon, totals.shmem, totals.file].map((map) => map.get(memcg.id) ?? 0);
  same(report, `cgroup ${memcg.path}: anon, shmem, file pages`, noted, counted);
}

function checkSwap(kernel: Kernel, tally: Tally, report: Report): void {
  const { swap } = kernel;
  let used = 0;
  let compressed = 0;
  for (let slot = 0; slot < swap.slots; slot++) {
    if (swap.users[slot] !== tally.slots[slot])
      report(`swap slot ${slot}: ${swap.users[slot]} users, ${tally.slots[slot]} entries`);
    if (swap.users[slot] > 0) used++;
    if (swap.compressed[slot] === 1) compressed++;
  }
  same(report, 'swap slots in use, compressed', [swap.used, swap.compressedPages], [used, compressed]);
  let charged = 0;
  for (const memcg of kernel.memcgs)
    if (memcg?.parent === undefined && memcg !== undefined) charged += memcg.swapped;
  same(report, 'swap charged to cgroups', [charged], [used]);
}
