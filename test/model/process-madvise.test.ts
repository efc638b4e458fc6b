// The table of what process_madvise by another process does, row by row.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { createInode, exit } from '../../src/model/kernel/address-space/processes.js';
import { mprotect, munmap } from '../../src/model/kernel/address-space/vmas.js';
import { setLocked } from '../../src/model/kernel/advice/mlock.js';
import { pin } from '../../src/model/kernel/advice/pins.js';
import { processMadvise, ROOT } from '../../src/model/kernel/advice/process-madvise.js';
import { FOLIO } from '../../src/model/kernel/state/folios.js';
import { VM } from '../../src/model/kernel/state/mm.js';
import { RELEASES } from '../../src/model/kernel/state/options.js';
import { MIB } from '../../src/vocabulary/units.js';
import {
  advise,
  assertSound,
  changes,
  type Fixture,
  fill,
  fixture,
  ordersAt,
  read,
  remote,
  rollup,
  seconds,
  settle,
  vmstat,
  write,
} from './model-fixture.js';

/** Four huge blocks full of data, on the kernel that the table was measured on. */
function huge(options = {}): Fixture {
  const made = fixture({ release: '6.18', ...options });
  fill(made, made.base, 4 * 512);
  return made;
}

const SPLIT = { thp_split_page: 1, thp_split_pmd: 1, '2048kB/split': 1, '2048kB/nr_anon': -1 };

test('COLD 4K: that THP becomes 512 base pages, its neighbour stays', () => {
  for (const release of ['6.18', '7.2', '7.3'] as const) {
    const made = huge({ release });
    const rss = rollup(made, 'Rss');
    assert.deepEqual(
      changes(made, () => assert.equal(remote(made, made.base + 100, 1, 'MADV_COLD'), 4096)),
      SPLIT,
    );
    assert.equal(rollup(made, 'AnonHugePages'), 6144);
    assert.equal(ordersAt(made), '0x512');
    assert.equal(ordersAt(made, 1), 'P9');
    assert.equal(rollup(made, 'Rss'), rss);
    assertSound(made);
  }
});

test('PAGEOUT 4K without swap: the same, and the one page becomes active', () => {
  const made = huge();
  assert.deepEqual(
    changes(made, () => assert.equal(remote(made, made.base + 100, 1, 'MADV_PAGEOUT'), 4096)),
    SPLIT,
  );
  assert.equal(ordersAt(made), '0x512');
  assert.equal(activePages(made, 0), 1);
});

/** Pages of a block whose folio has PG_active, by kpageflags bit 6. */
function activePages(made: Fixture, block: number): number {
  const { tables, folios } = made.kernel;
  const pmd = tables.pmdOf(made.process.mm!, made.base / 512 + block);
  let active = 0;
  for (let i = 0; i < 512; i++) {
    const frame = tables.pteValue[tables.pmdValue[pmd] * 512 + i];
    const into = new Uint8Array(8);
    const file = made.kernel.files.find('/proc/kpageflags');
    if (typeof file === 'object' && file.kind === 'file') file.readAt!(into, frame * 8);
    if (into[0] & 64 && folios.maps[frame] > 0) active++;
  }
  return active;
}

test('COLD of the whole 2 MiB: nothing is split, references go', () => {
  const made = huge();
  const before = rollup(made, 'Referenced');
  assert.deepEqual(
    changes(made, () => assert.equal(remote(made, made.base, 512, 'MADV_COLD'), 2 * MIB)),
    {},
  );
  assert.equal(rollup(made, 'Referenced'), before - 2048);
  assert.equal(ordersAt(made), 'P9');
});

test('PAGEOUT of the whole 2 MiB without swap: split, every page kept and active', () => {
  const made = huge();
  const rss = rollup(made, 'Rss');
  assert.deepEqual(
    changes(made, () => assert.equal(remote(made, made.base, 512, 'MADV_PAGEOUT'), 2 * MIB)),
    { ...SPLIT, thp_swpout_fallback: 1, '2048kB/swpout_fallback': 1 },
  );
  assert.equal(ordersAt(made), '0x512');
  assert.equal(rollup(made, 'Rss'), rss);
  assert.equal(activePages(made, 0), 512);
  assertSound(made);
});

