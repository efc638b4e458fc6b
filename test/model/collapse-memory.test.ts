// A collapse when there is no memory for its folios: whom it kills, kernel by kernel, and how long it goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import { mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { adviseRange } from '../../src/model/kernel/advice/madvise.js';
import { pin } from '../../src/model/kernel/advice/pins.js';
import { violations } from '../../src/model/kernel/checks/invariants.js';
import { runKhugepaged } from '../../src/model/kernel/collapse/khugepaged.js';
import { collapseToOrder } from '../../src/model/kernel/damon/on-model/model-orders.js';
import { ensureCgroup } from '../../src/model/kernel/files/cgroup-files.js';
import type { Memcg } from '../../src/model/kernel/state/memcg.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { MIB } from '../../src/vocabulary/units.js';
import { type Fixture, fixture, set } from './model-fixture.js';

const BLOCKS = 4;
const PAGES = BLOCKS * 512;
const SIZES_KB = [16, 32, 64, 2048];

interface Shortage {
  readonly full: 'memcg' | 'host';
  readonly swap: boolean;
}

interface Limited extends Fixture {
  readonly group: Memcg;
  readonly target: Process;
  readonly start: number;
}

/** A process in a cgroup of its own whose memory is all of base pages, and no room for any more. */
function limited({ full, swap }: Shortage, spares: boolean): Limited {
  const made = fixture({ memoryBytes: 64 * MIB, swapBytes: swap ? 64 * MIB : 0, thp: { enabled: 'never' } });
  const { kernel } = made;
  kernel.collapseSparesTasks = spares;
  const group = ensureCgroup(kernel, '/limited') as Memcg;
  const target = spawn(kernel, { command: 'target', memcg: group.id });
  if (full === 'host') hog(made);
  const start = mmap(kernel, target.mm!, { pages: PAGES }) as number;
  for (let page = 0; page < PAGES; page++) assert.ok(access(kernel, target.mm!, start + page, true) >= 0);
  if (full === 'memcg') group.max = group.charged;
  return { ...made, group, target, start };
}

/** Holds every other page of the machine, all but what the target needs, and cannot be moved or reclaimed. */
function hog({ kernel }: Fixture): void {
  const keeper = spawn(kernel, { command: 'hog' });
  keeper.oomScoreAdj = -1000;
  const pages = kernel.frames.freeFrames - 64;
  const base = mmap(kernel, keeper.mm!, { pages }) as number;
  for (let page = 0; page < pages; page++) access(kernel, keeper.mm!, base + page, true);
  const holes = 2 * PAGES + 1024;
  for (let page = 0; page < pages; page++)
    if (page > holes || page % 2 === 1) pin(kernel, keeper.mm!, base + page);
  for (let page = 0; page < holes; page += 2)
    adviseRange(kernel, keeper.mm!, base + page, base + page + 1, 'MADV_DONTNEED');
}

const lives = ({ kernel, target }: Limited) => kernel.processes.get(target.pid) === target;

test('the table of kernels: small orders kill where nothing can be reclaimed, and only without the series', () => {
  for (const spares of [false, true])
    for (const order of [2, 3, 4, 9]) {
      const made = limited({ full: 'memcg', swap: false }, spares);
      const done = collapseToOrder(made.kernel, made.target.mm!, made.start, made.start + PAGES, order);
      const kills = !spares && order <= 3;
      assert.equal(made.kernel.counters.events.oom_kill, kills ? 1 : 0, `order ${order}, spares ${spares}`);
      assert.equal(made.group.events.oom_kill, kills ? 1 : 0);
      assert.equal(lives(made), !kills);
      assert.equal(done.pages, 0);
      assert.equal(done.outOfMemory, !kills, 'a dead target is no lack of memory');
      assert.deepEqual(violations(made.kernel), []);
    }
});

test('with swap a full cgroup makes room, and nobody is killed on any kernel', () => {
  for (const spares of [false, true])
    for (const order of [2, 3, 4]) {
      const made = limited({ full: 'memcg', swap: true }, spares);
      const done = collapseToOrder(made.kernel, made.target.mm!, made.start, made.start + PAGES, order);
      assert.equal(made.kernel.counters.events.oom_kill, 0);
      assert.ok(done.pages > 0, `order ${order}`);
      assert.deepEqual(violations(made.kernel), []);
    }
});

test('a full machine: the one that is chosen is killed for 16 KiB, not for 64, and not with the series', () => {
  for (const [spares, order, kills] of [
    [false, 2, 1],
    [false, 4, 0],
    [true, 2, 0],
  ] as const) {
    const made = limited({ full: 'host', swap: false }, spares);
    const done = collapseToOrder(made.kernel, made.target.mm!, made.start, made.start + PAGES, order);
    assert.equal(made.kernel.counters.events.oom_kill, kills, `order ${order}, spares ${spares}`);
    assert.equal(lives(made), kills === 0);
    assert.equal(done.outOfMemory, kills === 0);
    assert.deepEqual(violations(made.kernel), []);
  }
});

/** khugepaged allowed to make folios of one size only, over the target. */
function khugepaged(made: Limited, kb: number): void {
  for (const size of SIZES_KB) set(made, `hugepages-${size}kB/enabled`, size === kb ? 'always' : 'never');
  adviseRange(made.kernel, made.target.mm!, made.start, made.start + PAGES, 'MADV_HUGEPAGE');
  set(made, 'khugepaged/pages_to_scan', '1000000');
  runKhugepaged(made.kernel);
}

test('khugepaged has the same trap: 16 and 32 KiB kill the process whose cgroup is full, 64 KiB and 2 MiB do not', () => {
  for (const spares of [false, true])
    for (const kb of SIZES_KB) {
      const made = limited({ full: 'memcg', swap: false }, spares);
      khugepaged(made, kb);
      const kills = !spares && kb <= 32 ? 1 : 0;
      assert.equal(made.group.events.oom_kill, kills, `${kb} KiB, spares ${spares}`);
      assert.equal(lives(made), kills === 0);
      assert.deepEqual(violations(made.kernel), []);
      // Its list goes on without the one that is gone.
      runKhugepaged(made.kernel);
    }
});

test('a failed attempt takes time, so that five seconds have room for thousands of them and not for millions', () => {
  const made = limited({ full: 'memcg', swap: false }, true);
  set(made, 'khugepaged/scan_sleep_millisecs', '0');
  const failed = () => made.kernel.counters.byOrder.collapse_alloc[4];
  khugepaged(made, 64);
  const before = failed();
  made.kernel.clock.advanceTo(made.kernel.clock.now + 5e9);
  const attempts = failed() - before;
  assert.ok(attempts > 100 && attempts < 5e9 / 47_000 + 1000, `${attempts} attempts`);
  assert.ok(made.kernel.khugepagedNs >= attempts * 47_000, `${made.kernel.khugepagedNs} ns`);
});

test('a charge that fails ends the block for khugepaged, and the walk for DAMOS', () => {
  const made = limited({ full: 'memcg', swap: false }, true);
  const { counters } = made.kernel;
  const tries = () => counters.byOrder.collapse_alloc[4];
  const before = tries();
  const done = collapseToOrder(made.kernel, made.target.mm!, made.start, made.start + PAGES, 4);
  assert.deepEqual([done.pages, done.outOfMemory, tries() - before], [0, true, 1]);
  khugepaged(made, 64);
  assert.equal(tries() - before, 1 + BLOCKS, 'one for each block of 2 MiB');
});
