// A small model to test on, with the words in which the tests speak of it.
import assert from 'node:assert/strict';
import { access } from '../../src/model/kernel/access/access.js';
import { mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { type AdviceName, adviseRange } from '../../src/model/kernel/advice/madvise.js';
import { processMadvise, ROOT } from '../../src/model/kernel/advice/process-madvise.js';
import { boot } from '../../src/model/kernel/boot.js';
import { violations } from '../../src/model/kernel/checks/invariants.js';
import { mountFiles } from '../../src/model/kernel/files/mount-files.js';
import { drainAll } from '../../src/model/kernel/memory/lru.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import { type MappedInode, VM } from '../../src/model/kernel/state/mm.js';
import { type KernelOptions, RELEASES, type Release } from '../../src/model/kernel/state/options.js';
import { ENTRY } from '../../src/model/kernel/state/page-tables.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { MIB } from '../../src/vocabulary/units.js';

export const THP = '/sys/kernel/mm/transparent_hugepage';

export interface Fixture {
  readonly kernel: Kernel;
  readonly process: Process;
  /** First page of the mapping under test. */
  readonly base: number;
}

export interface FixtureOptions extends Partial<KernelOptions> {
  readonly release?: Release;
  readonly blocks?: number;
  readonly inode?: (kernel: Kernel, pages: number) => MappedInode;
}

/** A model with one process and an aligned mapping of some huge blocks in it, untouched. */
export function fixture(options: FixtureOptions = {}): Fixture {
  const { release = '7.3', blocks = 4, inode, ...rest } = options;
  const kernel = boot({ memoryBytes: 512 * MIB, features: RELEASES[release], ...rest });
  mountFiles(kernel, 1, '00000000-0000-4000-8000-000000000000');
  const process = spawn(kernel, { command: 'victim' });
  const pages = blocks * kernel.geometry.pagesPerBlock;
  const made = inode?.(kernel, pages);
  const flags = VM.read | VM.write | (made === undefined ? 0 : VM.shared);
  const base = mmap(kernel, process.mm!, { pages, flags, inode: made });
  assert.equal(typeof base, 'number');
  return { kernel, process, base: base as number };
}

export function write({ kernel, process }: Fixture, from: number, pages: number, step = 1): void {
  for (let page = from; page < from + pages; page += step)
    assert.ok(access(kernel, process.mm!, page, true) >= 0, `page ${page} could not be written`);
}

export function read({ kernel, process }: Fixture, from: number, pages = 1): void {
  for (let page = from; page < from + pages; page++) assert.ok(access(kernel, process.mm!, page, false) >= 0);
}

/** madvise by the process itself. */
export function advise({ kernel, process }: Fixture, from: number, pages: number, advice: AdviceName) {
  return adviseRange(kernel, process.mm!, from, from + pages, advice).error;
}

/** process_madvise by root: the bytes it answers, or the errno. */
export function remote(
  { kernel, process }: Fixture,
  from: number,
  pages: number,
  advice: string,
): number | string {
  const answer = processMadvise(kernel, ROOT, process, [{ start: from, end: from + pages }], advice);
  return answer.error ?? answer.bytes;
}

export function set({ kernel }: Fixture, path: string, value: string): void {
  const at = path.startsWith('/') ? path : `${THP}/${path}`;
  const file = kernel.files.find(at);
  assert.ok(typeof file === 'object' && file.kind === 'file', `${at}: ${String(file)}`);
  assert.equal(file.write?.(value), undefined, `${path} = ${value}`);
}

export function get({ kernel }: Fixture, path: string): string {
  const at = path.startsWith('/') ? path : `${THP}/${path}`;
  const file = kernel.files.find(at);
  assert.ok(typeof file === 'object' && file.kind === 'file', `${at}: ${String(file)}`);
  const text = file.read?.();
  assert.equal(typeof text, 'string');
  return text as string;
}

/** Orders of the folios behind a block, in address order: one number for each folio, −1 for a hole, 'z' for zeroes. */
export function ordersAt({ kernel, process, base }: Fixture, block = 0): string {
  const { tables, folios, geometry } = kernel;
  const start = base + block * geometry.pagesPerBlock;
  const pmd = tables.pmdOf(process.mm!, start / geometry.pagesPerBlock);
  if (tables.pmdBits[pmd] & ENTRY.present)
    return tables.pmdBits[pmd] & ENTRY.zero ? 'Z' : `P${folios.orderOf(tables.pmdValue[pmd])}`;
  const found: string[] = [];
  let last = -1;
  for (let i = 0; i < geometry.pagesPerBlock; i++) {
    const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock + i;
    const bits = tables.pteBits[entry];
    const own = (bits & (ENTRY.present | ENTRY.zero)) === ENTRY.present;
    const head = own ? folios.headOf(tables.pteValue[entry]) : -1;
    if (!own) found.push(bits & ENTRY.zero ? 'z' : bits & ENTRY.swap ? 's' : '-');
    else if (head !== last) found.push(String(folios.orderOf(head)));
    last = head;
  }
  return runs(found);
}

/** `6 5 2 2` with repetitions as `0x512`. */
function runs(words: string[]): string {
  const shown: string[] = [];
  for (let i = 0; i < words.length; ) {
    let n = 1;
    while (words[i + n] === words[i]) n++;
    shown.push(n === 1 ? words[i] : `${words[i]}x${n}`);
    i += n;
  }
  return shown.join(' ');
}

/** A field of smaps_rollup in kB. */
export function rollup(fixture: Fixture, name: string): number {
  const text = get(fixture, `/proc/${fixture.process.pid}/smaps_rollup`);
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)![1]);
}

