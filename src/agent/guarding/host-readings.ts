/** What guards judge by, as far as the host tells. */
import { freeBlocks, pressureAverage } from '../../formats/proc/system-files.js';
import { type GuardReading, type Pressure, RESOURCES, type Resource } from '../../guards/guard.js';
import type { Host } from '../../host/host.js';
import type { Bytes, ProcessId } from '../../vocabulary/units.js';

type Pressures = NonNullable<GuardReading['host']>;

/** PSI of the host. */
export function hostPressure(host: Host): Pressures {
  return pressures(host, (resource) => `/proc/pressure/${resource}`);
}

/** Groups of a target that are looked at; more of them say little more. */
const MOST_GROUPS = 8;

/** The worst PSI of some cgroups (v2); undefined where none tells. */
export function worstPressure(host: Host, groups: Iterable<string>): Pressures | undefined {
  let worst: Pressures | undefined;
  for (const group of [...groups].filter((path) => path !== '/').slice(0, MOST_GROUPS)) {
    const found = pressures(host, (resource) => `/sys/fs/cgroup${group}/${resource}.pressure`);
    if (Object.keys(found).length > 0) worst = worst === undefined ? found : worseOf(worst, found);
  }
  return worst;
}

function pressures(host: Host, pathOf: (resource: Resource) => string): Pressures {
  const found: Partial<Record<Resource, Pressure>> = {};
  for (const resource of RESOURCES) {
    const text = host.files.readText(pathOf(resource));
    if (text.ok)
      found[resource] = {
        some: pressureAverage(text.value, 'some'),
        full: pressureAverage(text.value, 'full'),
      };
  }
  return found;
}

function worseOf(left: Pressures, right: Pressures): Pressures {
  const both = RESOURCES.flatMap((resource): [Resource, Pressure][] => {
    const [one, other] = [left[resource], right[resource]];
    if (one === undefined || other === undefined)
      return one || other ? [[resource, (one ?? other) as Pressure]] : [];
    return [[resource, { some: larger(one.some, other.some), full: larger(one.full, other.full) }]];
  });
  return Object.fromEntries(both);
}

function larger(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? (left ?? right) : Math.max(left, right);
}

/** Memory that is free in whole huge blocks; undefined where the host does not tell. */
export function freeHugeBytes({ files, identity }: Host): Bytes | undefined {
  const { geometry, architecture } = identity;
  const text = files.readText('/proc/buddyinfo');
  return text.ok ? freeBlocks(text.value, geometry.hugeOrder, architecture) * geometry.blockBytes : undefined;
}

/** Resident memory of some processes; those that cannot be read count as nothing. */
export function residentBytes({ files, identity }: Host, pids: readonly ProcessId[]): Bytes {
  return pids.reduce((sum, pid) => {
    const text = files.readText(`/proc/${pid}/statm`);
    const pages = text.ok ? Number(text.value.split(' ')[1]) : 0;
    return sum + (Number.isFinite(pages) ? pages : 0) * identity.geometry.pageBytes;
  }, 0);
}
