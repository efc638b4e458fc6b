/** System calls of a recorded host: looking is answered from the recording, acting is refused with EROFS. */
import { failure, success } from '../../base/result.js';
import type { Advice } from '../../vocabulary/abilities.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { Bytes, PageGeometry, PageRange, ProcessId } from '../../vocabulary/units.js';
import type {
  Answer,
  Calls,
  Files,
  PagemapScan,
  ProcessHandle,
  ProcessMemory,
  Program,
  Refusal,
  ScannedRegions,
} from '../host.js';
import type { RecordedMemory, RecordedScan } from '../recording/manifest.js';
import type { RecordedFolder } from './store.js';

/** Serves scans and reads from the recording; what was not recorded is EIO, acting is EROFS. */
export class FolderCalls implements Calls {
  readonly #folder: RecordedFolder;
  readonly #files: Files;
  readonly #geometry: PageGeometry;
  readonly #scans: ReadonlyMap<string, readonly RecordedScan[]>;
  readonly #memory: ReadonlyMap<number, readonly RecordedMemory[]>;

  constructor(folder: RecordedFolder, files: Files, geometry: PageGeometry) {
    this.#folder = folder;
    this.#files = files;
    this.#geometry = geometry;
    this.#scans = grouped(folder.manifest.scans, (scan) => conditions(scan.pid, scan));
    this.#memory = grouped(folder.manifest.memory, (read) => read.pid);
  }

  openProcess(pid: ProcessId): Answer<ProcessHandle> {
    const recorded = this.#folder.manifest.processes[pid];
    const call = `pidfd_open pid ${pid}`;
    if (recorded !== undefined && recorded !== 'ok') return refused(recorded, call);
    if (recorded === undefined && !this.#files.readText(`/proc/${pid}/stat`).ok)
      return refused('ESRCH', call);
    return success({ pid, isAlive: () => true, close: () => undefined });
  }

  async processMadvise(
    handle: ProcessHandle,
    _: readonly PageRange[],
    advice: Advice,
  ): Promise<Answer<Bytes>> {
    return refused('EROFS', `process_madvise pid ${handle.pid} ${advice}`);
  }

  openMemory(pid: ProcessId): Answer<ProcessMemory> {
    const records = this.#memory.get(pid) ?? [];
    const closed = records.find(({ start, end, refusal }) => start === end && refusal !== undefined);
    if (closed?.refusal) return refused(closed.refusal, `open /proc/${pid}/mem`);
    const read = (range: PageRange, into: Uint8Array) => this.#readMemory(pid, records, range, into);
    return success({ pid, read, close: () => undefined });
  }

  /** Pages that held data come back with their first byte set: a recording holds no content. */
  #readMemory(
    pid: ProcessId,
    records: readonly RecordedMemory[],
    range: PageRange,
    into: Uint8Array,
  ): Answer<Bytes> {
    const call = `read /proc/${pid}/mem`;
    const record = records.find(({ start, end }) => start <= range.start && range.end <= end);
    if (!record) throw this.#folder.lacks(`${call} pages ${range.start} to ${range.end}`);
    if (record.refusal !== undefined) return refused(record.refusal, call);
    const pages = Math.min(record.pages, range.end - record.start) - (range.start - record.start);
    if (pages <= 0) return success(0);
    this.#fill(record, range.start - record.start, pages, into);
    return success(pages * this.#geometry.pageBytes);
  }

  scanPagemap(pid: ProcessId, scan: PagemapScan): Answer<ScannedRegions> {
    const { start, end } = scan.range;
    const call = `ioctl PAGEMAP_SCAN /proc/${pid}/pagemap`;
    const same = this.#scans.get(conditions(pid, scan)) ?? [];
    const found = same.find((record) => record.start <= start && end <= record.end);
    if (!found) {
      const refusal = same.find((record) => typeof record.regions === 'string');
      if (refusal) return refused(refusal.regions as string, call);
      throw this.#folder.lacks(`${call} pages ${start} to ${end}`);
    }
    if (typeof found.regions === 'string') return refused(found.regions, call);
    return success(clipped(found.regions, start, end));
  }

  probeAdvice(advice: Advice): Answer<void> {
    const recorded = this.#folder.manifest.advices[advice];
    if (recorded === 'ok') return success(undefined);
    if (recorded === undefined && !this.#folder.manifest.complete) {
      throw this.#folder.lacks(`whether ${advice} is known`);
    }
    return refused(
      recorded ?? 'EINVAL',
      `process_madvise pid ${this.#folder.manifest.identity.pid} ${advice}`,
    );
  }

  start(command: string): Answer<Program> {
    return refused('EROFS', `execve ${command}`);
  }

  become(command: string): Refusal {
    return { errno: 'EROFS', call: `execve ${command}` };
  }

  #fill(record: RecordedMemory, first: number, pages: number, into: Uint8Array): void {
    const bits = Buffer.from(record.filled, 'base64');
    const { pageBytes } = this.#geometry;
    into.fill(0, 0, pages * pageBytes);
    for (let page = 0; page < pages; page++) {
      const bit = first + page;
      if ((bits[bit >> 3] >> (bit & 7)) & 1) into[page * pageBytes] = 1;
    }
  }
}

interface Conditions {
  readonly inverted: number;
  readonly mask: number;
  readonly anyOf: number;
  readonly report: number;
}

function conditions(pid: ProcessId, { inverted, mask, anyOf, report }: Conditions): string {
  return `${pid} ${inverted} ${mask} ${anyOf} ${report}`;
}

function clipped(regions: readonly number[], start: number, end: number): ScannedRegions {
  const kept: number[] = [];
  for (let at = 0; at + 2 < regions.length; at += 3) {
    const from = Math.max(start, regions[at]);
    const to = Math.min(end, regions[at + 1]);
    if (from < to) kept.push(from, to, regions[at + 2]);
  }
  const count = kept.length / 3;
  const column = (offset: number) => Float64Array.from({ length: count }, (_, row) => kept[row * 3 + offset]);
  return { count, starts: column(0), ends: column(1), categories: Uint32Array.from(column(2)) };
}

function grouped<Key, Value>(values: readonly Value[], keyOf: (value: Value) => Key): Map<Key, Value[]> {
  const groups = new Map<Key, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

function refused(errno: string, call: string): Answer<never> {
  return failure({ errno: errno as ErrnoName, call });
}
