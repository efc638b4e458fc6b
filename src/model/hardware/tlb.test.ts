import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/seeded-random.js';
import { Uniform } from '../../simulator/workloads/uniform.js';
import { GEOMETRY_4K, MIB } from '../../vocabulary/units.js';
import { CPUS } from '../cpus/catalogue.js';
import type { Cpu } from '../cpus/cpu.js';
import { mmap, spawn } from '../kernel/address-space/processes.js';
import { adviseRange } from '../kernel/advice/madvise.js';
import { boot } from '../kernel/boot.js';
import { ENTRY } from '../kernel/state/page-tables.js';
import { FlatSpace } from './flat-space.js';
import { KernelSpace } from './kernel-space.js';
import { BATCH, OUTCOME, Tlb, windowsFor } from './tlb.js';

const load = (page: number) => page << 1;
const store = (page: number) => (page << 1) | 1;

function flat(cpu: Cpu, kind: 'base' | 'run' | 'huge', pages: number) {
  const windows = windowsFor(cpu, GEOMETRY_4K);
  const space = new FlatSpace(pages, kind, GEOMETRY_4K);
  return { windows, space, window: windows.open(space, 0, pages), tlb: new Tlb(cpu, windows) };
}

/** A process with `pages` anonymous pages on the model kernel, THP on or off. */
function process(cpu: Cpu, pages: number, huge: boolean) {
  const kernel = boot({ memoryBytes: 256 * MIB, architecture: cpu.architecture });
  kernel.thp.enabled = huge ? 'always' : 'never';
  const task = spawn(kernel, { command: 'test' });
  const mm = task.memory;
  const first = mmap(kernel, mm, { pages });
  assert.equal(typeof first, 'number');
  const windows = windowsFor(cpu, kernel.geometry);
  const space = new KernelSpace(kernel, mm);
  const window = windows.open(space, first as number, pages);
  const tlb = new Tlb(cpu, windows);
  kernel.flushes.listen((mmId, start, end) =>
    windows.forget(mmId, start, end, (from, to) => tlb.invalidate(from, to)),
  );
  return { kernel, mm, first: first as number, space, windows, window, tlb };
}

test('first level, second level and walk are counted apart', () => {
  const { tlb, window } = flat(CPUS['neoverse-n1'], 'base', 1024);
  const once = Uint32Array.from({ length: 100 }, (_, page) => load(page));
  tlb.access(window, once, 100);
  assert.equal(tlb.counters.walks, 100);
  tlb.access(window, once, 100);
  // 48 entries against 100 pages in order: LRU never hits; the second level has all of them.
  assert.equal(tlb.counters.walks, 100);
  assert.equal(tlb.counters.firstLevelMisses, 200);
  assert.ok(tlb.outcomes.subarray(0, 100).every((outcome) => outcome === OUTCOME.secondLevel));
  tlb.access(window, Uint32Array.of(load(99), load(99)), 2);
  assert.equal(tlb.outcomes[1], OUTCOME.firstLevel);
});

test('how a batch is cut changes nothing', () => {
  const whole = flat(CPUS['ice-lake'], 'base', 8192);
  const cut = flat(CPUS['ice-lake'], 'base', 8192);
  const accesses = new Uint32Array(BATCH);
  new Uniform(8192, 300, new SeededRandom(4)).next(accesses, BATCH);
  // Hints are learnt first, so that the order of first stores within a batch is the same for both.
  const warm = Uint32Array.from({ length: 16 }, (_, block) => load(block * 512));
  for (const { tlb, window } of [whole, cut]) tlb.access(window, warm, warm.length);
  whole.tlb.access(whole.window, accesses, BATCH);
  for (let at = 0; at < BATCH; at += 61) {
    const part = accesses.subarray(at, Math.min(BATCH, at + 61));
    cut.tlb.access(cut.window, part, part.length);
  }
  const { accesses: made, firstLevelMisses } = whole.tlb.counters;
  assert.equal(cut.tlb.counters.accesses, made);
  assert.equal(cut.tlb.counters.firstLevelMisses, firstLevelMisses);
  assert.deepEqual(cut.space.bits, whole.space.bits);
});

test('an access that hits does not set the accessed bit again, a walk does', () => {
  const { tlb, window, kernel, mm, first } = process(CPUS.zen3, 512, false);
  tlb.access(window, Uint32Array.of(store(3)), 1);
  const entry = kernel.tables.pteOf(kernel.tables.pmdOf(mm, first / 512), first + 3);
  assert.ok(kernel.tables.pteBits[entry] & ENTRY.accessed);
  kernel.tables.pteBits[entry] &= ~ENTRY.accessed;
  tlb.access(window, Uint32Array.of(load(3), store(3)), 2);
  assert.equal(kernel.tables.pteBits[entry] & ENTRY.accessed, 0, 'hidden by the cached translation');
  tlb.flushAll();
  tlb.access(window, Uint32Array.of(load(3)), 1);
  assert.ok(kernel.tables.pteBits[entry] & ENTRY.accessed);
});

