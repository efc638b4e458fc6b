import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../access/access.js';
import { fork } from '../address-space/fork.js';
import { mmap, spawn } from '../address-space/processes.js';
import { adviseRange } from '../advice/madvise.js';
import { boot } from '../boot.js';
import { splitFolio, UNIFORM } from '../split/split.js';
import { Holds, NO_PAGES } from './holds.js';

const MIB = 2 ** 20;

test('work told at one instant is laid out in a row, behind what has been played', () => {
  const clock = { now: 0 };
  const holds = new Holds(clock);
  holds.played(1, 500);
  holds.hold(1, 100, { start: 0, end: 10 });
  holds.work(1, 30);
  holds.hold(1, 50, { start: 10, end: 20 });
  const first = holds.next(1, 0, 7);
  assert.deepEqual([first?.from, first?.to], [500, 600]);
  const second = holds.next(1, 600, 7);
  assert.deepEqual([second?.from, second?.to], [630, 680]);
  assert.equal(holds.next(1, 680, 7), undefined);
  assert.equal(holds.next(2, 0, 7), undefined, 'another address space');
  assert.equal(holds.totalNs, 150);
});

test('nobody waits for itself, no time holds nothing, and what is past is forgotten', () => {
  const clock = { now: 0 };
  const holds = new Holds(clock);
  holds.worker = 3;
  holds.hold(1, 10, { start: 0, end: 1 });
  holds.worker = 0;
  assert.equal(holds.next(1, 0, 3), undefined);
  assert.equal(holds.next(1, 0, 4)?.to, 10);
  holds.hold(1, 0, { start: 0, end: 1 });
  assert.equal(holds.totalNs, 10);
  for (let i = 0; i < 1000; i++) {
    clock.now += 100;
    holds.hold(1, 10, NO_PAGES);
    assert.equal(holds.next(1, clock.now, 4)?.from, clock.now);
  }
});

function machine() {
  const kernel = boot({ memoryBytes: 256 * MIB, seed: 1 });
  kernel.thp.enabled = 'always';
  const task = spawn(kernel, { command: 'one' });
  const mm = task.memory;
  const first = mmap(kernel, mm, { pages: 2048 });
  assert.ok(typeof first === 'number');
  for (let block = 0; block < 4; block++) access(kernel, mm, first + block * 512, true);
  return { kernel, mm, first, task };
}

test('a split keeps everybody from the folio, in each address space that maps it', () => {
  const { kernel, mm, first } = machine();
  const { cost } = adviseRange(kernel, mm, first + 100, first + 101, 'MADV_COLD');
  const hold = kernel.holds.next(mm.id, 0, 1);
  assert.deepEqual(hold?.pages, { start: first, end: first + 512 });
  assert.deepEqual(hold?.faults, hold?.pages);
  assert.ok(hold !== undefined && hold.to - hold.from > 0.95 * cost - kernel.costs.systemCall);
});

test('a fork-shared folio is held in both', () => {
  const { kernel, mm, first, task } = machine();
  const { child } = fork(kernel, task);
  splitFolio(kernel, kernel.tables.pmdValue[kernel.tables.pmdOf(mm, first / 512)], 0, UNIFORM);
  for (const { id } of [mm, child!.mm!])
    assert.deepEqual(kernel.holds.next(id, 0, 1)?.pages, { start: first, end: first + 512 });
});

test('a collapse keeps accesses from its block and faults from the mapping', () => {
  const { kernel, mm, first } = machine();
  adviseRange(kernel, mm, first, first + 1, 'MADV_COLD');
  kernel.clock.advance(1e9);
  adviseRange(kernel, mm, first, first + 512, 'MADV_COLLAPSE');
  const hold = kernel.holds.next(mm.id, kernel.clock.now, 1);
  assert.deepEqual(hold?.pages, { start: first, end: first + 512 });
  assert.deepEqual([hold?.faults.start, hold?.faults.end], [first, first + 2048]);
});

test('a look at the entries of a page table keeps faults of its block waiting, accesses not', () => {
  const { kernel, mm, first } = machine();
  adviseRange(kernel, mm, first, first + 1, 'MADV_COLD');
  kernel.clock.advance(1e9);
  adviseRange(kernel, mm, first, first + 512, 'MADV_COLD');
  const hold = kernel.holds.next(mm.id, kernel.clock.now, 1);
  assert.deepEqual(hold?.pages, NO_PAGES);
  assert.deepEqual(hold?.faults, { start: first, end: first + 512 });
});

test('one shootdown for each flush, or for all of a batch, with the entries that go', () => {
  const { kernel, mm, first } = machine();
  const told: number[] = [];
  kernel.flushes.listenToShootdowns((mmId, entries) => told.push(mmId === mm.id ? entries : -1));
  adviseRange(kernel, mm, first, first + 512, 'MADV_COLD');
  assert.deepEqual(told.splice(0), [1], 'a block mapped by PMD is one entry');
  adviseRange(kernel, mm, first, first + 1, 'MADV_COLD');
  assert.equal(told.splice(0).length, 1, 'the split with all its zero pages');
  adviseRange(kernel, mm, first, first + 512, 'MADV_COLLAPSE');
  assert.deepEqual(told.splice(0), [512]);
  adviseRange(kernel, mm, first, first + 2048, 'MADV_DONTNEED');
  assert.equal(told.length, 1);
});
