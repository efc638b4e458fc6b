/**
 * How much memory was in use: working-set size by moment, footprint up to each moment, and how long memory has been
 * idle at the end. Of DAMON's regions as damo reports them, or of sampled pages, where all of it is a lower bound.
 */

import type { RegionRecord } from '../formats/damo-record/region.js';
import type { RecordedSize } from '../formats/damo-record/sizes.js';
import type { Bytes, Milliseconds } from '../vocabulary/units.js';

/** One moment of one process or DAMON target: an aggregation, or a slice of a heat file. */
export interface UseMoment {
  readonly who: string;
  /** Milliseconds after the first moment; undefined when not known. */
  readonly atMs: Milliseconds | undefined;
  /** Memory accessed in it. */
  readonly workingSetBytes: Bytes;
  /** Memory accessed in it or before. */
  readonly footprintBytes: Bytes;
}

/** Memory that was accessed last so long before the end. */
export interface IdleMemory {
  readonly who: string;
  readonly idleMs: Milliseconds;
  readonly bytes: Bytes;
}

/** How memory was used over a recording. */
export interface MemoryUse {
  readonly moments: readonly UseMoment[];
  readonly idle: readonly IdleMemory[];
  /** Sizes of processes, of a file that holds these. */
  readonly sizes?: readonly SizeMoment[];
}

/** Sizes of a process, or of several together, at one moment. */
export interface SizeMoment {
  readonly who: string;
  /** Milliseconds after the first moment. */
  readonly atMs: Milliseconds;
  readonly residentBytes: Bytes;
  readonly sizeBytes: Bytes;
}

/** Above it no address of a process lies, on any machine. */
const MOST_ADDRESS = 2 ** 57;
const NS_PER_MS = 1e6;

/** As damo does it: a region counts whole when at least `leastAccesses` of its aggregation found it accessed. */
export function useOfRegions(regions: readonly RegionRecord[], leastAccesses: number): MemoryUse {
  const usable = regions.filter(({ start, end }) => start < end && end <= MOST_ADDRESS);
  const firstNs = usable.reduce((least, { endNs }) => Math.min(least, endNs), Number.POSITIVE_INFINITY);
  const all = [...grouped(usable)].map(([target, own]) =>
    useOfTarget(`target ${target}`, own, firstNs, leastAccesses),
  );
  return { moments: all.flatMap(({ moments }) => moments), idle: all.flatMap(({ idle }) => idle) };
}

/** By process, and as damo has it of all processes together where there are several. */
export function useOfSizes(
  recorded: readonly RecordedSize[],
  pageBytes: Bytes,
  pids?: ReadonlySet<number>,
): MemoryUse {
  const own = recorded.filter(({ pid }) => pids === undefined || pids.has(pid));
  const firstSeconds = own.reduce((least, { seconds }) => Math.min(least, seconds), Number.POSITIVE_INFINITY);
  const each = own.map(({ pid, seconds, sizePages, residentPages }) => ({
    who: `process ${pid}`,
    atMs: (seconds - firstSeconds) * 1000,
    residentBytes: residentPages * pageBytes,
    sizeBytes: sizePages * pageBytes,
  }));
  const together = new Map<number, SizeMoment>();
  for (const { atMs, residentBytes, sizeBytes } of each) {
    const known = together.get(atMs);
    together.set(atMs, {
      ...{ who: 'all processes', atMs },
      residentBytes: residentBytes + (known?.residentBytes ?? 0),
      sizeBytes: sizeBytes + (known?.sizeBytes ?? 0),
    });
  }
  const isOne = new Set(each.map(({ who }) => who)).size < 2;
  return { moments: [], idle: [], sizes: isOne ? each : [...together.values(), ...each] };
}

function grouped(regions: readonly RegionRecord[]): Map<string, RegionRecord[]> {
  const groups = new Map<string, RegionRecord[]>();
  for (const region of regions) {
    const known = groups.get(region.target);
    if (known === undefined) groups.set(region.target, [region]);
    else known.push(region);
  }
  return groups;
}

