/**
 * How long an entry stays in the TLB (Che's approximation of LRU): the characteristic time τ at which the entries that were
 * used within τ fill it. An entry of rate λ then misses λ·e^(−λτ) times a second. Of a rate that is only believed,
 * λ ~ Gamma(a, b), the expectation is (a/b)·(b/(b+τ))^(a+1).
 */
import { smallWalkNs, type Translation, type WalkTimes } from '../../vocabulary/translation.js';
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { LayoutTable } from './layout-table.js';

/** Expected entries in use within `tau` seconds, of all blocks in a layout (1 for each block that is huge). */
export function entriesWithin(table: LayoutTable, isHuge: Uint8Array, tau: number): number {
  let sum = 0;
  for (let block = 0; block < table.count; block++) {
    const age = Math.log1p(tau / table.exposure[block]);
    sum += isHuge[block] === 1 ? -Math.expm1(-table.hugeShape[block] * age) : smallWithin(table, block, age);
  }
  return sum;
}

function smallWithin(
  { firstClass, classShape, classEntries }: LayoutTable,
  block: number,
  age: number,
): number {
  let sum = 0;
  for (let at = firstClass[block]; at < firstClass[block + 1]; at++) {
    sum -= classEntries[at] * Math.expm1(-classShape[at] * age);
  }
  return sum;
}

/** Expected misses a second of a block in small pages, if its rates were `scale` times what is believed. */
export function smallMisses(table: LayoutTable, block: number, tau: number, scale = 1): number {
  const { firstClass, classShape, classEntries } = table;
  const exposure = table.exposure[block] / scale;
  const age = Math.log1p(tau / exposure);
  if (age === Number.POSITIVE_INFINITY) return 0;
  let sum = 0;
  for (let at = firstClass[block]; at < firstClass[block + 1]; at++) {
    const shape = classShape[at];
    sum += classEntries[at] * shape * Math.exp(-(shape + 1) * age);
  }
  return sum / exposure;
}

/**
 * Nanoseconds of walks a second of a block in small pages. A line of page tables is walked by all of its entries: by this
 * one, and by others that miss as often as the block's do on average.
 */
export function smallWalksNs(
  table: LayoutTable,
  block: number,
  tau: number,
  cpu: WalkTimes,
  scale = 1,
): Nanoseconds {
  const { firstClass, classShape, classEntries } = table;
  const exposure = table.exposure[block] / scale;
  const age = Math.log1p(tau / exposure);
  if (age === Number.POSITIVE_INFINITY) return 0;
  if (cpu.lines === undefined) return smallMisses(table, block, tau, scale) * cpu.smallWalkNs;
  const entries = entriesOf(table, block);
  const others = Math.max(0, entries / Math.max(1, table.lines[block]) - 1);
  const shared = (others * smallMisses(table, block, tau, scale)) / Math.max(1, entries);
  let sum = 0;
  for (let at = firstClass[block]; at < firstClass[block + 1]; at++) {
    const shape = classShape[at];
    const misses = (shape * Math.exp(-(shape + 1) * age)) / exposure;
    sum += classEntries[at] * misses * smallWalkNs(cpu, misses + shared);
  }
  return sum;
}

function entriesOf({ firstClass, classEntries }: LayoutTable, block: number): number {
  let sum = 0;
  for (let at = firstClass[block]; at < firstClass[block + 1]; at++) sum += classEntries[at];
  return sum;
}

/**
 * Seconds for which a translation stays in the first level, in which hardly any small one is met twice; undefined where
 * nothing is known of that level.
 */
export function firstTime(
  { count, hugeShape, exposure }: LayoutTable,
  isHuge: Uint8Array,
  { first }: Translation,
): number | undefined {
  if (first === undefined) return undefined;
  let small = 0;
  for (let block = 0; block < count; block++) {
    if (isHuge[block] === 0 && first.isShared) small += hugeShape[block] / exposure[block];
  }
  const within = (tau: number) => {
    let sum = small * tau;
    for (let block = 0; block < count; block++) {
      if (isHuge[block] === 1) sum -= Math.expm1(-hugeShape[block] * Math.log1p(tau / exposure[block]));
    }
    return sum;
  };
  let [low, high] = [SHORTEST, LONGEST];
  if (within(high) <= first.entries) return Number.POSITIVE_INFINITY;
  for (let round = 0; round < HALVINGS; round++) {
    const middle = Math.sqrt(low * high);
    if (within(middle) < first.entries) low = middle;
    else high = middle;
  }
  return low;
}

