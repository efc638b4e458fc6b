/** Every process with whom it belongs to and its resident memory: small files only, and no lock of theirs. */
import { kilobytes, parseKeyed } from '../formats/proc/process-files.js';
import type { Host } from '../host/host.js';
import { everyProcess, readProcess, type SeenProcess } from '../services/every-process.js';
import type { Belonging } from '../services/service-id.js';
import { ServiceReader } from '../services/service-reader.js';
import { OctavoError } from '../vocabulary/errors.js';
import { throwIfStopped } from '../vocabulary/stopping.js';
import type { Bytes, ProcessId } from '../vocabulary/units.js';

/** Resident memory by kind, as the kernel counts it (a little late on hosts with many CPUs). */
export interface Resident {
  readonly all: Bytes;
  /** All of it where the kernel does not tell the kinds apart (before Linux 4.5). */
  readonly anon: Bytes;
  readonly shmem: Bytes;
  readonly file: Bytes;
}

/** A process with its service and its resident memory. */
export interface Person {
  readonly process: SeenProcess;
  readonly belonging: Belonging;
  /** Undefined where /proc/PID/status cannot be read. */
  readonly resident: Resident | undefined;
  readonly threads: number;
  /** Whether some of its memory is locked. */
  readonly isLocked: boolean;
  /** Bytes in pages of hugetlbfs, which are no THPs. */
  readonly hugetlb: Bytes;
}

/** Every process that can be seen. */
export interface People {
  readonly people: readonly Person[];
  /** Processes that this user cannot see. */
  readonly hidden: number;
  /** This very process, which is left out. */
  readonly self: SeenProcess | undefined;
}

/** Every process but kernel threads and Octavo itself. */
export function readPeople(host: Host, signal: AbortSignal): People {
  const { seen, hiddenCount } = everyProcess(host);
  const services = new ServiceReader(host);
  const people: Person[] = [];
  for (const process of seen) {
    throwIfStopped(signal);
    if (process.kernelThread || process.pid === host.identity.pid) continue;
    people.push(personOf(host, services, process));
  }
  return { people, hidden: hiddenCount, self: seen.find(({ pid }) => pid === host.identity.pid) };
}

/** One process. Throws TARGET_GONE. */
export function personNamed(host: Host, pid: ProcessId): Person {
  const process = readProcess(host, pid);
  if (process === undefined || process === 'ended' || 'errno' in process)
    throw new OctavoError('TARGET_GONE', { pid });
  return personOf(host, new ServiceReader(host), process);
}

function personOf(host: Host, services: ServiceReader, process: SeenProcess): Person {
  const fields = statusOf(host, process.pid);
  const of = (name: string) => kilobytes(fields?.get(name));
  // A process without memory of its own, such as one that is ending, has no such line.
  const all = fields === undefined ? undefined : (of('VmRSS') ?? 0);
  return {
    process,
    belonging: services.read(process),
    resident:
      all === undefined
        ? undefined
        : { all, anon: of('RssAnon') ?? all, shmem: of('RssShmem') ?? 0, file: of('RssFile') ?? 0 },
    threads: Number(fields?.get('Threads') ?? 1),
    isLocked: (of('VmLck') ?? 0) > 0,
    hugetlb: of('HugetlbPages') ?? 0,
  };
}

function statusOf(host: Host, pid: ProcessId): ReadonlyMap<string, string> | undefined {
  const text = host.files.readText(`/proc/${pid}/status`);
  return text.ok ? parseKeyed(text.value) : undefined;
}
