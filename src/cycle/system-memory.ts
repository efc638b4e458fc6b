/** Whether the system got memory back: charges of the targets' cgroups and the host's free memory around a run. */
import type { Host } from '../host/host.js';
import { readCharge, readFreeMemory } from '../verification/charge.js';
import type { SystemMemory } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { Bytes } from '../vocabulary/units.js';

/** Charges and free memory at one moment. */
export interface MemoryReading {
  /** Charged bytes by the path of the cgroup. */
  readonly charges: ReadonlyMap<string, Bytes>;
  readonly freeBytes: Bytes | undefined;
}

/** One reading for all processes; those whose cgroup cannot be read are left out. */
export function readSystemMemory(host: Host, processes: readonly ProcessIdentity[]): MemoryReading {
  const charges = new Map<string, Bytes>();
  for (const { pid } of processes) {
    const charge = readCharge(host, pid);
    if (charge) charges.set(charge.path, charge.bytes);
  }
  return { charges, freeBytes: readFreeMemory(host) };
}

/** What changed between two readings, for cgroups that both have. */
export function memoryChange(before: MemoryReading, after: MemoryReading): SystemMemory {
  const cgroups = [...before.charges].flatMap(([path, bytes]) => {
    const now = after.charges.get(path);
    return now === undefined ? [] : [{ path, beforeBytes: bytes, afterBytes: now }];
  });
  const known = before.freeBytes !== undefined && after.freeBytes !== undefined;
  const free = known ? { beforeBytes: before.freeBytes, afterBytes: after.freeBytes } : null;
  return { cgroups, free };
}
