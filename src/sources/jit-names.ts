/**
 * Names of code that recorded programs made at run time: from the jitdump that they mapped, else from /tmp/perf-PID.map. A
 * program in a container writes that into its own /tmp, under the pid that it has there.
 */
import { CodeNames } from '../formats/jit/code-names.js';
import { readJitDump } from '../formats/jit/jitdump.js';
import { readPerfMap } from '../formats/jit/perf-map.js';
import type { MappingTable } from '../formats/perf-data/mappings.js';
import type { Files } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { type Bytes, MIB, type ProcessId } from '../vocabulary/units.js';
import { pieceReader, textOf } from './file-bytes.js';

/** Of a map or dump no more is read. */
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
    const names = new CodeNames();
    for (const { name } of this.mappings.of(pid).filter((mapping) => DUMP.test(mapping.name))) {
      const bytes = this.bytesAt(this.pathsOf(pid, name), pid);
      if (bytes !== undefined) readJitDump(bytes, names);
    }
    if (names.count > 0) return names;
    const inside = this.pidInside(pid);
    const maps = this.pathsOf(pid, `/tmp/perf-${inside}.map`).concat(`${this.root}/tmp/perf-${pid}.map`);
    const map = this.bytesAt(maps, pid);
    if (map !== undefined) readPerfMap(new TextDecoder().decode(map), names);
    return names.count > 0 ? names : undefined;
  }

  /** Where a file of a process may be: as the process sees it, then as this program does. */
  private pathsOf(pid: ProcessId, name: string): string[] {
    return this.root === '' ? [`/proc/${pid}/root${name}`, name] : [`${this.root}${name}`];
  }

  /** The process's pid in its own namespace. */
  private pidInside(pid: ProcessId): string {
    const status = this.root === '' ? textOf(this.files, `/proc/${pid}/status`, STATUS_BYTES) : undefined;
    return /^NSpid:.*?(\d+)$/m.exec(status ?? '')?.[1] ?? String(pid);
  }

  /** The first that is an ordinary file of somebody who may name this process's code. */
  private bytesAt(paths: readonly string[], pid: ProcessId): Uint8Array | undefined {
    for (const path of paths) {
      const status = this.files.status(path);
      if (!status.ok || status.value.kind !== 'file' || !this.isTrusted(status.value.owner, pid)) continue;
      const opened = this.files.open(path);
      if (!opened.ok) continue;
      try {
        return pieceReader(opened.value, Math.min(MOST_BYTES, status.value.bytes))(0, MOST_BYTES);
      } catch (problem) {
        // What is taken away meanwhile has no names.
        if (!(problem instanceof OctavoError)) throw problem;
      } finally {
        opened.value.close();
      }
    }
    return undefined;
  }

  /** Anybody may write to /tmp: root's files, the user's own, and those of the process's user are taken. */
  private isTrusted(owner: number | undefined, pid: ProcessId): boolean {
    if (owner === undefined || owner === 0 || this.root !== '') return true;
    const [own, theirs] = ['/proc/self', `/proc/${pid}`].map((path) => this.files.status(path));
    return [own, theirs].some((status) => status.ok && status.value.owner === owner);
  }
}