export function stat(fixture: Fixture, kb: number, name: string): number {
  return Number(get(fixture, `hugepages-${kb}kB/stats/${name}`));
}

export function vmstat(fixture: Fixture, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(get(fixture, '/proc/vmstat'))![1]);
}

/** What the named counters and gauges changed by while `act` ran; unchanged ones are left out. */
export function changes(fixture: Fixture, act: () => void): Record<string, number> {
  const before = counters(fixture);
  act();
  const after = counters(fixture);
  const changed: Record<string, number> = {};
  for (const [name, value] of after)
    if (value !== before.get(name)) changed[name] = value - (before.get(name) ?? 0);
  return changed;
}

function counters(fixture: Fixture): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, name, value] of get(fixture, '/proc/vmstat').matchAll(/^(thp_\S+) (\d+)$/gm))
    found.set(name, Number(value));
  for (const kb of [16, 64, 2048])
    for (const name of [
      'split',
      'split_failed',
      'split_deferred',
      'nr_anon',
      'nr_anon_partially_mapped',
      'swpout_fallback',
    ])
      found.set(`${kb}kB/${name}`, stat(fixture, kb, name));
  return found;
}

/** What waits in per-CPU batches joins its LRU lists, so that a call from another CPU finds all of it. */
export function settle({ kernel }: Fixture): void {
  drainAll(kernel);
}

export function seconds({ kernel }: Fixture, time: number): void {
  kernel.clock.advance(time * 1e9);
}

export function assertSound({ kernel }: Fixture): void {
  assert.deepEqual(violations(kernel), []);
}

/** Gives every page of a range a content of its own, or makes it hold zeroes. */
export function fill(fixture: Fixture, from: number, pages: number, dataEvery = 1): void {
  const { kernel, process } = fixture;
  const { tables, folios, geometry } = kernel;
  for (let page = from; page < from + pages; page++) {
    assert.ok(access(kernel, process.mm!, page, true) >= 0);
    const pmd = tables.pmdOf(process.mm!, Math.floor(page / geometry.pagesPerBlock));
    const frame =
      tables.pmdBits[pmd] & ENTRY.present
        ? tables.pmdValue[pmd] + (page % geometry.pagesPerBlock)
        : tables.pteValue[tables.pteOf(pmd, page)];
    folios.content[frame] = (page - from) % dataEvery === 0 ? page + 1 : 0;
  }
}