/** Nanoseconds a second of hits behind the first level: of a block in small pages, and of one as huge page. */
export function smallHitsNs(
  { hugeShape, exposure }: LayoutTable,
  block: number,
  cpu: WalkTimes,
): Nanoseconds {
  if (cpu.first === undefined || cpu.firstTau === undefined) return 0;
  return (cpu.first.secondHitNs * hugeShape[block]) / exposure[block];
}

/**
 * Returns the time that hits in the second level take of a huge entry, in nanoseconds a second; 0 with one
 * level.
 */
export function hugeHitsNs(table: LayoutTable, block: number, cpu: WalkTimes): Nanoseconds {
  if (cpu.first === undefined || cpu.firstTau === undefined) return 0;
  return cpu.first.secondHitNs * hugeMisses(table, block, cpu.firstTau);
}

/** Expected misses a second of a block as one huge page, if its rate were `scale` times what is believed. */
export function hugeMisses(table: LayoutTable, block: number, tau: number, scale = 1): number {
  const shape = table.hugeShape[block];
  const exposure = table.exposure[block] / scale;
  if (tau === Number.POSITIVE_INFINITY || shape === 0) return 0;
  return (shape / exposure) * Math.exp(-(shape + 1) * Math.log1p(tau / exposure));
}

/** Entries that a layout has in all: what τ = ∞ would fill. */
function allEntries(table: LayoutTable, isHuge: Uint8Array): number {
  return entriesWithin(table, isHuge, Number.POSITIVE_INFINITY);
}

const ENOUGH = 1e-4;
/** Between these seconds the time in the first level is looked for, to a few per cent. */
const SHORTEST = 1e-9;
const LONGEST = 1e3;
const HALVINGS = 12;

/**
 * The characteristic time in seconds of a layout in a TLB of `entries`; infinite when everything fits. `guess` is the time of
 * a layout that differs little, where there is one.
 */
export function characteristicTime(
  table: LayoutTable,
  isHuge: Uint8Array,
  entries: number,
  guess = 1e-3,
): number {
  if (allEntries(table, isHuge) <= entries) return Number.POSITIVE_INFINITY;
  const miss = (x: number) => entriesWithin(table, isHuge, Math.exp(x)) / entries - 1;
  let low = Math.log(Number.isFinite(guess) ? guess : 1);
  let atLow = miss(low);
  let step = 0.1;
  let high = low;
  let atHigh = atLow;
  for (; atLow > 0; step *= 2) {
    [high, atHigh] = [low, atLow];
    low -= step;
    atLow = miss(low);
  }
  for (; atHigh < 0; step *= 2) {
    [low, atLow] = [high, atHigh];
    high += step;
    // Beyond every exposure, what is left to fill comes from entries that are hardly ever used.
    if (high > 80) return Number.POSITIVE_INFINITY;
    atHigh = miss(high);
  }
  return Math.exp(rootBetween(miss, { low, atLow, high, atHigh }));
}

interface Bracket {
  readonly low: number;
  readonly atLow: number;
  readonly high: number;
  readonly atHigh: number;
}

/** Regula falsi (Illinois) between two ends of different sign. */
function rootBetween(miss: (x: number) => number, { low, atLow, high, atHigh }: Bracket): number {
  let [a, fa, b, fb] = [low, atLow, high, atHigh];
  if (fa === 0) return a;
  for (let round = 0; round < 60; round++) {
    const x = fb === fa ? (a + b) / 2 : (a * fb - b * fa) / (fb - fa);
    const fx = miss(x);
    if (Math.abs(fx) < ENOUGH) return x;
    if (fx * fb < 0) [a, fa] = [b, fb];
    else fa /= 2;
    [b, fb] = [x, fx];
  }
  return b;
}
