// A seeded run of random operations on a small model, with every invariant and every page's content checked as it goes.
import { SeededRandom } from '../../src/base/seeded-random.js';
import { access, contentAt, emptyLeaf, translate } from '../../src/model/kernel/access/access.js';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { mremap } from '../../src/model/kernel/address-space/mremap.js';
import { createInode, exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { mprotect, munmap } from '../../src/model/kernel/address-space/vmas.js';
import { type AdviceName, adviseRange } from '../../src/model/kernel/advice/madvise.js';
import { setLocked } from '../../src/model/kernel/advice/mlock.js';
import { pin, unpin } from '../../src/model/kernel/advice/pins.js';
import { boot } from '../../src/model/kernel/boot.js';
import { violations } from '../../src/model/kernel/checks/invariants.js';
import { scanPass } from '../../src/model/kernel/collapse/khugepaged.js';
import { dropInode } from '../../src/model/kernel/memory/shmem.js';
import { compact } from '../../src/model/kernel/reclaim/compaction.js';
import { reclaim } from '../../src/model/kernel/reclaim/reclaim.js';
import { writeSplitHugePages } from '../../src/model/kernel/split/debugfs-split.js';
import { shrinkDeferred } from '../../src/model/kernel/split/deferred-split.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import { Memcg } from '../../src/model/kernel/state/memcg.js';
import { type Mm, VM } from '../../src/model/kernel/state/mm.js';
import { RELEASES } from '../../src/model/kernel/state/options.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { makeOld } from '../../src/model/kernel/translation/young.js';
import { pageGeometry } from '../../src/vocabulary/units.js';

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  /** Base pages of a huge block as a power of two: small ones make every check cheap. */
  readonly hugeOrder: number;
  readonly frames: number;
  readonly architecture?: 'x64' | 'arm64';
  /** Check after every n-th step; 1 for each. */
  readonly checkEvery?: number;
}

export interface RunResult {
  readonly steps: number;
  readonly counts: Record<string, number>;
  readonly kernel: Kernel;
}

const VMA_BLOCKS = 3;
/** A page far from every mapping, aligned to any block. */
const AWAY = 2 ** 20;
const MAX_PROCESSES = 4;

/** Runs the operations. Throws with seed, step and operation at the first violation. */
export function runRandomOperations(options: RunOptions): RunResult {
  const run = new RandomRun(options);
  for (let step = 0; step < options.steps; step++) run.step(step);
  return { steps: options.steps, counts: run.counts, kernel: run.kernel };
}

interface Target {
  readonly process: Process;
  readonly mm: Mm;
  readonly start: number;
  readonly pages: number;
  readonly shared: boolean;
}

class RandomRun {
  readonly options: RunOptions;
  readonly random: SeededRandom;
  readonly kernel: Kernel;
  readonly counts: Record<string, number> = {};
  /** What pages of private memory must hold: mm id → page → stamp. A page that may be lost is not noted. */
  readonly expected = new Map<number, Map<number, number>>();
  targets: Target[] = [];
  pins: number[] = [];
  leaf = emptyLeaf();

