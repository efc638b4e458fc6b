// The checks themselves: a sound model has nothing against it, and each thing that may go wrong is found by its name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import { createInode, mmap } from '../../src/model/kernel/address-space/processes.js';
import { munmap } from '../../src/model/kernel/address-space/vmas.js';
import { violations } from '../../src/model/kernel/checks/invariants.js';
import { FOLIO } from '../../src/model/kernel/state/folios.js';
import { FRAME } from '../../src/model/kernel/state/frames.js';
import { type Mm, VM } from '../../src/model/kernel/state/mm.js';
import { ENTRY } from '../../src/model/kernel/state/page-tables.js';
import { MIB } from '../../src/vocabulary/units.js';
import { advise, fill, fixture, remote, set, settle } from './model-fixture.js';

/** A THP, a block of base pages of which some are swapped, a partly unmapped THP, and shared memory. */
function world() {
  const made = fixture({ memoryBytes: 128 * MIB, swapBytes: 16 * MIB, blocks: 4 });
  const { kernel, process, base } = made;
  const mm = process.mm as Mm;
  set(made, 'enabled', 'always');
  fill(made, base, 512);
  advise(made, base + 512, 512, 'MADV_NOHUGEPAGE');
  fill(made, base + 512, 64);
  assert.equal(typeof remote(made, base + 512 + 32, 32, 'MADV_PAGEOUT'), 'number');
  fill(made, base + 1024, 512);
  munmap(kernel, mm, base + 1024, base + 1024 + 128);
  const inode = createInode(kernel, '/dev/shm/x', 16, 'never');
  const shared = mmap(kernel, mm, { pages: 16, flags: VM.read | VM.write | VM.shared, inode });
  assert.equal(typeof shared, 'number');
  for (let page = 0; page < 16; page++) access(kernel, mm, (shared as number) + page, true);
  settle(made);
  assert.deepEqual(violations(kernel), []);
  const { tables } = kernel;
  const pmd = (block: number) => tables.pmdOf(mm, base / 512 + block);
  const entry = (page: number) => tables.pteOf(pmd(1), base + 512 + page);
  return {
    ...made,
    mm,
    tables,
    pmd,
    entry,
    huge: tables.pmdValue[pmd(0)],
    small: tables.pteValue[entry(0)],
    table: tables.pmdValue[pmd(1)],
    partial: tables.pteValue[tables.pteOf(pmd(2), base + 1024 + 200)],
    sharedPage: shared as number,
  };
}

type World = ReturnType<typeof world>;

/** One free block of any order. */
function freeBlock({ kernel: { frames } }: World, order: (order: number) => boolean = () => true): number {
  for (let frame = 0; frame < frames.untouchedFrom; frame += 2 ** (frames.state[frame] & FRAME.orderMask))
    if (frames.state[frame] & FRAME.freeHead && order(frames.state[frame] & FRAME.orderMask)) return frame;
  throw new Error('no free block');
}

const sharedFrame = ({ tables, mm, sharedPage }: World) =>
  tables.pteValue[tables.pteOf(tables.pmdOf(mm, Math.floor(sharedPage / 512)), sharedPage)];