test('PAGEOUT of the whole 2 MiB with swap: swapped whole', () => {
  const made = huge({ swapBytes: 64 * MIB });
  const rss = rollup(made, 'Rss');
  const changed = changes(made, () => remote(made, made.base, 512, 'MADV_PAGEOUT'));
  assert.equal(changed.thp_swpout, 1);
  assert.equal(changed.thp_split_page, undefined);
  assert.equal(ordersAt(made), 'sx512');
  assert.equal(rollup(made, 'Rss'), rss - 2048);
  assert.equal(rollup(made, 'Swap'), 2048);
  assertSound(made);
});

test('COLD 4K on a THP with 8 data pages of 512: the zero pages are returned at once', () => {
  const made = fixture({ release: '6.18', blocks: 1 });
  fill(made, made.base, 512, 64);
  const rss = rollup(made, 'Rss');
  assert.equal(remote(made, made.base, 1, 'MADV_COLD'), 4096);
  assert.equal(rollup(made, 'Rss'), rss - 2048 + 32);
  assert.equal(ordersAt(made), Array(8).fill('0 zx63').join(' '));
  write(made, made.base + 1, 1);
  assert.equal(rollup(made, 'Rss'), rss - 2048 + 36);
  assertSound(made);
});

test('COLD 4K on a fork-shared THP: silently skipped, and split once the child is gone', () => {
  const made = huge();
  const { child } = fork(made.kernel, made.process);
  assert.deepEqual(
    changes(made, () => assert.equal(remote(made, made.base, 1, 'MADV_COLD'), 4096)),
    {},
  );
  assert.equal(ordersAt(made), 'P9');
  exit(made.kernel, child!);
  remote(made, made.base, 1, 'MADV_COLD');
  assert.equal(ordersAt(made), '0x512');
  assertSound(made);
});

test('COLD 4K with one extra reference: refused, the PMD is not split', () => {
  const made = huge();
  pin(made.kernel, made.process.mm!, made.base + 5);
  assert.deepEqual(
    changes(made, () => assert.equal(remote(made, made.base, 1, 'MADV_COLD'), 4096)),
    { thp_split_page_failed: 1, '2048kB/split_failed': 1 },
  );
  assert.equal(ordersAt(made), 'P9');
});

test('COLD 4K on a PTE-mapped order-9 folio: 512 base pages, and split_deferred ticks', () => {
  const made = huge();
  mprotect(made.kernel, made.process.mm!, made.base + 8, made.base + 9, VM.read);
  mprotect(made.kernel, made.process.mm!, made.base + 8, made.base + 9, VM.read | VM.write);
  assert.equal(ordersAt(made), '9');
  const changed = changes(made, () => remote(made, made.base, 1, 'MADV_COLD'));
  assert.equal(changed['2048kB/split'], 1);
  assert.equal(changed['2048kB/split_deferred'], 1);
  assert.equal(changed.thp_split_pmd, undefined);
  assert.equal(ordersAt(made), '0x512');
});

test('COLD 4K on a shmem THP: the whole 2 MiB leaves the page tables until it is touched', () => {
  const made = fixture({ inode: (kernel, pages) => createInode(kernel, '/mnt/f', pages, 'always') });
  write(made, made.base, 2048);
  const rss = rollup(made, 'Rss');
  const changed = changes(made, () => remote(made, made.base, 1, 'MADV_COLD'));
  assert.equal(changed['2048kB/split'], 1);
  assert.equal(rollup(made, 'ShmemPmdMapped'), 6144);
  assert.equal(rollup(made, 'Rss'), rss - 2048);
  assertSound(made);
});

