/**
 * Where the memory controller keeps a process's cgroup, and what memory.stat says, in both hierarchies
 * (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).
 */
import type { Bytes } from '../../vocabulary/units.js';

/** A cgroup of the memory controller. */
export interface MemoryCgroup {
  readonly version: 1 | 2;
  /** Path as in /proc/PID/cgroup. */
  readonly path: string;
  /** Directory in the file system. */
  readonly directory: string;
}

/** From /proc/PID/cgroup and the reader's mountinfo; undefined where the controller is not mounted or not in sight. */
export function memoryCgroup(cgroup: string, mountinfo: string): MemoryCgroup | undefined {
  const lines = cgroup.split('\n');
  const old = lines.find((line) => /^\d+:([^:]*,)?memory(,[^:]*)?:/.test(line));
  if (old !== undefined) {
    const isMemory = (type: string, options: string) =>
      type === 'cgroup' && options.split(',').includes('memory');
    return placed(1, old.slice(old.indexOf('/')), mountinfo, isMemory);
  }
  const unified = lines.find((line) => line.startsWith('0::'));
  if (unified === undefined) return undefined;
  return placed(2, unified.slice(3), mountinfo, (type) => type === 'cgroup2');
}

function placed(
  version: 1 | 2,
  path: string,
  mountinfo: string,
  isIt: (type: string, options: string) => boolean,
): MemoryCgroup | undefined {
  // A path that begins with /.. lies outside the reader's cgroup namespace.
  if (path.startsWith('/..')) return undefined;
  for (const line of mountinfo.split('\n')) {
    const [mount, filesystem] = line.split(' - ');
    if (filesystem === undefined) continue;
    const [type, , options = ''] = filesystem.split(' ');
    const [, , , root, point] = mount.split(' ');
    if (!isIt(type, options)) continue;
    const below = root === '/' ? path : path.startsWith(root) ? path.slice(root.length) : path;
    return { version, path, directory: below === '/' || below === '' ? point : `${point}${below}` };
  }
  return undefined;
}

/** Memory that memory.stat tells apart, in bytes. All of it is part of the charge. */
export interface ChargedMemory {
  /** Mapped anonymous memory. */
  readonly anon: Bytes;
  /** Page cache, with tmpfs and shared memory, without the swap cache. */
  readonly file: Bytes;
  /** Stacks, page tables, slab and the like; undefined where the kernel does not tell. */
  readonly kernel: Bytes | undefined;
  readonly sockets: Bytes;
}

/** memory.stat of a cgroup with everything below it. */
export function parseMemoryStat(text: string, version: 1 | 2): ChargedMemory {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, value] = line.split(' ');
    if (value !== undefined) values.set(name, Number(value));
  }
  const of = (name: string) => values.get(version === 1 ? `total_${name}` : name) ?? 0;
  const cache = of(version === 1 ? 'cache' : 'file');
  return {
    anon: of(version === 1 ? 'rss' : 'anon'),
    file: cache - Math.min(cache, of('swapcached')),
    kernel: version === 1 ? undefined : kernelMemory(values),
    sockets: version === 1 ? 0 : of('sock'),
  };
}

/** One line since Linux 5.18; its parts before. */
function kernelMemory(values: ReadonlyMap<string, number>): Bytes {
  const whole = values.get('kernel');
  if (whole !== undefined) return whole;
  return ['kernel_stack', 'pagetables', 'percpu', 'vmalloc', 'slab'].reduce(
    (sum, name) => sum + (values.get(name) ?? 0),
    0,
  );
}
