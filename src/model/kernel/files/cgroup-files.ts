import type { ErrnoName } from '../../../vocabulary/errno.js';
import { drainAll } from '../memory/lru.js';
import { mappedAnon } from '../memory/mapped-anon.js';
import { reclaim } from '../reclaim/reclaim.js';
import type { ModelDirectory, ModelFile, ModelNode } from '../state/file-tree.js';
import type { Kernel } from '../state/kernel.js';
import { LRU, MAX_MEMCGS, Memcg, type MemcgEvent } from '../state/memcg.js';

/** A directory of the unified hierarchy. The root has no limits. */
export class CgroupDirectory implements ModelDirectory {
  readonly kind = 'directory';
  readonly mode = 0o755;
  readonly #kernel: Kernel;
  readonly #memcg: Memcg;

  constructor(kernel: Kernel, memcg: Memcg) {
    this.#kernel = kernel;
    this.#memcg = memcg;
  }

  names(): readonly string[] {
    const limited = this.#memcg.parent === undefined ? [] : Object.keys(LIMITED);
    return [...Object.keys(COMMON), ...limited, ...this.#memcg.children.map(nameOf)];
  }

  lookup(name: string): ModelNode | undefined {
    const file = COMMON[name] ?? (this.#memcg.parent === undefined ? undefined : LIMITED[name]);
    if (file !== undefined) return file(this.#kernel, this.#memcg);
    const child = this.#memcg.children.find((candidate) => nameOf(candidate) === name);
    return child === undefined ? undefined : new CgroupDirectory(this.#kernel, child);
  }
}

function nameOf(memcg: Memcg): string {
  return memcg.path.slice(memcg.path.lastIndexOf('/') + 1);
}

/** mkdir in the hierarchy. Returns the cgroup, making its ancestors as well; an errno when there are too many. */
export function ensureCgroup(kernel: Kernel, path: string): Memcg | ErrnoName {
  let memcg = kernel.rootMemcg;
  for (const name of path.split('/').filter((part) => part !== '')) {
    const found = memcg.children.find((child) => nameOf(child) === name);
    if (found === undefined && kernel.memcgs.length >= MAX_MEMCGS) return 'ENOSPC';
    const parent: Memcg = memcg;
    memcg =
      found ?? new Memcg(kernel.memcgs.length, `${parent.path === '/' ? '' : parent.path}/${name}`, parent);
    if (found === undefined) kernel.memcgs.push(memcg);
  }
  return memcg;
}

type MakeFile = (kernel: Kernel, memcg: Memcg) => ModelFile;

const COMMON: Readonly<Record<string, MakeFile>> = {
  'cgroup.controllers': () => show(() => 'cpu memory pids\n'),
  'cgroup.procs': (kernel, memcg) => ({
    kind: 'file',
    mode: 0o644,
    read: () => membersOf(kernel, memcg),
    write: (text) => moveProcess(kernel, memcg, text),
  }),
  'memory.reclaim': (kernel, memcg) => ({
    kind: 'file',
    mode: 0o200,
    write: (text) => reclaimWritten(kernel, memcg, text),
  }),
  'memory.stat': (kernel, memcg) => show(() => statText(kernel, memcg)),
  'memory.pressure': (kernel) =>
    show(
      () => kernel.pressure.line(kernel.clock.now, 'some') + kernel.pressure.line(kernel.clock.now, 'full'),
    ),
};

const LIMITED: Readonly<Record<string, MakeFile>> = {
  'memory.current': (kernel, memcg) => show(() => `${memcg.charged * kernel.geometry.pageBytes}\n`),
  'memory.peak': (kernel, memcg) => show(() => `${memcg.peak * kernel.geometry.pageBytes}\n`),
  'memory.min': (kernel, memcg) => limit(kernel, memcg, 'min'),
  'memory.low': (kernel, memcg) => limit(kernel, memcg, 'low'),
  'memory.high': (kernel, memcg) => limit(kernel, memcg, 'high'),
  'memory.max': (kernel, memcg) => limit(kernel, memcg, 'max'),
  'memory.oom.group': (_, memcg) => ({
    kind: 'file',
    mode: 0o644,
    read: () => `${memcg.oomGroup ? 1 : 0}\n`,
    write: (text) => {
      if (!/^[01]\s*$/.test(text)) return 'EINVAL';
      memcg.oomGroup = text.startsWith('1');
      return undefined;
    },
  }),
  'memory.events': (_, memcg) => show(() => eventsText(memcg)),
  'memory.swap.current': (kernel, memcg) => show(() => `${memcg.swapped * kernel.geometry.pageBytes}\n`),
  'memory.swap.max': (kernel, memcg) => limit(kernel, memcg, 'swapMax'),
};

function show(read: () => string): ModelFile {
  return { kind: 'file', mode: 0o444, read };
}

/** A limit in bytes, rounded down to pages, or `max`. Lowering max or high reclaims at once. */
function limit(kernel: Kernel, memcg: Memcg, key: 'min' | 'low' | 'high' | 'max' | 'swapMax'): ModelFile {
  const { pageBytes } = kernel.geometry;
  return {
    kind: 'file',
    mode: 0o644,
    read: () => (Number.isFinite(memcg[key]) ? `${memcg[key] * pageBytes}\n` : 'max\n'),
    write: (text) => {
      const bytes = text.trim() === 'max' ? Number.POSITIVE_INFINITY : parseBytes(text);
      if (bytes === undefined) return 'EINVAL';
      memcg[key] = Math.floor(bytes / pageBytes);
      if (key === 'max' || key === 'high')
        kernel.relief.reclaim(memcg, Math.max(0, memcg.charged - memcg[key]), 'direct');
      return undefined;
    },
  };
}

/** memparse(): a number with K, M, G or T. */
export function parseBytes(text: string): number | undefined {
  const found = /^\s*(\d{1,15})([kKmMgGtT]?)\s*$/.exec(text);
  if (found === null) return undefined;
  const shift = { k: 10, m: 20, g: 30, t: 40 }[found[2].toLowerCase()] ?? 0;
  return Number(found[1]) * 2 ** shift;
}

function membersOf(kernel: Kernel, memcg: Memcg): string {
  return [...kernel.processes.values()]
    .filter((task) => (task.mm === undefined ? memcg.id === 0 : task.mm.memcg === memcg.id))
    .map((task) => `${task.pid}\n`)
    .join('');
}

/** Moves a process; what it has been charged for stays where it was, as in cgroup v2. */
function moveProcess(kernel: Kernel, memcg: Memcg, text: string): ErrnoName | undefined {
  if (!/^\d+\s*$/.test(text)) return 'EINVAL';
  const task = kernel.processes.get(Number(text));
  if (task === undefined) return 'ESRCH';
  if (task.mm === undefined) return 'EINVAL';
  task.mm.memcg = memcg.id;
  return undefined;
}

/** memory.reclaim: EAGAIN when less was reclaimed, whatever the shrinkers freed besides. */
function reclaimWritten(kernel: Kernel, memcg: Memcg, text: string): ErrnoName | undefined {
  const bytes = parseBytes(text.split(' ')[0]);
  if (bytes === undefined) return 'EINVAL';
  const pages = Math.floor(bytes / kernel.geometry.pageBytes);
  const before = memcg.events.pgsteal_proactive;
  drainAll(kernel);
  reclaim(kernel, memcg, pages, 'proactive');
  return memcg.events.pgsteal_proactive - before < pages ? 'EAGAIN' : undefined;
}

function eventsText(memcg: Memcg): string {
  const { events } = memcg;
  return [
    `low ${events.low}`,
    `high ${events.high}`,
    `max ${events.max}`,
    `oom ${events.oom}`,
    `oom_kill ${events.oom_kill}`,
    `oom_group_kill ${events.oom_group_kill}`,
    'sock_throttled 0',
    '',
  ].join('\n');
}

const NONE = () => 0;

/** Lines of memory.stat that are amounts of memory, in pages of one cgroup, in the kernel's order. */
const AMOUNTS: readonly (readonly [name: string, pages: (memcg: Memcg, kernel: Kernel) => number])[] = [
  ['anon', (m, kernel) => mappedAnon(kernel, m)],
  ['file', (m) => m.file],
  ['kernel', (m) => m.pageTables],
  ['kernel_stack', NONE],
  ['pagetables', (m) => m.pageTables],
  ['sec_pagetables', NONE],
  ['percpu', NONE],
  ['sock', NONE],
  ['vmalloc', NONE],
  ['shmem', (m) => m.shmem],
  ['zswap', NONE],
  ['zswapped', NONE],
  ['file_mapped', NONE],
  ['file_dirty', NONE],
  ['file_writeback', NONE],
  ['swapcached', NONE],
  ['anon_thp', (m) => m.anonThp],
  ['file_thp', (m) => m.fileThp],
  ['shmem_thp', (m) => m.shmemThp],
  ['inactive_anon', (m) => m.lruPages[LRU.inactiveAnon]],
  ['active_anon', (m) => m.lruPages[LRU.activeAnon]],
  ['inactive_file', (m) => m.lruPages[LRU.inactiveFile]],
  ['active_file', (m) => m.lruPages[LRU.activeFile]],
  ['unevictable', (m) => m.lruPages[LRU.unevictable]],
  ['slab_reclaimable', NONE],
  ['slab_unreclaimable', NONE],
  ['slab', NONE],
];

/** Lines that are counts of events, in the kernel's order; those that the model does not count are 0. */
const EVENT_LINES = [
  'workingset_refault_anon workingset_refault_file workingset_activate_anon workingset_activate_file',
  'workingset_restore_anon workingset_restore_file workingset_nodereclaim pgdemote_kswapd pgdemote_direct',
  'pgdemote_khugepaged pgdemote_proactive pgscan pgsteal pgscan_kswapd pgscan_direct pgscan_khugepaged',
  'pgscan_proactive pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgsteal_proactive pgfault pgmajfault pgrefill',
  'pgactivate pgdeactivate pglazyfree pglazyfreed swpin_zero swpout_zero zswpin zswpout zswpwb thp_fault_alloc',
  'thp_collapse_alloc thp_swpout thp_swpout_fallback',
]
  .join(' ')
  .split(' ');

/** memory.stat: this cgroup and everything below it, bytes first, then events. */
function statText(kernel: Kernel, memcg: Memcg): string {
  const members = [...memcg.subtree()];
  const { pageBytes } = kernel.geometry;
  const amounts = AMOUNTS.map(([name, pages]) => {
    const bytes = members.reduce((sum, member) => sum + pages(member, kernel), 0) * pageBytes;
    return `${name} ${bytes}\n`;
  });
  const events = EVENT_LINES.map((name) => `${name} ${memcg.events[name as MemcgEvent] ?? 0}\n`);
  return [...amounts, ...events].join('');
}
