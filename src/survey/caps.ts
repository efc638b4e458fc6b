/** How much of a process can be in huge pages at most: what is resident of each kind, and what the host has of it. Pure. */
import type { HugeCounters } from '../formats/proc/memory-cgroup.js';
import type { Bytes } from '../vocabulary/units.js';
import type { Person } from './people.js';

export interface Caps {
  readonly huge: Bytes;
  /** Of anonymous and shared memory, whose content can be read. */
  readonly readable: Bytes;
}

const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Undefined where nothing says how much of it is resident. */
export function capsOf({ resident }: Person, host: HugeCounters | undefined): Caps | undefined {
  if (resident === undefined) return undefined;
  const anon = Math.min(resident.anon, host?.anonHuge ?? UNBOUNDED);
  const shmem = Math.min(resident.shmem, host?.shmemHuge ?? UNBOUNDED);
  const file = Math.min(resident.file, host?.fileHuge ?? UNBOUNDED);
  return { huge: anon + shmem + file, readable: anon + shmem };
}
