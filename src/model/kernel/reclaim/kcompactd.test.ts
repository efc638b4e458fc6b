import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../access/access.js';
import { mmap, spawn } from '../address-space/processes.js';
import { adviseRange } from '../advice/madvise.js';
import { boot } from '../boot.js';
import type { Defrag } from '../state/thp-switches.js';

const MIB = 2 ** 20;
const PAGES = 128 * 256;

/** A machine whose memory is full of base pages, of which every second one was given back, and a process that wants blocks. */
function fragmented(defrag: Defrag) {
  const kernel = boot({ memoryBytes: 128 * MIB, seed: 1 });
  kernel.thp.enabled = 'madvise';
  kernel.thp.defrag = defrag;
  const filler = spawn(kernel, { command: 'filler' }).mm!;
  const from = mmap(kernel, filler, { pages: PAGES });
  assert.ok(typeof from === 'number');
  // Page tables cannot move: they come first, so that they lie together.
  for (let each = from; each < from + PAGES; each += 512) access(kernel, filler, each, false);
  let page = from;
  while (kernel.frames.freeFrames > 200) access(kernel, filler, page++, true);
  for (let each = from; each < page; each += 2) adviseRange(kernel, filler, each, each + 1, 'MADV_DONTNEED');
  const mm = spawn(kernel, { command: 'wants' }).mm!;
  const first = mmap(kernel, mm, { pages: 8 * 512 });
  assert.ok(typeof first === 'number');
  adviseRange(kernel, mm, first, first + 8 * 512, 'MADV_HUGEPAGE');
  kernel.clock.advance(2e9);
  const touch = (block: number) => {
    const cost = access(kernel, mm, first + block * 512, true);
    return { huge: kernel.counters.events.thp_fault_alloc, cost };
  };
  return { kernel, touch };
}

test('defer: the first fault falls back and wakes kcompactd, the next one finds a block', () => {
  const { kernel, touch } = fragmented('defer');
  const first = touch(0);
  assert.deepEqual([first.huge, kernel.kcompactdNs], [0, 0]);
  kernel.clock.advance(1e6);
  assert.ok(kernel.kcompactdNs > 100_000, `${kernel.kcompactdNs} ns of kcompactd`);
  assert.equal(touch(1).huge, 1);
});

test('always: the fault itself compacts, and takes as long', () => {
  const { kernel, touch } = fragmented('always');
  const { huge, cost } = touch(0);
  assert.equal(huge, 1);
  assert.ok(cost > 100_000 + 512 * 4 * kernel.costs.zeroKib, `${cost} ns`);
  kernel.clock.advance(1e6);
  assert.equal(kernel.kcompactdNs, 0);
});

test('never: nobody compacts; madvise and defer+madvise do it at the fault of who advised', () => {
  const never = fragmented('never');
  assert.equal(never.touch(0).huge, 0);
  never.kernel.clock.advance(1e6);
  assert.deepEqual([never.touch(1).huge, never.kernel.kcompactdNs], [0, 0]);
  for (const defrag of ['madvise', 'defer+madvise'] as const)
    assert.equal(fragmented(defrag).touch(0).huge, 1);
});