const WRONGS: readonly (readonly [what: RegExp, change: (world: World) => void])[] = [
  [
    /\d+ free frames, counted \d+/,
    ({ kernel }) => {
      kernel.frames.freeFrames++;
    },
  ],
  [
    /^free blocks .*, counted /,
    ({ kernel }) => {
      kernel.frames.freeBlocks[0]++;
    },
  ],
  [
    /block \d+: used frames miscounted/,
    ({ kernel, small }) => {
      kernel.frames.usedInBlock[small >>> 9]++;
    },
  ],
  [
    /used frames miscounted/,
    ({ kernel }) => {
      kernel.frames.usedInBlock[kernel.frames.usedInBlock.length - 1]++;
    },
  ],
  [
    /frame \d+: state differs within its folio/,
    ({ kernel, huge }) => {
      kernel.frames.state[huge + 511] = FRAME.allocated;
    },
  ],
  [
    /frame \d+: neither free nor allocated/,
    ({ kernel, small }) => {
      kernel.frames.state[small] = 0;
    },
  ],
  [
    /free block \d+: not linked/,
    (made) => {
      made.kernel.frames.previous[freeBlock(made)] = 0;
    },
  ],
  [
    /frame \d+: not free in a free block/,
    (made) => {
      made.kernel.frames.state[freeBlock(made, (order) => order > 0) + 1] = FRAME.freeHead;
    },
  ],
  [
    /frame \d+: free with flags/,
    (made) => {
      made.kernel.folios.flags[freeBlock(made)] = FOLIO.anon;
    },
  ],
  [
    /frame \d+: 2 PTEs noted, 1 there/,
    ({ kernel, small }) => {
      kernel.folios.maps[small]++;
    },
  ],
  [
    /mapped pages, PMDs, total are 2,0,1, counted 1,0,1/,
    ({ kernel, small }) => {
      kernel.folios.mappedPages[small]++;
    },
  ],
  [
    /mapped pages, PMDs, total are 0,2,1, counted 0,1,1/,
    ({ kernel, huge }) => {
      kernel.folios.entireMaps[huge]++;
    },
  ],
  [
    /mapped pages, PMDs, total are 0,1,2, counted 0,1,1/,
    ({ kernel, huge }) => {
      kernel.folios.totalMaps[huge]++;
    },
  ],
  [
    /folio \d+: left isolated/,
    ({ kernel, small }) => {
      kernel.folios.flags[small] |= FOLIO.isolated;
    },
  ],
  [
    /folio \d+: left in the swap cache/,
    ({ kernel, small }) => {
      kernel.folios.flags[small] |= FOLIO.swapCache;
    },
  ],
  [
    /folio \d+: on no LRU list/,
    ({ kernel, small }) => {
      kernel.folios.flags[small] &= ~FOLIO.lru;
    },
  ],
  [
    /folio \d+: listed without the flag/,
    ({ kernel, small }) => {
      kernel.folios.flags[small] &= ~FOLIO.lru;
    },
  ],
  [
    /\d+ folios say they are on a list, \d+ are/,
    ({ kernel, small }) => {
      kernel.folios.flags[small] &= ~FOLIO.lru;
    },
  ],
  [
    /folio \d+: of no kind \(flags /,
    (made) => {
      made.kernel.folios.owner[sharedFrame(made)] = 999;
    },
  ],
  [
    /folio \d+: not in its inode's cache/,
    (made) => {
      made.kernel.folios.index[sharedFrame(made)]++;
    },
  ],
  [
    /folio \d+: on the list of another cgroup/,
    ({ kernel, small }) => {
      kernel.folios.memcg[small]++;
    },
  ],
  [
    /cgroup .*: list \d holds \d+ pages, not \d+/,
    ({ kernel }) => {
      kernel.memcgs[0]!.lruPages[0]++;
    },
  ],
  [
    /folio \d+: queued for a split without the flag/,
    ({ kernel, partial }) => {
      kernel.folios.flags[kernel.folios.headOf(partial)] &= ~FOLIO.deferred;
    },
  ],
  [
    /\d+ folios say they wait for a split, \d+ do/,
    ({ kernel, small }) => {
      kernel.folios.flags[small] |= FOLIO.deferred;
    },
  ],
  [
    /\d+ folios say they wait in a batch, \d+ do/,
    ({ kernel, small }) => {
      kernel.folios.flags[small] |= FOLIO.batched;
    },
  ],
  [
    /folio \d+: in a batch without belonging there/,
    ({ kernel, small }) => {
      kernel.lruBatches[0].push(small);
    },
  ],
  [
    /\d+ page tables in use, \d+ reachable/,
    ({ kernel }) => {
      kernel.tables.tablesInUse++;
    },
  ],
  [
    /anon, shmem, file, swap, tables are/,
    ({ mm }) => {
      mm.rssAnon++;
    },
  ],
  [
    /anon, shmem, file, swap, tables are/,
    ({ mm }) => {
      mm.rssShmem++;
    },
  ],
  [
    /anon, shmem, file, swap, tables are/,
    ({ mm }) => {
      mm.rssFile++;
    },
  ],
  [
    /anon, shmem, file, swap, tables are/,
    ({ mm }) => {
      mm.swapEntries++;
    },
  ],
  [
    /anon, shmem, file, swap, tables are/,
    ({ mm }) => {
      mm.tablePages++;
    },
  ],
  [
    /pmd \d+: its table has no memory/,
    ({ kernel, tables, pmd }) => {
      kernel.folios.flags[tables.pmdTableFrame[pmd(1)]] = 0;
    },
  ],
  [
    /huge mapping at page \d+ reaches out of its VMA/,
    ({ mm, base }) => {
      mm.vmaOf(base)!.end = base + 511;
    },
  ],
  [
    /pmd \d+: maps folio \d+ of order 0/,
    ({ tables, pmd, small }) => {
      tables.pmdValue[pmd(0)] = small;
    },
  ],
  [
    /pte \d+: empty with a value/,
    ({ tables, entry }) => {
      tables.pteValue[entry(500)] = 7;
    },
  ],
  [
    /mm \d+: page \d+ is mapped outside every VMA/,
    ({ mm, base }) => {
      mm.vmaOf(base + 512)!.start = base + 513;
    },
  ],
  [
    /table \d+: \d+ used, counted \d+/,
    ({ tables, table }) => {
      tables.tableUsed[table]++;
    },
  ],
  [
    /pte \d+: maps frame \d+, which is free/,
    (made) => {
      made.tables.pteValue[made.entry(0)] = freeBlock(made);
    },
  ],
  [
    /pte \d+: page \d+ maps a folio made for \d+/,
    ({ kernel, small }) => {
      kernel.folios.index[small]++;
    },
  ],
  [
    /nr_anon by order: /,
    ({ kernel }) => {
      kernel.counters.byOrder.nr_anon[3]++;
    },
  ],
  [
    /nr_anon_partially_mapped by order: /,
    ({ kernel }) => {
      kernel.counters.byOrder.nr_anon_partially_mapped[9]++;
    },
  ],
  [
    /anonymous pages mapped by PMD: /,
    ({ kernel }) => {
      kernel.anonPmdMapped++;
    },
  ],
  [
    /shmem pages mapped by PMD: /,
    ({ kernel }) => {
      kernel.shmemPmdMapped++;
    },
  ],
  [
    /pages of huge shmem folios: /,
    ({ kernel }) => {
      kernel.shmemHuge++;
    },
  ],
  [
    /cgroup .*: pages charged: /,
    ({ kernel }) => {
      kernel.memcgs[0]!.charged++;
    },
  ],
  [
    /cgroup .*: anon, shmem, file pages: /,
    ({ kernel }) => {
      kernel.memcgs[0]!.anon++;
    },
  ],
  [
    /cgroup .*: anon, shmem, file pages: /,
    ({ kernel }) => {
      kernel.memcgs[0]!.shmem++;
    },
  ],
  [
    /cgroup .*: anon, shmem, file pages: /,
    ({ kernel }) => {
      kernel.memcgs[0]!.file++;
    },
  ],
  [
    /swap slot \d+: 2 users, 1 entries/,
    ({ kernel, tables, entry }) => {
      kernel.swap.users[tables.pteValue[entry(40)]]++;
    },
  ],
  [
    /swap slots in use, compressed: /,
    ({ kernel }) => {
      kernel.swap.used++;
    },
  ],
  [
    /swap charged to cgroups: /,
    ({ kernel }) => {
      kernel.memcgs[0]!.swapped++;
    },
  ],
];

for (const [what, change] of WRONGS)
  test(`found: ${what.source}`, () => {
    const made = world();
    change(made);
    const found = violations(made.kernel, 1e6);
    assert.ok(
      found.some((sentence) => what.test(sentence)),
      found.slice(0, 5).join('\n'),
    );
  });

test('a model with shared memory, swap and partly unmapped THPs has something to be checked', () => {
  const { kernel, mm, partial, tables, entry } = world();
  assert.ok(mm.rssAnon > 0 && mm.rssShmem > 0 && mm.swapEntries > 0 && kernel.swap.used > 0);
  assert.ok(kernel.folios.has(kernel.folios.headOf(partial), FOLIO.deferred));
  assert.ok(tables.pteBits[entry(40)] & ENTRY.swap);
});

test('no more sentences come than were asked for', () => {
  const { kernel } = world();
  kernel.frames.freeFrames++;
  kernel.anonPmdMapped++;
  kernel.shmemHuge++;
  assert.deepEqual([violations(kernel, 2).length, violations(kernel).length], [2, 3]);
  for (let block = 0; block < 20; block++) kernel.frames.usedInBlock[block]++;
  assert.equal(violations(kernel).length, 10);
});

test('found: a contiguous bit in a group that is none', () => {
  const made = fixture({ architecture: 'arm64', memoryBytes: 128 * MIB });
  advise(made, made.base, 512, 'MADV_NOHUGEPAGE');
  fill(made, made.base, 32);
  settle(made);
  const { kernel } = made;
  assert.deepEqual(violations(kernel), []);
  const { tables } = kernel;
  const entry = tables.pteOf(tables.pmdOf(made.process.mm as Mm, made.base / 512), made.base);
  tables.pteBits[entry + 3] |= ENTRY.contiguous;
  assert.match(violations(kernel).join(), /contiguous bit in a group that is none/);
});
