/**
 * Processes of the machine that a foreign tool names to the model: they get a twin with the same pid and the same
 * mappings, so that a script that monitors itself or its child runs unchanged. Their memory is as resident as the
 * machine says, and idle: the model cannot see the accesses of a process that does not run on the model.
 */
import { parseSmaps, type SmapsEntry } from '../../formats/proc/smaps.js';
import type { PageGeometry } from '../../vocabulary/units.js';
import { touch } from '../kernel/access/populate.js';
import { createInode, exit, mmap, spawn } from '../kernel/address-space/processes.js';
import type { Kernel } from '../kernel/state/kernel.js';
import { type Mm, VM } from '../kernel/state/mm.js';
import type { Process } from '../kernel/state/process.js';

/** What the model may ask about the machine's own processes. */
export interface OtherProcesses {
  /** The machine's page sizes: the model's may be others. */
  readonly geometry: PageGeometry;
  /** Text of /proc/PID/smaps, undefined when there is no such process or it may not be looked at. */
  smaps(pid: number): string | undefined;
  command(pid: number): string;
}

/** Resident pages of one mapping that a twin gets at most: enough to be seen, cheap to make. */
const MOST_RESIDENT = 16_384;

/** Makes twins when they are asked for, and lets them go when the real process has ended. */
export class Adoption {
  readonly #kernel: Kernel;
  readonly #others: OtherProcesses;
  readonly #twins = new Map<number, Process>();

  constructor(kernel: Kernel, others: OtherProcesses) {
    this.#kernel = kernel;
    this.#others = others;
  }

  /** The twin of a process of the machine, made now if it is new. */
  find(pid: number): Process | undefined {
    const known = this.#twins.get(pid);
    if (known !== undefined && this.#kernel.processes.get(pid) === known) return known;
    const text = this.#others.smaps(pid);
    return text === undefined ? undefined : this.#adopt(pid, text);
  }

  /** Ends the twins of processes that are gone. */
  follow(): void {
    for (const [pid, twin] of this.#twins) {
      if (this.#others.smaps(pid) !== undefined) continue;
      exit(this.#kernel, twin);
      this.#twins.delete(pid);
    }
  }

  #adopt(pid: number, text: string): Process | undefined {
    if (this.#kernel.processes.has(pid)) return undefined;
    const twin = this.#spawnAs(pid);
    if (twin.mm !== undefined) fill(this.#kernel, twin.mm, text, this.#others.geometry);
    this.#twins.set(pid, twin);
    return twin;
  }

  #spawnAs(pid: number): Process {
    const next = this.#kernel.nextPid;
    this.#kernel.nextPid = pid;
    const twin = spawn(this.#kernel, { command: this.#others.command(pid), image: false });
    this.#kernel.nextPid = next;
    return twin;
  }
}

function fill(kernel: Kernel, mm: Mm, text: string, geometry: PageGeometry): void {
  const parsed = parseSmaps(text, geometry);
  const ratio = geometry.pageBytes / kernel.geometry.pageBytes;
  let free = 0;
  for (const { mapping, bytes } of parsed.ok ? parsed.value : []) {
    // Where the model's pages are larger, mappings that share one cannot both have it.
    const start = Math.max(free, Math.floor(mapping.start * ratio));
    const end = Math.ceil(mapping.end * ratio);
    if (end > start) mapTwin(kernel, mm, { bytes, mapping: { ...mapping, start, end } });
    free = Math.max(free, end);
  }
}

function mapTwin(kernel: Kernel, mm: Mm, { mapping, bytes }: Pick<SmapsEntry, 'mapping' | 'bytes'>): void {
  const { start, end, name, kind, permissions } = mapping;
  if (end > kernel.tables.pgdLength() * 512 * kernel.geometry.pagesPerBlock) return;
  const flags = flagsOf(permissions) | (kind === 'special' ? VM.special : 0);
  const backing = kind === 'file' || kind === 'shmem';
  const inode = backing ? { inode: createInode(kernel, name, end - start, 'file') } : {};
  const mapped = mmap(kernel, mm, { pages: end - start, at: start, flags, name, ...inode });
  if (typeof mapped !== 'number' || kind === 'special' || (flags & VM.read) === 0) return;
  const resident = Math.min(MOST_RESIDENT, (bytes.get('Rss') ?? 0) / kernel.geometry.pageBytes);
  const last = Math.min(end, start + resident);
  for (let page = start; page < last; page++) touch(kernel, mm, page, (flags & VM.write) !== 0);
}

function flagsOf(permissions: string): number {
  const bits = [VM.read, VM.write, VM.exec];
  return bits.reduce((flags, bit, index) => flags | (permissions[index] === '-' ? 0 : bit), 0);
}
