/**
 * What samples say of accesses beside their place: data source, latency, TLB outcome, NUMA node and kind, counted by
 * process and mapping while a recording is read. Bounded: a group takes 5 KiB, and there are at most MOST_GROUPS.
 */

import type { MemoryTopology } from '../formats/perf-data/header-features.js';
import type { RecordedMapping } from '../formats/perf-data/mappings.js';
import { saysMore } from '../formats/perf-data/sample-runs.js';
import type { PerfSession } from '../formats/perf-data/session.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import { DATA_SOURCE, SAMPLE_FLAG, sourceOf } from '../vocabulary/sample.js';
import type { PageNumber, ProcessId } from '../vocabulary/units.js';
import { LATENCIES, NODES, TLB, VALUES_OF, VIEW_NAMES, type ViewName, type ViewRow } from './view-values.js';

const MOST_GROUPS = 4096;
/** Place of each view's values among the counters of a group. */
const PLACE = { source: 0, latency: 16, tlb: 52, node: 60, kind: 60 + NODES.most } as const;
const COUNTERS = PLACE.kind + 8;

interface Group {
  readonly pid: ProcessId;
  readonly mapping: string;
  readonly event: number;
  /** Of each counter: samples, accesses, samples with a latency, and the sum of these. */
  readonly cells: Float64Array;
}

const CELLS = 4;

/** Counts samples for every view at once while a recording is read. */
export class AccessViews {
  readonly #session: PerfSession;
  readonly #pageBytes: number;
  readonly #firstKernelPage: PageNumber;
  /** By process, then mapping, then event. */
  readonly #groups = new Map<string, Group>();
  readonly #byMapping = new Map<RecordedMapping, Group>();
  #last: { pid: ProcessId; event: number; start: PageNumber; end: PageNumber; group: Group } | undefined;
  /** Of the last row outside of all mappings. */
  #lastUnnamed: Group | undefined;

  constructor(session: PerfSession, pageBytes: number) {
    this.#session = session;
    this.#pageBytes = pageBytes;
    this.#firstKernelPage = 2 ** 63 / pageBytes;
  }

  /** Whether any event of the recording says more of an access than its place. */
  get #tells(): boolean {
    const { events } = this.#session;
    return events.hasMoreColumns || events.events.some(saysMore);
  }

  /** Counts the host's samples of user space. */
  add(batch: AccessColumns): void {
    if (!this.#tells) return;
    const memory = this.#session.state.features.memory;
    for (let row = 0; row < batch.count; row++) {
      const page = batch.virtualPage[row];
      if (page >= this.#firstKernelPage || (batch.flags[row] & SAMPLE_FLAG.guest) !== 0) continue;
      if (page < 0 && batch.physicalPage[row] < 0) continue;
      const { cells } = this.#groupOf(batch.pid[row], page, batch.event[row]);
      const flags = batch.flags[row];
      const latency = batch.latency[row];
      const weight = batch.weight[row];
      const node = nodeOf(batch.physicalPage[row] * this.#pageBytes, flags, memory);
      count(cells, PLACE.source + sourceOf(flags), weight, latency);
      count(cells, PLACE.latency + LATENCIES.indexOf(latency), weight, latency);
      count(cells, PLACE.tlb + tlbOf(flags), weight, latency);
      count(cells, PLACE.node + node, weight, latency);
      count(cells, PLACE.kind + batch.kind[row], weight, latency);
    }
  }

  /** Drops what was counted of a process. */
  forget(pid: ProcessId): void {
    for (const [key, group] of this.#groups) if (group.pid === pid) this.#groups.delete(key);
    this.#last = undefined;
  }

  /** Counters above 0 of the events that `counts` takes. */
  rows(counts: (event: number) => boolean): ViewRow[] {
    return [...this.#groups.values()].filter(({ event }) => counts(event)).flatMap(rowsOf);
  }

  /** The group of the last row is mostly that of the next one. */
  #groupOf(pid: ProcessId, page: PageNumber, event: number): Group {
    const last = this.#last;
    if (last?.pid === pid && last.event === event && page >= last.start && page < last.end) return last.group;
    const mapping = page < 0 ? undefined : this.#session.state.mappings.find(pid, page);
    if (mapping === undefined) return this.#unnamed(pid, event);
    const known = this.#byMapping.get(mapping);
    const group = known?.pid === pid && known.event === event ? known : this.#named(pid, mapping.name, event);
    this.#byMapping.set(mapping, group);
    this.#last = { pid, event, start: mapping.start, end: mapping.end, group };
    return group;
  }

  #unnamed(pid: ProcessId, event: number): Group {
    const lastUnnamed = this.#lastUnnamed;
    if (lastUnnamed?.pid === pid && lastUnnamed.event === event) return lastUnnamed;
    this.#lastUnnamed = this.#named(pid, '', event);
    return this.#lastUnnamed;
  }

  #named(pid: ProcessId, mapping: string, event: number): Group {
    const key = `${pid} ${event} ${mapping}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const isFull = this.#groups.size >= MOST_GROUPS && mapping !== FURTHER;
    if (isFull) return this.#named(-1, FURTHER, event);
    const group = { pid, mapping, event, cells: new Float64Array(CELLS * COUNTERS) };
    this.#groups.set(key, group);
    return group;
  }
}

/** Mappings beyond those counted one by one. */
const FURTHER = '(further mappings)';

function count(cells: Float64Array, counter: number, weight: number, latency: number): void {
  const at = CELLS * counter;
  cells[at]++;
  cells[at + 1] += weight;
  if (latency === 0) return;
  cells[at + 2]++;
  cells[at + 3] += latency;
}

function tlbOf(flags: number): number {
  if (flags & SAMPLE_FLAG.tlbMiss) return TLB.miss;
  const hit = flags & (SAMPLE_FLAG.tlbFirst | SAMPLE_FLAG.tlbSecond);
  if (hit === SAMPLE_FLAG.tlbFirst) return TLB.first;
  if (hit === SAMPLE_FLAG.tlbSecond) return TLB.second;
  return hit === 0 ? TLB.unknown : TLB.hit;
}

/** By the physical address where the recording says which node has it; else as far as the data source tells. */
function nodeOf(physical: number, flags: number, memory: MemoryTopology | undefined): number {
  if (physical >= 0 && memory !== undefined && memory.blockBytes > 0) {
    const block = Math.floor(physical / memory.blockBytes);
    for (const { node, blocks } of memory.nodes) {
      if ((blocks[block >>> 5] >>> (block & 31)) & 1) return NODES.indexOf(node);
    }
  }
  const source = sourceOf(flags);
  if (source === DATA_SOURCE.localMemory) return NODES.local;
  const isRemote = (flags & SAMPLE_FLAG.remoteMemory) !== 0 || source === DATA_SOURCE.remoteMemory;
  return isRemote || source === DATA_SOURCE.remoteCache ? NODES.remote : NODES.unknown;
}

function rowsOf(group: Group): ViewRow[] {
  return VIEW_NAMES.flatMap((view) => valuesOf(group, view));
}

function valuesOf({ pid, mapping, cells }: Group, view: ViewName): ViewRow[] {
  const first = PLACE[view];
  return VALUES_OF[view].flatMap((value, index) => {
    const at = CELLS * (first + index);
    const [samples, accesses, timed, latency] = cells.subarray(at, at + CELLS);
    return samples === 0 ? [] : [{ pid, mapping, view, value, samples, accesses, timed, latency }];
  });
}