test('mprotect of 4K: the folio keeps order 9, three mappings, one again when restored', () => {
  const made = huge();
  const vmas = made.process.mm!.vmas.length;
  const changed = changes(made, () =>
    mprotect(made.kernel, made.process.mm!, made.base + 8, made.base + 9, VM.read),
  );
  assert.deepEqual(changed, { thp_split_pmd: 1 });
  assert.equal(ordersAt(made), '9');
  assert.equal(rollup(made, 'AnonHugePages'), 6144);
  assert.equal(made.process.mm!.vmas.length, vmas + 2);
  mprotect(made.kernel, made.process.mm!, made.base + 8, made.base + 9, VM.read | VM.write);
  assert.equal(made.process.mm!.vmas.length, vmas);
});

test('munmap of 4K: 511 pages of an order-9 folio stay, partially mapped and waiting', () => {
  const made = huge();
  const rss = rollup(made, 'Rss');
  const changed = changes(made, () => munmap(made.kernel, made.process.mm!, made.base + 8, made.base + 9));
  assert.deepEqual(changed, {
    thp_split_pmd: 1,
    thp_deferred_split_page: 1,
    '2048kB/split_deferred': 1,
    '2048kB/nr_anon_partially_mapped': 1,
  });
  assert.equal(rollup(made, 'Rss'), rss - 4);
  assert.equal(ordersAt(made), '9 - 9');
  assertSound(made);
});

test('NOHUGEPAGE on 256K inside: the PMD is split at the edges, the folio is not', () => {
  const made = huge();
  const vmas = made.process.mm!.vmas.length;
  const changed = changes(made, () => advise(made, made.base + 64, 64, 'MADV_NOHUGEPAGE'));
  assert.deepEqual(changed, { thp_split_pmd: 1 });
  assert.equal(made.process.mm!.vmas.length, vmas + 2);
  assert.equal(ordersAt(made), '9');
});

test('COLD works on NOHUGEPAGE memory, and not on locked memory', () => {
  const made = huge();
  advise(made, made.base, 512, 'MADV_NOHUGEPAGE');
  assert.equal(remote(made, made.base, 1, 'MADV_COLD'), 4096);
  assert.equal(ordersAt(made), '0x512');
  setLocked(made.kernel, made.process.mm!, made.base + 512, made.base + 1024, true);
  assert.equal(remote(made, made.base + 512, 1, 'MADV_COLD'), 'EINVAL');
});

test('COLD on part of a young PMD keeps the accessed bit on all other pages', () => {
  const made = huge();
  const before = rollup(made, 'Referenced');
  remote(made, made.base, 1, 'MADV_COLD');
  assert.equal(rollup(made, 'Referenced'), before - 4);
});

test('COLD(2M) then COLD(4K): 512 old pages', () => {
  for (const release of ['6.18', '7.3'] as const) {
    const made = huge({ release });
    const before = rollup(made, 'Referenced');
    remote(made, made.base, 512, 'MADV_COLD');
    remote(made, made.base, 1, 'MADV_COLD');
    assert.equal(rollup(made, 'Referenced'), before - 2048);
  }
});

test('COLD on an exact 64K folio leaves it whole, across two it splits both', () => {
  const made = fixture({
    thp: { 'hugepages-64kB/enabled': 'always', 'hugepages-2048kB/enabled': 'never' },
    blocks: 1,
  });
  fill(made, made.base, 512);
  assert.equal(ordersAt(made), '4x32');
  remote(made, made.base + 16, 16, 'MADV_COLD');
  assert.equal(ordersAt(made), '4x32');
  remote(made, made.base + 24, 16, 'MADV_COLD');
  assert.equal(ordersAt(made), '4 0x32 4x29');
  assertSound(made);
});