function useOfTarget(
  who: string,
  regions: readonly RegionRecord[],
  firstNs: number,
  least: number,
): MemoryUse {
  const snapshots = new Map<number, RegionRecord[]>();
  for (const region of regions) {
    const known = snapshots.get(region.endNs);
    if (known === undefined) snapshots.set(region.endNs, [region]);
    else known.push(region);
  }
  const inOrder = [...snapshots].sort(([a], [b]) => a - b);
  const touched = new Touched();
  const moments = inOrder.map(([endNs, all]) => {
    const accessed = all.filter(({ accesses }) => accesses >= least);
    for (const { start, end } of accessed) touched.add(start, end);
    const workingSetBytes = accessed.reduce((sum, { start, end }) => sum + end - start, 0);
    return { who, atMs: (endNs - firstNs) / NS_PER_MS, workingSetBytes, footprintBytes: touched.bytes };
  });
  const aggregationMs = intervalOf(inOrder.map(([endNs]) => endNs)) / NS_PER_MS;
  const idle = inOrder
    .slice(-1)
    .flatMap(([, last]) => last)
    .map((region) => ({
      who,
      idleMs: idleOf(region, least) * aggregationMs,
      bytes: region.end - region.start,
    }));
  return { moments, idle: idle.filter(({ idleMs }) => !Number.isNaN(idleMs)) };
}

/** Aggregations since a region was accessed last: its age when it is idle. NaN before Linux 5.16, which had no age. */
function idleOf({ accesses, age }: RegionRecord, least: number): number {
  return accesses >= least ? 0 : (age ?? Number.NaN);
}

/** The usual time between two snapshots: their median distance, NaN of a lone one. */
function intervalOf(times: readonly number[]): number {
  const gaps = times.slice(1).map((time, index) => time - times[index]);
  gaps.sort((a, b) => a - b);
  return gaps[gaps.length >> 1] ?? Number.NaN;
}

/** Disjoint ascending ranges of addresses. */
class Touched {
  bytes = 0;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  add(start: number, end: number): void {
    const starts = this.#starts;
    const ends = this.#ends;
    const first = firstReaching(ends, start);
    let last = first;
    let from = start;
    let to = end;
    while (last < starts.length && starts[last] <= end) {
      from = Math.min(from, starts[last]);
      to = Math.max(to, ends[last]);
      this.bytes -= ends[last] - starts[last];
      last++;
    }
    starts.splice(first, last - first, from);
    ends.splice(first, last - first, to);
    this.bytes += to - from;
  }
}

/** Index of the first range that ends at `start` or later. */
function firstReaching(ends: readonly number[], start: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle] >= start) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Pages with samples of one process: what each was seen at. Rows come by page, then time. */
export class SampledUse {
  readonly #who: string;
  readonly #pageBytes: Bytes;
  readonly #seenIn = new Map<number, number>();
  readonly #newIn = new Map<number, number>();
  readonly #lastIn = new Map<number, number>();
  #page = -1;
  #first = 0;
  #last = 0;

  constructor(who: string, pageBytes: Bytes) {
    this.#who = who;
    this.#pageBytes = pageBytes;
  }

  /** A page with samples in the slice that begins at `timeMs`, below 0 when not known. */
  add(page: number, timeMs: number): void {
    if (page !== this.#page) {
      this.#leavePage();
      this.#page = page;
      this.#first = this.#last = timeMs;
    }
    this.#first = Math.min(this.#first, timeMs);
    this.#last = Math.max(this.#last, timeMs);
    increment(this.#seenIn, timeMs);
  }

  #leavePage(): void {
    if (this.#page < 0) return;
    increment(this.#newIn, this.#first);
    increment(this.#lastIn, this.#last);
  }

  /** The first and last slice of all processes say when the file begins and ends. */
  finish(startMs: number, endMs: number): MemoryUse {
    this.#leavePage();
    this.#page = -1;
    const who = this.#who;
    const pageBytes = this.#pageBytes;
    let footprint = 0;
    const moments = [...this.#seenIn]
      .sort(([a], [b]) => a - b)
      .map(([timeMs, pages]) => {
        footprint += this.#newIn.get(timeMs) ?? 0;
        const atMs = timeMs < 0 ? undefined : timeMs - startMs;
        return { who, atMs, workingSetBytes: pages * pageBytes, footprintBytes: footprint * pageBytes };
      });
    const idle = [...this.#lastIn]
      .filter(([timeMs]) => timeMs >= 0)
      .map(([timeMs, pages]) => ({ who, idleMs: endMs - timeMs, bytes: pages * pageBytes }));
    return { moments, idle };
  }
}

function increment(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
