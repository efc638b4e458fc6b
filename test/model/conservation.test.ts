import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentAt } from '../../src/model/kernel/access/access.js';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { reclaim } from '../../src/model/kernel/reclaim/reclaim.js';
import { writeSplitHugePages } from '../../src/model/kernel/split/debugfs-split.js';
import { MIB } from '../../src/vocabulary/units.js';
import {
  advise,
  assertSound,
  fill,
  fixture,
  get,
  ordersAt,
  remote,
  rollup,
  stat,
  vmstat,
} from './model-fixture.js';
import { runRandomOperations } from './random-operations.js';

test('33 THPs become 4,224 folios of 16 KiB and 33 THPs again; memory, data and counters are conserved', () => {
  const made = fixture({ blocks: 33 });
  const pages = 33 * 512;
  fill(made, made.base, pages);
  const content = () =>
    Array.from({ length: pages }, (_, i) => contentAt(made.kernel, made.process.mm!, made.base + i));
  const figures = () => ({ rss: rollup(made, 'Rss'), free: made.kernel.frames.freeFrames });
  const [data, before] = [content(), figures()];
  const hex = (page: number) => `0x${(page * 4096).toString(16)}`;
  writeSplitHugePages(made.kernel, `${made.process.pid},${hex(made.base)},${hex(made.base + pages)},2`);
  assert.equal(stat(made, 16, 'nr_anon'), 4224);
  assert.equal(stat(made, 2048, 'nr_anon'), 0);
  assert.equal(stat(made, 2048, 'split'), 33);
  assert.equal(vmstat(made, 'thp_split_page'), 33);
  assert.equal(vmstat(made, 'thp_split_pmd'), 33);
  assert.equal(ordersAt(made, 32), '2x128');
  assert.deepEqual(figures(), before);
  assert.deepEqual(content(), data);
  assertSound(made);
  assert.equal(remote(made, made.base, pages, 'MADV_COLLAPSE'), 33 * 2 * 1024 * 1024);
  assert.equal(stat(made, 16, 'nr_anon'), 0);
  assert.equal(stat(made, 2048, 'nr_anon'), 33);
  assert.equal(vmstat(made, 'thp_collapse_alloc'), 33);
  assert.equal(rollup(made, 'AnonHugePages'), 33 * 2048);
  assert.deepEqual(figures(), before);
  assert.deepEqual(content(), data);
  assertSound(made);
});

test('random operations keep every invariant after each step, in blocks of 64 KiB', () => {
  for (const architecture of ['x64', 'arm64'] as const) {
    const run = runRandomOperations({ seed: 7, steps: 6000, hugeOrder: 4, frames: 512, architecture });
    assert.equal(run.steps, 6000);
    for (const operation of [
      'fork',
      'debugfs',
      'khugepaged',
      'reclaim',
      'compact',
      'MADV_COLLAPSE ok',
      'munmap',
    ])
      assert.ok((run.counts[operation] ?? 0) > 20, operation);
  }
});

test('a page that reclaim takes again while khugepaged brings its neighbours back from swap is not lost', () => {
  runRandomOperations({ seed: 66, steps: 500, hugeOrder: 4, frames: 256, architecture: 'arm64' });
});

test('a page written after MADV_FREE stays the child’s, too, when the parent has made a copy of its own', () => {
  const made = fixture({
    blocks: 1,
    swapBytes: 64 * MIB,
    thp: { 'hugepages-64kB/enabled': 'always', 'hugepages-2048kB/enabled': 'never' },
  });
  const { kernel, process, base } = made;
  fill(made, base, 16);
  assert.ok(ordersAt(made).startsWith('4 '));
  advise(made, base, 16, 'MADV_FREE');
  fill(made, base + 5, 1);
  const child = fork(kernel, process).child!;
  fill(made, base + 5, 1);
  reclaim(kernel, kernel.memcgs[0]!, 1000, 'proactive');
  assert.equal(
    contentAt(kernel, child.mm!, base + 5),
    (base + 6) >>> 0,
    'dirty in the child’s entry as it was in the parent’s',
  );
  assertSound(made);
});

test('random operations in blocks of 2 MiB', () => {
  runRandomOperations({ seed: 11, steps: 600, hugeOrder: 9, frames: 8192 });
});

test('the same seed does the same, byte for byte', () => {
  const shown = () => {
    const { kernel } = runRandomOperations({
      seed: 3,
      steps: 2000,
      hugeOrder: 4,
      frames: 512,
      checkEvery: 2000,
    });
    return JSON.stringify([
      kernel.counters,
      [...kernel.folios.flags],
      [...kernel.folios.content],
      kernel.clock.now,
    ]);
  };
  assert.equal(shown(), shown());
});

test('memory that is fragmented gives no huge pages, and says so in buddyinfo', () => {
  const made = fixture({ blocks: 4, fragmentation: 1 });
  fill(made, made.base, 2048);
  assert.equal(rollup(made, 'AnonHugePages'), 0);
  assert.equal(vmstat(made, 'thp_fault_fallback'), 4);
  const blocks = get(made, '/proc/buddyinfo').trim().split(/\s+/).slice(4).map(Number);
  assert.equal(blocks.length, 11);
  assert.deepEqual(blocks.slice(9), [0, 0]);
  const free = blocks.reduce((sum, count, order) => sum + count * 2 ** order, 0);
  assert.equal(free, made.kernel.frames.freeFrames);
});