test('a first store through a cached clean entry walks: dirty, accessed and content are set', () => {
  const { tlb, window, kernel, mm, first, space } = process(CPUS['ice-lake'], 512, false);
  tlb.access(window, Uint32Array.of(store(7)), 1);
  const entry = kernel.tables.pteOf(kernel.tables.pmdOf(mm, first / 512), first + 7);
  // The kernel writes the page back: clean again, flushed, read in, then stored to while cached.
  kernel.tables.pteBits[entry] &= ~(ENTRY.dirty | ENTRY.accessed);
  kernel.folios.content[space.frame(first + 7)] = 0;
  kernel.flushes.tell(mm.id, first + 7, first + 8);
  tlb.access(window, Uint32Array.of(load(7)), 1);
  kernel.tables.pteBits[entry] &= ~ENTRY.accessed;
  const walks = tlb.counters.walks;
  tlb.access(window, Uint32Array.of(store(7), store(7)), 2);
  assert.equal(tlb.counters.walks, walks + 1);
  assert.equal(kernel.tables.pteBits[entry] & (ENTRY.dirty | ENTRY.accessed), ENTRY.dirty | ENTRY.accessed);
  assert.notEqual(kernel.folios.content[space.frame(first + 7)], 0);
});

test('every sub-page stored to in a huge page has content, the others have none', () => {
  const { tlb, window, kernel, first, space } = process(CPUS['neoverse-v2'], 512, true);
  const pages = [0, 1, 17, 300, 511];
  tlb.access(window, Uint32Array.from(pages, store), pages.length);
  for (let page = 0; page < 512; page++) {
    const content = kernel.folios.content[space.frame(first + page)];
    assert.equal(content !== 0, pages.includes(page), `page ${page}`);
  }
});

test('a split flushes: translations become small and are learnt again', () => {
  const { tlb, window, kernel, mm, first } = process(CPUS['kunpeng-920'], 1024, true);
  const all = Uint32Array.from({ length: 1024 }, (_, page) => store(page));
  tlb.access(window, all, 1024);
  assert.equal(tlb.counters.walks, 2, 'two huge pages');
  adviseRange(kernel, mm, first, first + 512, 'MADV_COLD');
  adviseRange(kernel, mm, first, first + 1, 'MADV_COLD');
  assert.equal(kernel.counters.events.thp_split_page, 1);
  const walks = tlb.counters.walks;
  tlb.access(window, all, 1024);
  // The other block stays cached.
  assert.equal(tlb.counters.walks - walks, 512);
});

test('contpte: sixteen pages of one folio share an entry on arm64, and not on Intel', () => {
  for (const [name, walks] of [
    ['neoverse-n1', 4],
    ['ice-lake', 64],
  ] as const) {
    const { tlb, window } = flat(CPUS[name], 'run', 512);
    tlb.access(
      window,
      Uint32Array.from({ length: 64 }, (_, page) => load(page)),
      64,
    );
    assert.equal(tlb.counters.walks, walks, name);
  }
});

test('Zen merges four aligned pages on contiguous frames without software', () => {
  const merged = flat(CPUS.zen4, 'run', 512);
  const scattered = flat(CPUS.zen4, 'base', 512);
  const accesses = Uint32Array.from({ length: 64 }, (_, page) => load(page));
  merged.tlb.access(merged.window, accesses, 64);
  scattered.tlb.access(scattered.window, accesses, 64);
  assert.deepEqual([merged.tlb.counters.walks, scattered.tlb.counters.walks], [16, 64]);
});

test('a split in place keeps contiguous frames: on Zen it costs a quarter of the walks of scattered pages', () => {
  const { tlb, window, kernel, mm, first } = process(CPUS.zen3, 512, true);
  const all = Uint32Array.from({ length: 512 }, (_, page) => store(page));
  tlb.access(window, all, 512);
  adviseRange(kernel, mm, first, first + 512, 'MADV_COLD');
  adviseRange(kernel, mm, first, first + 1, 'MADV_COLD');
  const walks = tlb.counters.walks;
  tlb.access(window, all, 512);
  assert.equal(tlb.counters.walks - walks, 128);
});

test('faults happen on the way and their time is told', () => {
  const { tlb, window, kernel } = process(CPUS.zen5, 512, false);
  tlb.access(
    window,
    Uint32Array.from({ length: 512 }, (_, page) => store(page)),
    512,
  );
  assert.equal(tlb.counters.faults, 512);
  assert.equal(kernel.counters.events.pgfault, 512);
  assert.ok(tlb.counters.faultNs >= 512 * kernel.costs.fault);
});
