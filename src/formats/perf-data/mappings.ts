/** Mappings of the recorded processes, from MMAP and MMAP2 records, to say which of them an address lies in. */
import type { PageNumber } from '../../vocabulary/units.js';
import type { ThreadTable } from './threads.js';

const MOST_PER_PROCESS = 1 << 15;
const MOST_PROCESSES = 1 << 14;
/** Forks are followed this far up to find the mappings that a child began with. */
const MOST_FORKS = 32;

/** A mapping as it was recorded, in pages. */
export interface RecordedMapping {
  readonly start: PageNumber;
  readonly end: PageNumber;
  /** Path, or `//anon`, `[heap]`, `[stack]`, … */
  readonly name: string;
  /** When it was made, in nanoseconds; 0 before the recording, or when not known. */
  readonly sinceNs?: number;
  /** The page at which the file's first byte would lie, were all of it mapped; absent where that was not recorded. */
  readonly fileStart?: PageNumber;
  /** Hexadecimal, where the record has it. */
  readonly buildId?: string;
}

/** Finds the mapping of an address in a process at a time; a forked process has its parent's. */
export class MappingTable {
  /** Mappings that were too many to keep. */
  ignored = 0;
  readonly #byProcess = new Map<number, RecordedMapping[]>();
  readonly #threads: ThreadTable;

  constructor(threads: ThreadTable) {
    this.#threads = threads;
  }

  /** Adds a mapping; what it covers of earlier ones is gone. */
  add(pid: number, mapping: RecordedMapping): void {
    const list = this.#listOf(pid);
    if (list === undefined || list.length >= MOST_PER_PROCESS) {
      this.ignored++;
      return;
    }
    const first = firstEndingAfter(list, mapping.start);
    let last = first;
    while (last < list.length && list[last].start < mapping.end) last++;
    list.splice(first, last - first, ...withHole(list.slice(first, last), mapping));
  }

  /** A process began anew then: only what was mapped since is left. Records of several CPUs do not come in order. */
  forget(pid: number, sinceNs: number): void {
    const list = this.#byProcess.get(pid);
    if (list === undefined || Number.isNaN(sinceNs)) return;
    const left = list.filter((mapping) => (mapping.sinceNs ?? 0) >= sinceNs);
    this.#byProcess.set(pid, left);
  }

  /** The mapping of a page, looked up in the parents when a process has none of its own recorded. */
  find(pid: number, page: PageNumber): RecordedMapping | undefined {
    let at: number | undefined = pid;
    for (let i = 0; i < MOST_FORKS && at !== undefined; i++) {
      const found = findIn(this.#byProcess.get(at), page);
      if (found !== undefined) return found;
      at = this.#threads.parentOf(at);
    }
    return undefined;
  }

  /** The same with how far the answer holds: up to before `end`, where another mapping may begin. */
  findRun(pid: number, page: PageNumber): { readonly name: string | undefined; readonly end: PageNumber } {
    let end = Number.POSITIVE_INFINITY;
    let at: number | undefined = pid;
    for (let i = 0; i < MOST_FORKS && at !== undefined; i++) {
      const list: readonly RecordedMapping[] = this.#byProcess.get(at) ?? [];
      const next = list[firstEndingAfter(list, page)];
      if (next !== undefined && next.start <= page) return { name: next.name, end: Math.min(end, next.end) };
      if (next !== undefined) end = Math.min(end, next.start);
      at = this.#threads.parentOf(at);
    }
    return { name: undefined, end };
  }

  /**
   * The mapping of a page, then those below it, the nearest first and at most `most` of a process: what a program's
   * loader lays behind a file's mapping (zeroed data) is named by that.
   */
  near(pid: number, page: PageNumber, most: number): readonly RecordedMapping[] {
    const found: RecordedMapping[] = [];
    let at: number | undefined = pid;
    for (let i = 0; i < MOST_FORKS && at !== undefined; i++) {
      const list: readonly RecordedMapping[] = this.#byProcess.get(at) ?? [];
      const next = firstEndingAfter(list, page);
      const last = next < list.length && list[next].start <= page ? next : next - 1;
      for (let below = last; below >= 0 && below > last - most; below--) found.push(list[below]);
      at = this.#threads.parentOf(at);
    }
    return found;
  }

  /** All mappings of a process in ascending order: of the nearest parent when none of its own were recorded. */
  of(pid: number): readonly RecordedMapping[] {
    let at: number | undefined = pid;
    for (let i = 0; i < MOST_FORKS && at !== undefined; i++) {
      const list = this.#byProcess.get(at);
      if (list !== undefined) return list;
      at = this.#threads.parentOf(at);
    }
    return [];
  }

  #listOf(pid: number): RecordedMapping[] | undefined {
    const list = this.#byProcess.get(pid);
    if (list !== undefined || this.#byProcess.size >= MOST_PROCESSES) return list;
    const fresh: RecordedMapping[] = [];
    this.#byProcess.set(pid, fresh);
    return fresh;
  }
}

/** Index of the first mapping that ends after `page`. */
function firstEndingAfter(list: readonly RecordedMapping[], page: PageNumber): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle].end > page) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The mapping with what is left on both sides of those it overlaps. */
function withHole(covered: readonly RecordedMapping[], mapping: RecordedMapping): RecordedMapping[] {
  const before = covered.at(0);
  const after = covered.at(-1);
  const parts: RecordedMapping[] = [];
  if (before !== undefined && before.start < mapping.start) parts.push({ ...before, end: mapping.start });
  parts.push(mapping);
  if (after !== undefined && after.end > mapping.end) parts.push({ ...after, start: mapping.end });
  return parts;
}

function findIn(list: readonly RecordedMapping[] | undefined, page: PageNumber): RecordedMapping | undefined {
  if (list === undefined) return undefined;
  const found = list[firstEndingAfter(list, page)];
  return found !== undefined && found.start <= page ? found : undefined;
}
