/** The area under S(B) that a rule gets, as a share of that of the bound. */
import { SeededRandom } from '../../src/base/seeded-random.js';
import { Bound, wasteOfAll } from '../../src/policies/octavo/bound.js';
import { AliasTable } from '../../src/simulator/workloads/alias-table.js';
import type { Translation } from '../../src/vocabulary/translation.js';
import { type Family, worldOf } from './families.js';
import { accessesOf, walkNsPerAccess } from './lru.js';
import { RULES, type RuleName, type Sampled } from './rules.js';

/** 768 entries for 96 blocks, walks as measured on the model. */
export const CPU: Translation = {
  entries: 768,
  hugeEntries: 768,
  runPages: 1,
  runBy: 'none',
  smallWalkNs: 43.7,
  hugeWalkNs: 6.7,
  basis: 'the evidence of the design',
};
export const CONTPTE: Translation = { ...CPU, runPages: 16, runBy: 'contiguous-bit' };

const PER_SECOND = 5e6;

export interface ScoreOptions {
  readonly samplesPerBlock: number;
  readonly seed: number;
  readonly accesses: number;
  /** Shares of the bloat at which S is looked at. */
  readonly at: readonly number[];
}

export function cpuOf(family: Family): Translation {
  return family === 'slabs' ? CONTPTE : CPU;
}

/** Shares of the bound's area, by rule. */
export function scores(family: Family, options: ScoreOptions): Record<RuleName, number> {
  const { samplesPerBlock, seed, accesses, at } = options;
  const cpu = cpuOf(family);
  const world = worldOf(family, seed, PER_SECOND);
  const sampled: Sampled = {
    world,
    cpu,
    ...drawCounts(world.rates, samplesPerBlock, world.pagesPerBlock, seed),
  };
  const drawn = accessesOf(world, accesses, seed + 2);
  const blocks = world.rates.length / world.pagesPerBlock;
  const cost = (isHuge: Uint8Array) => costOf(sampled, drawn, isHuge);
  const never = cost(new Uint8Array(blocks));
  const always = cost(new Uint8Array(blocks).fill(1));
  const all = wasteOfAll(world);
  const bound = new Bound(world, cpu);
  const bounds = at.map(
    (share) => (never - bound.leastWalkNs((1 - share) * all) / PER_SECOND) / (never - always),
  );
  const area = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const entries = Object.entries(RULES).map(([name, rule]) => {
    const order = rule(sampled);
    const kept = at.map(
      (share) => (never - cost(within(sampled, order, (1 - share) * all))) / (never - always),
    );
    return [name, area(kept) / area(bounds)];
  });
  return Object.fromEntries(entries);
}

function drawCounts(rates: Float64Array, perBlock: number, pagesPerBlock: number, seed: number) {
  const random = new SeededRandom(seed + 1);
  const table = new AliasTable(rates);
  const counts = new Float64Array(rates.length);
  const samples = (perBlock * rates.length) / pagesPerBlock;
  for (let sample = 0; sample < samples; sample++) counts[table.draw(random)]++;
  return { counts, exposure: samples / PER_SECOND };
}

/** The longest beginning of an order whose waste is allowed; blocks that waste too much for the rest are left out. */
function within({ world }: Sampled, order: ArrayLike<number>, allowed: number): Uint8Array {
  const { pagesPerBlock, pageBytes, isEmpty } = world;
  const isHuge = new Uint8Array(order.length);
  let wasted = 0;
  for (let at = 0; at < order.length; at++) {
    const block = order[at];
    const empty = isEmpty.subarray(block * pagesPerBlock, (block + 1) * pagesPerBlock);
    const waste = pageBytes * empty.reduce((sum, one) => sum + one, 0);
    if (wasted + waste > allowed) continue;
    wasted += waste;
    isHuge[block] = 1;
  }
  return isHuge;
}

function costOf({ world, cpu }: Sampled, accesses: Uint32Array, isHuge: Uint8Array): number {
  const { pagesPerBlock, isEmpty, rates } = world;
  const entryOf = new Uint32Array(rates.length);
  const isHugeEntry: number[] = [];
  for (let first = 0; first < rates.length; first += cpu.runPages) {
    const block = Math.floor(first / pagesPerBlock);
    const isFull = isEmpty.subarray(first, first + cpu.runPages).every((empty) => empty === 0);
    for (let page = first; page < first + cpu.runPages; page++) {
      const isFirst = isHuge[block] === 1 ? page % pagesPerBlock === 0 : !isFull || page === first;
      if (isFirst) isHugeEntry.push(isHuge[block]);
      entryOf[page] = isHugeEntry.length - 1;
    }
  }
  return walkNsPerAccess(accesses, entryOf, Uint8Array.from(isHugeEntry), cpu);
}