test('the checks come in the kernel’s order', () => {
  const made = huge();
  const { kernel, process } = made;
  const range = [{ start: made.base, end: made.base + 1 }];
  const stranger = { mm: undefined, userId: 1000, mayNice: false, mayTrace: false };
  const call = (
    caller: typeof stranger,
    task: typeof process | undefined,
    ranges: typeof range,
    advice: string,
  ) => processMadvise(kernel, caller, task, ranges, advice).error;
  assert.equal(call(ROOT as never, undefined, range, 'MADV_COLD'), 'ESRCH');
  assert.equal(call(stranger, process, range, 'MADV_NONSENSE'), 'EACCES');
  assert.equal(call({ ...stranger, mayTrace: true }, process, range, 'MADV_NONSENSE'), 'EINVAL');
  assert.equal(call({ ...stranger, mayTrace: true }, process, range, 'MADV_COLD'), 'EPERM');
  assert.equal(call(ROOT as never, process, range, 'MADV_NOHUGEPAGE'), 'EINVAL');
  assert.equal(
    call({ ...stranger, mm: process.mm!.id as never }, process, range, 'MADV_NOHUGEPAGE'),
    undefined,
  );
  assert.equal(call(ROOT as never, process, [{ start: 5, end: 6 }], 'MADV_COLD'), 'ENOMEM');
  const many = Array.from({ length: 1025 }, () => range[0]);
  assert.equal(call(ROOT as never, process, many, 'MADV_COLD'), 'EINVAL');
});

test('a later range that fails loses its errno: the bytes of the earlier ones are answered', () => {
  const made = huge();
  const ranges = [
    { start: made.base, end: made.base + 1 },
    { start: 5, end: 6 },
  ];
  const answer = processMadvise(made.kernel, ROOT, made.process, ranges, 'MADV_COLD');
  assert.deepEqual([answer.bytes, answer.error], [4096, undefined]);
});

test('COLLAPSE: holes are filled, mTHPs copied, nothing left to do is success', () => {
  const made = fixture({ thp: { enabled: 'never' }, blocks: 4 });
  const collapse = (from: number, pages: number) => remote(made, made.base + from, pages, 'MADV_COLLAPSE');
  assert.equal(collapse(0, 512), 'EINVAL', 'a mapping nobody touched');
  write(made, made.base, 1);
  const rss = rollup(made, 'Rss');
  assert.equal(collapse(0, 512), 2 * MIB, 'enabled=never does not matter');
  assert.equal(rollup(made, 'Rss'), rss + 2044);
  assert.equal(ordersAt(made), 'P9');
  assert.equal(collapse(0, 512), 2 * MIB, 'already huge');
  assert.equal(collapse(512, 512), 'EINVAL', 'no page table');
  assert.equal(collapse(8, 100), 100 * 4096, 'less than a block succeeds and does nothing');
  assert.equal(vmstat(made, 'thp_collapse_alloc'), 1);
  assertSound(made);
});

test('COLLAPSE: a nohugepage sliver, prctl, a pin, a limit and missing memory each have their errno', () => {
  const made = fixture({ thp: { enabled: 'never' }, blocks: 4 });
  const collapse = () => remote(made, made.base, 512, 'MADV_COLLAPSE');
  fill(made, made.base, 512);
  const head = pin(made.kernel, made.process.mm!, made.base + 9);
  assert.equal(collapse(), 'EAGAIN');
  made.kernel.folios.pins[head] = 0;
  const mm = made.process.mm!;
  mm.thpDisable = 'complete';
  assert.equal(collapse(), 'EINVAL');
  mm.thpDisable = 'except-advised';
  const limited = made.kernel.memcgs[0]!;
  limited.max = limited.charged + 100;
  assert.equal(collapse(), 'EBUSY');
  limited.max = Number.POSITIVE_INFINITY;
  advise(made, made.base + 8, 1, 'MADV_NOHUGEPAGE');
  assert.equal(collapse(), 'EINVAL');
  advise(made, made.base + 8, 1, 'MADV_HUGEPAGE');
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  assert.equal(collapse(), 2 * MIB);
  assertSound(made);
});

