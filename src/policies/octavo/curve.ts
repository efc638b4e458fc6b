/**
 * Which blocks are worth a huge page, the best first: from everything small, blocks are made huge by the time that they
 * save for each byte that they waste. Every beginning of that order is a layout, so the order is the whole trade of memory
 * for speed. It starts from small pages since TLBs have increasing returns: from everything huge every entry fits, τ is
 * infinite and no block is worth anything (docs/decisions/0920).
 */
import { assert } from '../../base/assert.js';
import { type Translation, type WalkTimes, withTables } from '../../vocabulary/translation.js';
import type { Bytes, Nanoseconds } from '../../vocabulary/units.js';
import type { LayoutTable } from './layout-table.js';
import {
  characteristicTime,
  firstTime,
  hugeHitsNs,
  hugeMisses,
  smallHitsNs,
  smallMisses,
  smallWalksNs,
} from './residency.js';

/** Blocks in the order of their worth, and what each layout of that order costs. */
export interface Curve {
  /** Blocks of the table, the one most worth a huge page first. */
  readonly order: Uint32Array;
  /** By number of huge blocks, 0 to all: nanoseconds of walks a second. */
  readonly walkNs: Float64Array;
  /** The same: bytes wasted. */
  readonly waste: Float64Array;
  /** The same: characteristic time in seconds. */
  readonly tau: Float64Array;
  /** By place in `order`: nanoseconds a second that the block saves as huge page for each byte, when it was its turn. */
  readonly score: Float64Array;
}

/** τ is found anew this many times on the way: a block more changes it little. */
const ROUNDS = 32;
/** Bytes that a block without any waste counts as wasting, so that such blocks are ranked among each other. */
const LEAST_WASTE: Bytes = 1;

/** Nanoseconds of walks a second that a block saves as huge page, its rates being `scale` times what is believed. */
export function savedByHuge(
  table: LayoutTable,
  block: number,
  tau: number,
  cpu: WalkTimes,
  scale = 1,
): Nanoseconds {
  const small = smallWalksNs(table, block, tau, cpu, scale);
  const hits = scale * (smallHitsNs(table, block, cpu) - hugeHitsNs(table, block, cpu));
  return table.worth[block] * (small - hugeMisses(table, block, tau, scale) * cpu.hugeWalkNs) + hits;
}

/** The CPU with the times of walks that it has in a layout: the more lines of page tables are walked, the longer they take. */
export function cpuAt(table: LayoutTable, isHuge: Uint8Array, tau: number, cpu: Translation): WalkTimes {
  const firstTau = firstTime(table, isHuge, cpu);
  const timed = firstTau === undefined ? cpu : { ...cpu, firstTau };
  if (cpu.tables === undefined) return timed;
  let [walks, blocks] = [0, 0];
  for (let block = 0; block < table.count; block++) {
    if (isHuge[block] === 1) continue;
    walks += smallMisses(table, block, tau);
    blocks++;
  }
  return withTables(timed, walks, blocks);
}

/** Nanoseconds of walks a second of a whole layout. */
export function walkNsOf(
  table: LayoutTable,
  isHuge: Uint8Array,
  tau: number,
  anyCpu: Translation,
): Nanoseconds {
  const cpu = cpuAt(table, isHuge, tau, anyCpu);
  let sum = 0;
  for (let block = 0; block < table.count; block++) {
    sum += isHuge[block] === 1 ? hugeHitsNs(table, block, cpu) : smallHitsNs(table, block, cpu);
    sum +=
      table.worth[block] *
      (isHuge[block] === 1
        ? hugeMisses(table, block, tau) * cpu.hugeWalkNs
        : smallWalksNs(table, block, tau, cpu));
  }
  return sum;
}

/** `extra`: nanoseconds a second that a block saves beyond walks when it is huge (what small pages of it would cost). */
export function curveOf(table: LayoutTable, cpu: Translation, extra?: Float64Array): Curve {
  const { count } = table;
  const curve = emptyCurve(count);
  const isHuge = new Uint8Array(count);
  const left = Uint32Array.from({ length: count }, (_, block) => block);
  const scores = new Float64Array(count);
  const batch = Math.max(1, Math.ceil(count / ROUNDS));
  let tau = characteristicTime(table, isHuge, cpu.entries);
  note(curve, 0, { table, isHuge, tau, cpu, extra });
  for (let done = 0; done < count; ) {
    const now = cpuAt(table, isHuge, tau, cpu);
    const remaining = left.subarray(0, count - done);
    for (let at = 0; at < remaining.length; at++) {
      const block = remaining[at];
      const saved = savedByHuge(table, block, tau, now) + (extra?.[block] ?? 0);
      scores[block] = saved / Math.max(LEAST_WASTE, table.waste[block]);
    }
    assert(!Number.isNaN(scores[remaining[0]]), 'a block has no score');
    const best = takeBest(remaining, scores, Math.min(batch, remaining.length));
    for (const block of best) {
      isHuge[block] = 1;
      curve.order[done] = block;
      curve.score[done++] = scores[block];
    }
    tau = characteristicTime(table, isHuge, cpu.entries, tau);
    note(curve, done, { table, isHuge, tau, cpu, extra });
    fillBetween(curve, done - best.length, done, table);
  }
  return curve;
}

function emptyCurve(count: number): Curve {
  const column = () => new Float64Array(count + 1);
  return { order: new Uint32Array(count), walkNs: column(), waste: column(), tau: column(), score: column() };
}

interface State {
  readonly table: LayoutTable;
  readonly isHuge: Uint8Array;
  readonly tau: number;
  readonly cpu: Translation;
  readonly extra: Float64Array | undefined;
}

function note(curve: Curve, huge: number, { table, isHuge, tau, cpu, extra }: State): void {
  curve.tau[huge] = tau;
  let elsewhere = 0;
  if (extra !== undefined) {
    for (let block = 0; block < table.count; block++) elsewhere += isHuge[block] === 1 ? 0 : extra[block];
  }
  curve.walkNs[huge] = walkNsOf(table, isHuge, tau, cpu) + elsewhere;
}

/** Places inside a round, on a line between its ends; their waste is exact. */
function fillBetween(curve: Curve, from: number, to: number, table: LayoutTable): void {
  for (let at = from + 1; at <= to; at++) {
    const share = (at - from) / (to - from);
    curve.waste[at] = curve.waste[at - 1] + table.waste[curve.order[at - 1]];
    curve.tau[at] = at === to ? curve.tau[to] : curve.tau[from];
    curve.walkNs[at] = curve.walkNs[from] + share * (curve.walkNs[to] - curve.walkNs[from]);
  }
}

/** Moves the `most` blocks of the highest scores to the end of `blocks` and returns them, the best first. */
function takeBest(blocks: Uint32Array, scores: Float64Array, most: number): number[] {
  const sorted = new Float64Array(blocks.length);
  for (let at = 0; at < blocks.length; at++) sorted[at] = scores[blocks[at]];
  sorted.sort();
  const bound = sorted[sorted.length - most];
  const above = sorted.length - upperBound(sorted, bound);
  let equal = most - above;
  const best: number[] = [];
  let kept = 0;
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at];
    if (scores[block] > bound || (scores[block] === bound && equal-- > 0)) best.push(block);
    else blocks[kept++] = block;
  }
  return best.sort((one, other) => scores[other] - scores[one] || one - other);
}

/** First place in an ascending array whose value is above `bound`. */
function upperBound(sorted: Float64Array, bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
