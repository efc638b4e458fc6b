/**
 * The best layouts that are known for rates that were counted: the greedy curve's, each played on the CPU's TLB. What a policy
 * that knew everything could do, without any cost of getting there.
 */
import { SeededRandom } from '../base/seeded-random.js';
import type { Cpu } from '../model/cpus/cpu.js';
import { BATCH, Tlb, windowsFor } from '../model/hardware/tlb.js';
import { subtractCounters } from '../model/hardware/tlb-counters.js';
import { exactTable } from '../policies/octavo/best-known.js';
import { curveOf } from '../policies/octavo/curve.js';
import { modelTranslation } from '../simulator/run/model-translation.js';
import { AliasTable } from '../simulator/workloads/alias-table.js';
import type { Nanoseconds, PageGeometry } from '../vocabulary/units.js';
import { LayoutSpace } from './layout-space.js';
import { blocksInUse, type CountedPages, nsOfCycle } from './rates.js';
import { STEPS, type WalkTime } from './speed-bound.js';

/** A layout on the curve, by how it does. */
export interface KnownLayout extends WalkTime {
  /** Of an access. */
  readonly translationNs: Nanoseconds;
}

/** Layouts from everything huge to everything small that are played. */
const POINTS = 8;
/** Accesses that fill the TLB, and those that are counted. */
const WARM_UP = 1e5;
const COUNTED = 2e5;
/** Seconds that the counts are taken to stand for do not matter to the order; rates of a busy thread do as well. */
const ACCESSES_A_SECOND = 2e6;

/** Rising by what they give back, a share of the bloat of huge pages everywhere; none without any access. */
export function knownLayouts(all: CountedPages, geometry: PageGeometry, cpu: Cpu): readonly KnownLayout[] {
  const { pagesPerBlock, pageBytes } = geometry;
  const pages = blocksInUse(all, pagesPerBlock);
  const total = sumOf(pages.counts);
  if (total === 0) return [];
  const isEmpty = pages.used.map((used) => 1 - used);
  const rates = Float64Array.from(pages.counts, (count) => (count / total) * ACCESSES_A_SECOND);
  const translation = modelTranslation(cpu);
  const runs = translation.runBy === 'physical' ? translation.runPages : 1;
  const { order, waste } = curveOf(
    exactTable({ pagesPerBlock, pageBytes, rates, isEmpty }, runs),
    translation,
  );
  const playing = { table: new AliasTable(rates), geometry, cpu };
  const layouts: KnownLayout[] = [];
  for (let point = 0; point <= POINTS; point++) {
    const huge = Math.round((order.length * point) / POINTS);
    const isHuge = new Uint8Array(order.length);
    for (const block of order.subarray(0, huge)) isHuge[block] = 1;
    const removed = 1 - waste[huge] / Math.max(1, waste[order.length]);
    const { translationNs, walkNs } = played(new LayoutSpace(isHuge, pages.used, geometry, true), playing);
    // Where no small page is walked, a walk to one takes what it takes next to that layout.
    layouts.unshift({ removed, translationNs, walkNs: walkNs ?? layouts[0]?.walkNs ?? 0 });
  }
  return layouts;
}

/** What an access saves against small pages alone at each share of the bloat removed: on lines between the layouts. */
export function knownSavings(layouts: readonly KnownLayout[]): Float64Array {
  const saved = new Float64Array(STEPS + 1);
  const smallNs = layouts.at(-1)?.translationNs ?? 0;
  for (const [index, { removed, translationNs }] of layouts.entries()) {
    const before = layouts[Math.max(0, index - 1)];
    const width = removed - before.removed;
    for (let step = Math.ceil(before.removed * STEPS); step <= removed * STEPS; step++) {
      const share = width === 0 ? 1 : (step / STEPS - before.removed) / width;
      const ns = before.translationNs + share * (translationNs - before.translationNs);
      saved[step] = Math.max(saved[step], smallNs - ns);
    }
  }
  return saved;
}

interface Played {
  readonly translationNs: Nanoseconds;
  /** Undefined where there was no walk to a small page. */
  readonly walkNs: Nanoseconds | undefined;
}

interface Playing {
  readonly table: AliasTable;
  readonly geometry: PageGeometry;
  readonly cpu: Cpu;
}

function played(space: LayoutSpace, { table, geometry, cpu }: Playing): Played {
  const windows = windowsFor(cpu, geometry);
  const window = windows.open(space, 0, table.size);
  const tlb = new Tlb(cpu, windows);
  const random = new SeededRandom(1);
  const batch = new Uint32Array(BATCH);
  const play = (accesses: number) => {
    for (let made = 0; made < accesses; made += BATCH) {
      for (let i = 0; i < BATCH; i++) batch[i] = table.draw(random) << 1;
      tlb.access(window, batch, BATCH);
    }
  };
  play(WARM_UP);
  const before = tlb.counters;
  play(COUNTED);
  const { accesses, cycles, walks, hugeWalks, firstLevelMisses } = subtractCounters(tlb.counters, before);
  const hitCycles = (firstLevelMisses - walks) * cpu.secondHitCycles.value;
  const hugeCycles = hugeWalks * cpu.walk.nearCycles.value;
  const small = walks - hugeWalks;
  const walkNs =
    small === 0 ? undefined : (Math.max(0, cycles - hitCycles - hugeCycles) * nsOfCycle(cpu)) / small;
  return { translationNs: (cycles * nsOfCycle(cpu)) / accesses, walkNs };
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index];
  return sum;
}
