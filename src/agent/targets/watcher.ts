/**
 * Who is there. A look is one list of /proc; a process is read when it is seen for the second time, so that those that
 * live for less than one look cost nothing, however many are forked. Names and groups may change after a start: a part of
 * all is read again at each look.
 */
import { isKernelThread, parseCgroup, parseStat } from '../../formats/proc/process-files.js';
import type { Host } from '../../host/host.js';
import type { KubeletPods } from '../../services/kubelet-pods.js';
import { ServiceReader } from '../../services/service-reader.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { ProcessId } from '../../vocabulary/units.js';
import type { Names } from '../patterns/match.js';
import { namesOf } from '../patterns/names.js';

/** A process that may be a target. */
export interface Watched extends ProcessIdentity {
  readonly names: Names;
}

/** What changed between two looks at /proc. */
export interface Look {
  readonly came: readonly Watched[];
  readonly went: readonly Watched[];
  /** Those that changed their name or group: as they were, and as they are. */
  readonly changed: readonly (readonly [before: Watched, after: Watched])[];
}

/** How many processes there are and how many of them are known. */
export interface Counts {
  /** Processes at the last look, kernel threads and short-lived ones included. */
  readonly listed: number;
  readonly known: number;
  /** Seen twice and not read yet, because there were too many at once. */
  readonly waiting: number;
  /** Those whose group cannot be read. */
  readonly groupless: number;
  /** Why /proc could not be listed at the last look; empty when it could. */
  readonly problem: string;
}

/** Processes read at one look, at most: about 100 ms of CPU time. */
const READ_AT_ONCE = 2500;
/** Processes that are kept in mind, at most; more than that are told as waiting. */
const MOST_KNOWN = 65_536;
/** Each look reads this part of the known again. */
const AGAIN = 1 / 32;
/** Known ones that are read again at each look, at least. */
const LEAST_AGAIN = 16;

type Seen = 'once' | 'never-a-target' | Watched;

/**
 * Lists /proc at each look and reads the names of what stayed. A look costs one directory listing and a
 * bounded number of reads.
 */
export class Watcher {
  readonly #host: Host;
  #seen = new Map<ProcessId, Seen>();
  #isFirst = true;
  /** Known pids in the order in which they are read again. */
  #again: ProcessId[] = [];
  #counts: Counts = { listed: 0, known: 0, waiting: 0, groupless: 0, problem: '' };

  #services: ServiceReader;
  #kubelet: KubeletPods | undefined;
  /** Which list of pods the names are of. */
  #generation = 0;

  constructor(host: Host) {
    this.#host = host;
    this.#services = new ServiceReader(host);
  }

  /** Names of pods come from here on from a kubelet, or from none. */
  nameBy(kubelet: KubeletPods | undefined): void {
    this.#kubelet = kubelet;
    this.#services = new ServiceReader(this.#host, kubelet);
    this.#generation = -1;
  }

  /** Why there are no new names of pods; undefined while there are, or none are wanted. */
  get kubeletProblem(): string | undefined {
    return this.#kubelet?.problem;
  }

  get counts(): Counts {
    return this.#counts;
  }

  look(): Look {
    this.#kubelet?.poll();
    const listed = this.#host.files.list('/proc');
    if (!listed.ok) {
      // A process is not taken for gone because /proc could not be read.
      this.#counts = { ...this.#counts, problem: `${listed.error.call}: ${listed.error.errno}` };
      return { came: [], went: [], changed: [] };
    }
    const pids = listed.value.filter((name) => /^\d+$/.test(name)).map(Number);
    const fresh = new Map<ProcessId, Seen>();
    const came: Watched[] = [];
    let [reads, waiting] = [0, 0];
    for (const pid of pids) {
      const before = this.#seen.get(pid);
      if (before !== undefined && before !== 'once') {
        fresh.set(pid, before);
      } else if (fresh.size >= MOST_KNOWN) {
        waiting++;
      } else if (before === undefined && !this.#isFirst) {
        fresh.set(pid, 'once');
      } else if (reads >= READ_AT_ONCE) {
        waiting++;
        fresh.set(pid, 'once');
      } else {
        reads++;
        const read = this.#read(pid);
        if (read === undefined) continue;
        fresh.set(pid, read);
        if (typeof read !== 'string') came.push(read);
      }
    }
    const went = [...this.#seen].flatMap(([pid, seen]) => (isWatched(seen) && !fresh.has(pid) ? [seen] : []));
    this.#seen = fresh;
    this.#isFirst = false;
    const changed = this.#readSomeAgain(went, came);
    this.#count(pids.length, waiting);
    return { came, went, changed };
  }

  #count(listed: number, waiting: number): void {
    const known = [...this.#seen.values()].filter(isWatched);
    const groupless = known.filter(({ names }) => names.cgroup.length === 0).length;
    this.#counts = { listed, known: known.length, waiting, groupless, problem: '' };
  }

  /** Reads a part of the known again: names and groups change, and a pid may have gone to another process. */
  #readSomeAgain(went: Watched[], came: Watched[]): readonly (readonly [Watched, Watched])[] {
    if (this.#again.length === 0) this.#again = [...this.#seen.keys()];
    const part = [
      ...this.#renamed(),
      ...this.#again.splice(0, Math.max(LEAST_AGAIN, Math.ceil(this.#seen.size * AGAIN))),
    ];
    const changed: [Watched, Watched][] = [];
    for (const pid of part) {
      const before = this.#seen.get(pid);
      if (before === undefined || before === 'once') continue;
      const after = this.#read(pid);
      if (after === undefined) continue;
      this.#seen.set(pid, after);
      if (isWatched(before) && isWatched(after) && before.startTicks === after.startTicks) {
        if (!isSame(before, after)) changed.push([before, after]);
        continue;
      }
      if (isWatched(before)) went.push(before);
      if (isWatched(after)) came.push(after);
    }
    return changed;
  }

  /** Processes in containers, which may have other names when the kubelet has another list. */
  #renamed(): readonly ProcessId[] {
    const generation = this.#kubelet?.generation ?? 0;
    if (generation === this.#generation) return [];
    this.#generation = generation;
    const isContained = (seen: Seen) => isWatched(seen) && seen.names.container.length > 0;
    return [...this.#seen].flatMap(([pid, seen]) => (isContained(seen) ? [pid] : [])).slice(0, READ_AT_ONCE);
  }

  /** Undefined when there is no such process any more, or this user may not know. */
  #read(pid: ProcessId): Seen | undefined {
    const { files, identity } = this.#host;
    const text = files.readText(`/proc/${pid}/stat`);
    const stat = text.ok ? parseStat(text.value) : undefined;
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined;
    if (isKernelThread(stat) || pid === identity.pid) return 'never-a-target';
    const group = files.readText(`/proc/${pid}/cgroup`);
    const { command, startTicks } = stat;
    const cgroup = group.ok ? parseCgroup(group.value) : undefined;
    const belonging = this.#services.read({ pid, command, cgroupText: group.ok ? group.value : '' });
    return {
      ...{ pid, startTicks, command, cgroup: cgroup ?? '/' },
      names: namesOf(belonging, cgroup),
    };
  }
}

function isWatched(seen: Seen): seen is Watched {
  return typeof seen !== 'string';
}

function isSame(before: Watched, after: Watched): boolean {
  const words = ({ pod, namespace, container }: Names) =>
    [...pod, '', ...namespace, '', ...container].join(' ');
  const isOne = before.command === after.command && before.cgroup === after.cgroup;
  return isOne && words(before.names) === words(after.names);
}
