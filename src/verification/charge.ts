/** What the system says of its memory: the charge of a process's cgroup and the host's free pages. */
import { type ChargedMemory, memoryCgroup, parseMemoryStat } from '../formats/proc/memory-cgroup.js';
import { kilobytes, parseKeyed } from '../formats/proc/process-files.js';
import type { Host } from '../host/host.js';
import { ifRecorded } from '../host/if-recorded.js';
import type { Bytes, ProcessId } from '../vocabulary/units.js';

/** What a memory cgroup is charged. */
export interface Charge {
  /** Path of the cgroup, as /proc/PID/cgroup tells it. */
  readonly path: string;
  readonly version: 1 | 2;
  /** memory.current or memory.usage_in_bytes: everything charged to the cgroup and those below. */
  readonly bytes: Bytes;
}

/** The charge of a process's memory cgroup; undefined in the root, without the controller, or when it is gone. */
export function readCharge(host: Host, pid: ProcessId): Charge | undefined {
  return ifRecorded(() => chargeOf(host, pid));
}

function chargeOf(host: Host, pid: ProcessId): Charge | undefined {
  const place = placeOf(host, pid);
  if (!place) return undefined;
  const file = place.version === 1 ? 'memory.usage_in_bytes' : 'memory.current';
  const bytes = numberIn(host, `${place.directory}/${file}`);
  return bytes === undefined ? undefined : { path: place.path, version: place.version, bytes };
}

/** The charge with what it is made of. */
export function readChargedMemory(host: Host, pid: ProcessId): (Charge & ChargedMemory) | undefined {
  return ifRecorded(() => chargedMemoryOf(host, pid));
}

function chargedMemoryOf(host: Host, pid: ProcessId): (Charge & ChargedMemory) | undefined {
  const charge = chargeOf(host, pid);
  const place = placeOf(host, pid);
  if (!charge || !place) return undefined;
  const stat = host.files.readText(`${place.directory}/memory.stat`);
  if (!stat.ok) return undefined;
  const parsed = parseMemoryStat(stat.value, place.version);
  const kernel = parsed.kernel ?? numberIn(host, `${place.directory}/memory.kmem.usage_in_bytes`);
  return { ...charge, ...parsed, kernel };
}

/** MemFree of /proc/meminfo. */
export function readFreeMemory(host: Host): Bytes | undefined {
  const meminfo = ifRecorded(() => host.files.readText('/proc/meminfo'));
  return meminfo?.ok ? kilobytes(parseKeyed(meminfo.value).get('MemFree')) : undefined;
}

function placeOf(host: Host, pid: ProcessId) {
  const cgroup = host.files.readText(`/proc/${pid}/cgroup`);
  const mounts = host.files.readText('/proc/self/mountinfo');
  return cgroup.ok && mounts.ok ? memoryCgroup(cgroup.value, mounts.value) : undefined;
}

function numberIn(host: Host, path: string): number | undefined {
  const text = host.files.readText(path);
  return text.ok && /^\d+\s*$/.test(text.value) ? Number(text.value) : undefined;
}