  constructor(options: RunOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed);
    // Large base pages keep the top level of the page tables small when blocks are.
    const pageBytes = options.hugeOrder < 9 ? 65536 : 4096;
    this.kernel = boot({
      memoryBytes: options.frames * pageBytes,
      geometry: pageGeometry(pageBytes, pageBytes * 2 ** options.hugeOrder),
      architecture: options.architecture ?? 'x64',
      seed: options.seed,
      swapBytes: (options.frames / 4) * pageBytes,
      zswapBytes: (options.frames / 32) * pageBytes,
      features: this.random.below(2) === 0 ? RELEASES['7.3'] : RELEASES['6.18'],
    });
    this.kernel.memcgs.push(new Memcg(1, '/limited', this.kernel.memcgs[0]));
    this.kernel.memcgs[1]!.max = Math.floor(options.frames / 3);
  }

  step(step: number): void {
    const name = this.#choose();
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    this.kernel.cpu = this.random.below(this.kernel.options.cpus);
    try {
      this.#perform(name);
    } catch (error) {
      throw new Error(`seed ${this.options.seed} step ${step} ${name}: ${(error as Error).stack}`);
    }
    this.#bury();
    if (step % (this.options.checkEvery ?? 1) !== 0) return;
    const found = [...violations(this.kernel), ...this.#contentErrors()];
    if (found.length > 0)
      throw new Error(`seed ${this.options.seed} step ${step} ${name}:\n${found.join('\n')}`);
  }

  #choose(): string {
    if (this.targets.length === 0) return 'spawn';
    const total = OPERATIONS.reduce((sum, [, weight]) => sum + weight, 0);
    let at = this.random.below(total);
    for (const [name, weight] of OPERATIONS) {
      if (at < weight) return name;
      at -= weight;
    }
    return 'write';
  }

  #perform(name: string): void {
    if (name.startsWith('MADV_')) this.#advise(name as AdviceName);
    else (this as unknown as Record<string, () => void>)[name]();
  }

  #target(): Target {
    return this.targets[this.random.below(this.targets.length)];
  }

  /** A part of a target: often a whole block, sometimes one page, sometimes anything. */
  #part(target: Target): { start: number; end: number } {
    const block = 2 ** this.options.hugeOrder;
    const kind = this.random.below(4);
    const page = target.start + this.random.below(target.pages);
    if (kind === 0) return { start: page, end: page + 1 };
    const base = Math.max(target.start, page - (page % block));
    if (kind === 1) return { start: base, end: Math.min(base + block, target.start + target.pages) };
    return { start: page, end: Math.min(target.start + target.pages, page + 1 + this.random.below(block)) };
  }

  spawn(): void {
    if (this.targets.length >= MAX_PROCESSES) return;
    const process = spawn(this.kernel, { command: 'random', memcg: this.random.below(2), image: false });
    this.expected.set(process.mm!.id, new Map());
    this.#map(process, this.random.below(3) === 0);
  }

  #map(process: Process, shared: boolean): void {
    const block = 2 ** this.options.hugeOrder;
    const pages = block * VMA_BLOCKS - this.random.below(block / 2);
    const huge = this.random.below(2) === 0 ? 'always' : 'never';
    const inode = shared ? createInode(this.kernel, `/tmp/${process.pid}`, pages, huge) : undefined;
    const flags = VM.read | VM.write | (shared ? VM.shared : 0);
    const start = mmap(this.kernel, process.mm!, { pages, flags, inode });
    if (typeof start === 'string') throw new Error(start);
    this.targets.push({ process, mm: process.mm!, start, pages, shared });
  }

  fork(): void {
    const target = this.#target();
    if (this.targets.length >= MAX_PROCESSES) return;
    const { child } = fork(this.kernel, target.process);
    if (child === undefined) return;
    this.targets.push({ ...target, process: child, mm: child.mm! });
    this.expected.set(child.mm!.id, new Map(this.expected.get(target.mm.id)));
  }

  exit(): void {
    this.#end(this.#target().process);
  }

  /** Forgets processes that the OOM killer ended. */
  #bury(): void {
    for (const { process } of this.targets)
      if (this.kernel.processes.get(process.pid) !== process) {
        this.counts['killed by OOM'] = (this.counts['killed by OOM'] ?? 0) + 1;
        this.expected.delete(process.mm!.id);
      }
    this.targets = this.targets.filter(({ process }) => this.kernel.processes.get(process.pid) === process);
    this.#unlink();
  }

  /** Files that no process maps any more are deleted, so that their memory does not pile up. */
  #unlink(): void {
    for (const inode of [...this.kernel.inodes.values()])
      if (inode.path.startsWith('/tmp/') && inode.mappers.length === 0) dropInode(this.kernel, inode);
  }

  #end(process: Process): void {
    exit(this.kernel, process);
    this.expected.delete(process.mm!.id);
    this.targets = this.targets.filter((target) => target.process !== process);
  }

  write(): void {
    this.#touch(true);
  }

  read(): void {
    this.#touch(false);
  }

  #touch(write: boolean): void {
    const target = this.#target();
    const { start, end } = this.#part(target);
    for (let page = start; page < end; page++) {
      if (access(this.kernel, target.mm, page, write) < 0 || !write || target.shared) continue;
      if (!translate(this.kernel, target.mm, page, this.leaf)) continue;
      const stamp = (this.random.uint32() | 1) >>> 0;
      const keep = this.random.below(4) === 0 ? 0 : stamp;
      this.kernel.folios.content[this.leaf.frame] = keep;
      this.expected.get(target.mm.id)!.set(page, keep);
    }
  }

  #advise(advice: AdviceName): void {
    const target = this.#target();
    const { start, end } = this.#part(target);
    const { error } = adviseRange(this.kernel, target.mm, start, end, advice);
    this.counts[`${advice} ${error ?? 'ok'}`] = (this.counts[`${advice} ${error ?? 'ok'}`] ?? 0) + 1;
    if (advice !== 'MADV_DONTNEED' && advice !== 'MADV_FREE' && advice !== 'MADV_GUARD_INSTALL') return;
    for (let page = start; page < end; page++) this.expected.get(target.mm.id)!.delete(page);
  }

  munmap(): void {
    const target = this.#target();
    const { start, end } = this.#part(target);
    munmap(this.kernel, target.mm, start, end);
    for (let page = start; page < end; page++) this.expected.get(target.mm.id)!.delete(page);
    if (!target.shared) mmap(this.kernel, target.mm, { at: start, pages: end - start });
  }

  /** A hole in shared memory: its pages read as zeroes afterwards, as nobody keeps track of them here. */
  remove(): void {
    const target = this.#target();
    if (!target.shared) return;
    const { start, end } = this.#part(target);
    adviseRange(this.kernel, target.mm, start, end, 'MADV_REMOVE');
  }

  /** Moves a part away and back again, so that the region stays one. */
  mremap(): void {
    const target = this.#target();
    const { start, end } = this.#part(target);
    const block = 2 ** this.options.hugeOrder;
    const away = AWAY + this.random.below(4) * (this.random.below(2) === 0 ? block : 3);
    const there = mremap(this.kernel, target.mm, start, end, away);
    // Without memory for page tables a part may have moved already: that process is of no use any more.
    if (there.error === 'ENOMEM') this.#end(target.process);
    if (there.error !== undefined) return;
    if (this.random.below(2) === 0) {
      const faulted = access(this.kernel, target.mm, away, false);
      if (faulted < -2) throw new Error(`page ${away} of a moved range: ${faulted}`);
    }
    if (this.kernel.processes.get(target.process.pid) !== target.process) return;
    const back = mremap(this.kernel, target.mm, away, away + (end - start), start);
    if (back.error === 'ENOMEM') this.#end(target.process);
    else if (back.error !== undefined) throw new Error(`the way back: ${back.error}`);
  }

  mprotect(): void {
    const target = this.#target();
    const { start, end } = this.#part(target);
    mprotect(this.kernel, target.mm, start, end, this.random.below(2) === 0 ? VM.read : VM.read | VM.write);
  }

  mlock(): void {
    const target = this.#target();
    const { start, end } = this.#part(target);
    setLocked(this.kernel, target.mm, start, end, this.random.below(3) === 0);
  }

  makeOld(): void {
    const target = this.#target();
    const { start, end } = this.#part(target);
    for (let page = start; page < end; page++) makeOld(this.kernel, target.mm, page);
  }

  debugfs(): void {
    const target = this.#target();
    const { start, end } = this.#part(target);
    const order = this.random.below(this.options.hugeOrder + 1);
    const at = this.random.below(2) === 0 ? `,${this.random.below(2 ** this.options.hugeOrder)}` : '';
    const hex = (page: number) => `0x${(page * this.kernel.geometry.pageBytes).toString(16)}`;
    writeSplitHugePages(this.kernel, `${target.process.pid},${hex(start)},${hex(end)},${order}${at}\n`);
  }

  khugepaged(): void {
    scanPass(this.kernel, 2 ** this.options.hugeOrder * 4);
  }

  reclaim(): void {
    const memcg = this.kernel.memcgs[this.random.below(2)]!;
    reclaim(
      this.kernel,
      memcg,
      1 + this.random.below(64),
      this.random.below(2) === 0 ? 'proactive' : 'direct',
    );
  }

  shrink(): void {
    for (const memcg of this.kernel.memcgs) if (memcg !== undefined) shrinkDeferred(this.kernel, memcg, 1000);
  }

  compact(): void {
    compact(this.kernel, this.options.hugeOrder);
  }

  pin(): void {
    const target = this.#target();
    if (this.pins.length >= 3) {
      unpin(this.kernel, this.pins.shift()!);
      return;
    }
    const { start } = this.#part(target);
    const vma = target.mm.vmaOf(start);
    if (vma === undefined || (vma.flags & VM.write) === 0) return;
    const head = pin(this.kernel, target.mm, start);
    // Compaction never moves and splits never cut a pinned folio, so the head stays its name.
    if (head >= 0) this.pins.push(head);
  }

  settings(): void {
    const { thp } = this.kernel;
    const pages = 2 ** this.options.hugeOrder;
    thp.maxPtesNone = [0, 1, pages >> 1, pages - 1][this.random.below(4)];
    thp.maxPtesShared = this.random.below(pages);
    thp.maxPtesSwap = this.random.below(pages);
    thp.enabled = (['always', 'madvise', 'never'] as const)[this.random.below(3)];
    thp.defrag = (['always', 'madvise', 'never', 'defer'] as const)[this.random.below(4)];
    thp.useZeroPage = this.random.below(2) === 0;
    thp.shrinkUnderused = this.random.below(2) === 0;
    for (let order = 2; order < this.options.hugeOrder; order++)
      thp.anonEnabled[order] = (['always', 'never', 'inherit'] as const)[this.random.below(3)];
  }

  time(): void {
    this.kernel.clock.advance(this.random.below(20) * 1e9);
  }

  #contentErrors(): string[] {
    const errors: string[] = [];
    const seen = new Set<Mm>();
    for (const target of this.targets) {
      if (seen.has(target.mm)) continue;
      seen.add(target.mm);
      for (const [page, stamp] of this.expected.get(target.mm.id)!) {
        const found = contentAt(this.kernel, target.mm, page, this.leaf);
        if (found !== stamp) errors.push(`mm ${target.mm.id} page ${page} holds ${found}, not ${stamp}`);
      }
    }
    return errors.slice(0, 5);
  }
}

const OPERATIONS: readonly [string, number][] = [
  ['spawn', 4],
  ['fork', 3],
  ['exit', 2],
  ['write', 30],
  ['read', 12],
  ['MADV_COLD', 8],
  ['MADV_PAGEOUT', 6],
  ['MADV_COLLAPSE', 10],
  ['MADV_HUGEPAGE', 4],
  ['MADV_NOHUGEPAGE', 2],
  ['MADV_DONTNEED', 4],
  ['MADV_FREE', 4],
  ['MADV_WILLNEED', 2],
  ['MADV_GUARD_INSTALL', 1],
  ['MADV_GUARD_REMOVE', 2],
  ['munmap', 2],
  ['remove', 2],
  ['mremap', 2],
  ['mprotect', 3],
  ['mlock', 2],
  ['makeOld', 4],
  ['debugfs', 8],
  ['khugepaged', 8],
  ['reclaim', 5],
  ['shrink', 3],
  ['compact', 3],
  ['pin', 3],
  ['settings', 3],
  ['time', 3],
];