test('COLLAPSE answers ENOMEM when no huge block can be made', () => {
  const made = fixture({ thp: { enabled: 'never' }, blocks: 1, fragmentation: 1, memoryBytes: 64 * MIB });
  fill(made, made.base, 512);
  assert.equal(remote(made, made.base, 512, 'MADV_COLLAPSE'), 'ENOMEM');
  assert.equal(vmstat(made, 'thp_collapse_alloc_failed'), 1);
});

test('COLLAPSE of fork-shared pages gives a private copy and of swapped ones brings them back', () => {
  const made = fixture({ thp: { enabled: 'never' }, blocks: 2, swapBytes: 64 * MIB });
  fill(made, made.base, 1024);
  fork(made.kernel, made.process);
  assert.equal(remote(made, made.base, 512, 'MADV_COLLAPSE'), 2 * MIB);
  read(made, made.base);
  const alone = fixture({
    thp: { enabled: 'never' },
    blocks: 1,
    swapBytes: 64 * MIB,
    features: RELEASES['7.3'],
  });
  fill(alone, alone.base, 512);
  settle(alone);
  remote(alone, alone.base, 100, 'MADV_PAGEOUT');
  assert.equal(rollup(alone, 'Swap'), 400);
  assert.equal(remote(alone, alone.base, 512, 'MADV_COLLAPSE'), 2 * MIB);
  assert.equal(rollup(alone, 'Swap'), 0);
  assertSound(made);
  assertSound(alone);
});

test('base pages that wait in another CPU’s batch, up to 31 of them, are passed over by COLD and PAGEOUT', () => {
  const made = fixture({ thp: { enabled: 'never' }, blocks: 1, swapBytes: 64 * MIB });
  const { kernel, process, base } = made;
  kernel.cpu = process.cpu;
  write(made, base, 100);
  const waiting = 100 % 31;
  const referenced = () => rollup(made, 'Referenced');
  for (const head of kernel.lruBatches[process.cpu]) kernel.folios.clear(head, FOLIO.referenced);
  assert.equal(kernel.lruBatches[process.cpu].length, waiting);
  remote(made, base, 512, 'MADV_COLD');
  assert.equal(referenced(), waiting * 4, 'they keep their accessed bits');
  remote(made, base, 512, 'MADV_PAGEOUT');
  assert.equal(rollup(made, 'Swap'), (100 - waiting) * 4);
  settle(made);
  remote(made, base, 512, 'MADV_PAGEOUT');
  assert.equal(rollup(made, 'Swap'), 400);
  assertSound(made);
});

test('a CPU’s own batch is no obstacle: advice by the process itself empties it first', () => {
  const made = fixture({ thp: { enabled: 'never' }, blocks: 1 });
  const { kernel, process, base } = made;
  kernel.cpu = process.cpu;
  write(made, base, 20);
  assert.equal(kernel.lruBatches[process.cpu].length, 20);
  advise(made, base, 512, 'MADV_COLD');
  assert.equal(rollup(made, 'Referenced'), 0);
  write(made, base + 20, 20);
  assert.equal(remote(made, base, 100, 'MADV_COLLAPSE'), 400 * 1024);
  assert.equal(kernel.lruBatches[process.cpu].length, 20, 'less than a block is no reason to empty any');
  assert.equal(remote(made, base, 512, 'MADV_COLLAPSE'), 2 * MIB, 'COLLAPSE empties those of all CPUs');
  assertSound(made);
});

test('pages wait in a batch a second at most, also those that came while others waited', () => {
  const made = fixture({ thp: { enabled: 'never' }, blocks: 1 });
  const { kernel, process, base } = made;
  kernel.cpu = process.cpu;
  const waiting = () => kernel.lruBatches[process.cpu].length;
  write(made, base, 5);
  seconds(made, 0.9);
  write(made, base + 5, 5);
  assert.equal(waiting(), 10);
  seconds(made, 0.2);
  assert.equal(waiting(), 0);
  write(made, base + 10, 5);
  seconds(made, 0.9);
  assert.equal(waiting(), 5, 'the next wait begins with its first page');
  seconds(made, 0.2);
  assert.equal(waiting(), 0);
  assertSound(made);
});
