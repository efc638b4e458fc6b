/**
 * Names of code that recorded programs made at run time: from the jitdump that they mapped, else from /tmp/perf-PID.map. A
 * program in a container writes that into its own /tmp, under the pid that it has there.
 */
import { CodeNames, MOST_CODE_NAMES } from '../formats/jit/code-names.js';
import { readJitDump } from '../formats/jit/jitdump.js';
import { readPerfMap } from '../formats/jit/perf-map.js';
import type { MappingTable } from '../formats/perf-data/mappings.js';
import type { Files } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { type Bytes, MIB, type ProcessId } from '../vocabulary/units.js';
import { pieceReader, textOf } from './file-bytes.js';

/** Of all maps and dumps together no more is read: names keep the text that they were cut from. */
const MOST_BYTES: Bytes = 256 * MIB;
const MOST_PROCESSES = 64;
const STATUS_BYTES: Bytes = 8192;
const DUMP = /\/jit-\d+\.dump$/;

/** Names by process, each read when it is asked for first. */
export class JitNames {
  private readonly files: Files;
  private readonly mappings: MappingTable;
  /** Directory that holds the recorded machine's files; empty for this machine's own. */
  private readonly root: string;
  private readonly known = new Map<ProcessId, CodeNames | undefined>();
  private bytesLeft: Bytes = MOST_BYTES;
  private namesLeft = MOST_CODE_NAMES;

  constructor(files: Files, mappings: MappingTable, root: string) {
    this.files = files;
    this.mappings = mappings;
    this.root = root;
  }

  /** What lies at an address of a process, and where that begins. */
  at(pid: ProcessId, address: number): { readonly name: string; readonly start: number } | undefined {
    if (!this.known.has(pid) && this.known.size < MOST_PROCESSES) this.known.set(pid, this.namesOf(pid));
    return this.known.get(pid)?.find(address);
  }

  private namesOf(pid: ProcessId): CodeNames | undefined {
    const names = new CodeNames(this.namesLeft);
    const mapped = new Set(this.mappings.of(pid).map(({ name }) => name));
    for (const name of [...mapped].filter((each) => DUMP.test(each))) {
      const bytes = this.bytesAt(this.dumpsOf(pid, name), pid);
      if (bytes !== undefined) readJitDump(bytes, names);
    }
    const map = names.count > 0 ? undefined : this.bytesAt(this.mapsOf(pid), pid);
    if (map !== undefined) readPerfMap(new TextDecoder().decode(map), names);
    this.namesLeft -= names.count;
    return names.count > 0 ? names : undefined;
  }

  /** Where a file that a process mapped may be: as the process sees it, then as this program does. */
  private dumpsOf(pid: ProcessId, name: string): string[] {
    return this.root === '' ? [`/proc/${pid}/root${name}`, name] : [`${this.root}${name}`];
  }

  /** Where a map of a process may be. Its own pid names another process where this program looks. */
  private mapsOf(pid: ProcessId): string[] {
    const own = `/proc/${pid}/root/tmp/perf-${this.pidInside(pid)}.map`;
    return [...(this.root === '' ? [own] : []), `${this.root}/tmp/perf-${pid}.map`];
  }

  /** The process's pid in its own namespace. */
  private pidInside(pid: ProcessId): string {
    const status = textOf(this.files, `/proc/${pid}/status`, STATUS_BYTES);
    return /^NSpid:.*?(\d+)$/m.exec(status ?? '')?.[1] ?? String(pid);
  }

  /** The first that is an ordinary file of a user who may name this process's code. */
  private bytesAt(paths: readonly string[], pid: ProcessId): Uint8Array | undefined {
    for (const path of paths) {
      const status = this.files.status(path);
      if (!status.ok || status.value.kind !== 'file' || !this.isTrusted(status.value.owner, pid)) continue;
      const opened = this.files.open(path);
      if (!opened.ok) continue;
      try {
        const bytes = pieceReader(opened.value, Math.min(this.bytesLeft, status.value.bytes))(0, MOST_BYTES);
        this.bytesLeft -= bytes.length;
        return bytes;
      } catch (problem) {
        // What is taken away meanwhile has no names.
        if (!(problem instanceof OctavoError)) throw problem;
      } finally {
        opened.value.close();
      }
    }
    return undefined;
  }

  /** Every user may write to /tmp: root's files, the user's own, and those of the process's user are taken. */
  private isTrusted(owner: number | undefined, pid: ProcessId): boolean {
    if (owner === undefined || owner === 0 || this.root !== '') return true;
    const [own, theirs] = ['/proc/self', `/proc/${pid}`].map((path) => this.files.status(path));
    return [own, theirs].some((status) => status.ok && status.value.owner === owner);
  }
}
