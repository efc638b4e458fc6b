/** How much of a process can be in huge pages at most: what is resident of each kind, and what the host has of it. Pure. */
import type { HugeCounters } from '../formats/proc/memory-cgroup.js';
import type { Bytes, PageGeometry, Pages } from '../vocabulary/units.js';
import type { Person } from './people.js';

/** Bounds of one process, in bytes. */
export interface Caps {
  readonly huge: Bytes;
  /** Of anonymous and shared memory, whose content can be read. */
  readonly readable: Bytes;
}

const UNBOUNDED = Number.POSITIVE_INFINITY;

/** What holds for every process of a host. */
export interface HostFacts {
  readonly counters: HugeCounters | undefined;
  readonly cpus: number;
  readonly geometry: PageGeometry;
}

/** Undefined where nothing says how much of it is resident. */
export function capsOf({ resident, threads }: Person, host: HostFacts): Caps | undefined {
  if (resident === undefined) return undefined;
  const { counters, geometry } = host;
  const late = lateness(host.cpus, threads) * geometry.pageBytes;
  // Huge mappings are whole blocks.
  const most = (bytes: Bytes, ofHost: Bytes | undefined) => {
    const whole = Math.floor((bytes + late) / geometry.blockBytes) * geometry.blockBytes;
    return Math.min(whole, ofHost ?? UNBOUNDED);
  };
  const anon = most(resident.anon, counters?.anonHuge);
  const shmem = most(resident.shmem, counters?.shmemHuge);
  const file = most(resident.file, counters?.fileHuge);
  return { huge: anon + shmem + file, readable: anon + shmem };
}

/**
 * Pages by which counters of resident memory may lag: a batch of each CPU (percpu_counter_batch, since Linux 6.2), or of
 * each thread (TASK_RSS_EVENTS_THRESH, before).
 */
function lateness(cpus: number, threads: number): Pages {
  return Math.max(cpus * Math.max(32, 2 * cpus), 64 * threads);
}
