import type { PageRange, Pages } from '../../vocabulary/units.js';
import { access, contentAt, emptyLeaf } from '../kernel/access/access.js';
import { createInode, mmap, spawn } from '../kernel/address-space/processes.js';
import { adviseRange } from '../kernel/advice/madvise.js';
import { ensureCgroup } from '../kernel/files/cgroup-files.js';
import type { Kernel } from '../kernel/state/kernel.js';
import { type Mm, VM } from '../kernel/state/mm.js';
import type { ShmemHuge } from '../kernel/state/page-cache.js';
import type { Process } from '../kernel/state/process.js';
import { drawBlocks } from './drawing.js';
import {
  answer,
  type LineAnswer,
  misuse,
  refusal,
  type ShellCommand,
  type ShellState,
} from './shell-command.js';
import { findProcess, findRange, isAnswer, showAddress } from './targets.js';
import { parseAddress, parsePairs, parseSize } from './words.js';

const MAP_KEYS = ['size', 'at', 'kind', 'huge', 'advise', 'touch', 'stride', 'path'];
const SPAWN_KEYS = [...MAP_KEYS, 'cgroup', 'user'];

/** Commands on processes and their memory. */
export const MEMORY_COMMANDS: Readonly<Record<string, ShellCommand>> = {
  spawn: {
    usage: `spawn NAME [${SPAWN_KEYS.map((key) => `${key}=…`).join('] [')}]`,
    brief: [
      'starts a process with one mapping; prints its pid and the address. size=16M, at=ADDR, kind=anon|shmem|tmpfs,',
      'huge=never|always|within_size|advise (tmpfs), path=PATH (tmpfs), advise=hugepage|nohugepage, touch=none|read|write,',
      'stride=BYTES between touched pages, cgroup=/PATH, user=ID',
    ].join('\n    '),
    run: ({ host }, [name, ...pairs]) => {
      if (name === undefined || name.includes('=')) return misuse('spawn NAME key=value…');
      const keys = parsePairs(pairs, SPAWN_KEYS);
      if (typeof keys === 'string') return misuse(keys);
      return spawnProcess(host.kernel, name, keys);
    },
  },
  map: {
    usage: `map PID [${MAP_KEYS.map((key) => `${key}=…`).join('] [')}]`,
    brief: 'another mapping for a process; prints its address',
    run: ({ host }, [pid, ...pairs]) => {
      const found = findProcess(host.kernel, pid);
      if (isAnswer(found)) return found;
      const keys = parsePairs(pairs, MAP_KEYS);
      return typeof keys === 'string' ? misuse(keys) : mapMemory(host.kernel, found.task, keys);
    },
  },
  touch: {
    usage: 'touch PID ADDR LEN [STRIDE] [read|write]',
    brief: 'one access to each page, or one each STRIDE bytes; writes unless told otherwise. Prints how many',
    run: (state, words) => touchRange(state, words),
  },
  sum: {
    usage: 'sum PID ADDR LEN',
    brief: 'a checksum over what the pages hold, wherever they are; holes and zero pages read as zeroes',
    run: ({ host }, [pid, address, length]) => {
      const found = findProcess(host.kernel, pid);
      if (isAnswer(found)) return found;
      const range = findRange(host.kernel, address, length);
      return isAnswer(range) ? range : answer(contentSum(host.kernel, found.mm, range));
    },
  },
  pages: {
    usage: 'pages PID ADDR LEN',
    brief:
      'draws folios block by block: P9 a huge mapping, 4x32 folios by order, z zero page, s swapped, - nothing',
    run: ({ host }, [pid, address, length]) => {
      const found = findProcess(host.kernel, pid);
      if (isAnswer(found)) return found;
      const range = findRange(host.kernel, address, length);
      return isAnswer(range) ? range : answer(drawBlocks(host.kernel, found.mm, range));
    },
  },
};

function spawnProcess(kernel: Kernel, name: string, keys: Record<string, string>): LineAnswer {
  if (keys.user !== undefined && !/^\d{1,9}$/.test(keys.user)) return misuse('user is a number');
  const problem = wrongMapping(keys);
  if (problem !== undefined) return misuse(problem);
  const memcg = ensureCgroup(kernel, keys.cgroup ?? '/');
  if (typeof memcg === 'string') return refusal(memcg);
  const task = spawn(kernel, { command: name, memcg: memcg.id, userId: Number(keys.user ?? 0) });
  const mapped = mapMemory(kernel, task, keys);
  return mapped.failure === undefined ? answer(`${task.pid} ${mapped.text}`) : mapped;
}

function wrongMapping(keys: Record<string, string>): string | undefined {
  const oneOf = (key: string, ...values: string[]) =>
    keys[key] === undefined || values.includes(keys[key])
      ? undefined
      : `${key} is one of ${values.join(', ')}`;
  if (keys.size !== undefined && !parseSize(keys.size)) return 'size is bytes, or a number with K, M or G';
  if (keys.stride !== undefined && !parseSize(keys.stride))
    return 'stride is bytes, or a number with K, M or G';
  if (keys.at !== undefined && parseAddress(keys.at) === undefined) return 'at is an address';
  return (
    oneOf('kind', 'anon', 'shmem', 'tmpfs') ??
    oneOf('huge', 'never', 'always', 'within_size', 'advise') ??
    oneOf('advise', 'hugepage', 'nohugepage', 'none') ??
    oneOf('touch', 'none', 'read', 'write')
  );
}

function mapMemory(kernel: Kernel, task: Process, keys: Record<string, string>): LineAnswer {
  const problem = wrongMapping(keys);
  if (problem !== undefined) return misuse(problem);
  const { pageBytes } = kernel.geometry;
  const pages = Math.ceil((parseSize(keys.size ?? '16M') ?? 0) / pageBytes);
  const shared = keys.kind === 'shmem' || keys.kind === 'tmpfs';
  const inode = shared ? inodeFor(kernel, task, keys, pages) : undefined;
  const flags = VM.read | VM.write | (shared ? VM.shared : 0);
  const at = keys.at === undefined ? undefined : (parseAddress(keys.at) ?? 0) / pageBytes;
  if (at !== undefined && !Number.isInteger(at)) return refusal('EINVAL');
  const start = mmap(kernel, task.memory, { pages, flags, inode, at });
  if (typeof start === 'string') return refusal(start);
  if (keys.advise === 'hugepage') adviseRange(kernel, task.memory, start, start + pages, 'MADV_HUGEPAGE');
  if (keys.advise === 'nohugepage') adviseRange(kernel, task.memory, start, start + pages, 'MADV_NOHUGEPAGE');
  const step = Math.max(1, Math.floor((parseSize(keys.stride ?? '') ?? pageBytes) / pageBytes));
  const touched = keys.touch === 'read' || keys.touch === 'write';
  const reached = touched
    ? touchPages(kernel, task, { start, end: start + pages, step }, keys.touch === 'write')
    : 0;
  return typeof reached === 'string' ? refusal(reached) : answer(showAddress(kernel, start));
}

function inodeFor(kernel: Kernel, task: Process, keys: Record<string, string>, pages: number) {
  if (keys.kind === 'shmem') return createInode(kernel, '/dev/zero (deleted)', pages, 'kernel');
  const path = keys.path ?? `/tmp/${task.command}-${task.pid}`;
  const found = [...kernel.inodes.values()].find((inode) => inode.path === path);
  return found ?? createInode(kernel, path, pages, (keys.huge ?? 'never') as ShmemHuge);
}

/** FNV-1a over the content of each page, page by page. */
function contentSum(kernel: Kernel, mm: Mm, { start, end }: PageRange): string {
  let hash = 0x811c9dc5;
  const leaf = emptyLeaf();
  for (let page = start; page < end; page++) {
    hash = Math.imul(hash ^ contentAt(kernel, mm, page, leaf), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Accesses every step-th page; the number of accesses, or the errno of the first that failed. */
function touchPages(
  kernel: Kernel,
  task: Process,
  { start, end, step }: PageRange & { readonly step: Pages },
  write: boolean,
): number | 'EFAULT' | 'ENOMEM' {
  kernel.cpu = task.cpu;
  let touched = 0;
  for (let page = start; page < end; page += step) {
    const cost = access(kernel, task.memory, page, write);
    if (cost < 0) return cost === -1 ? 'EFAULT' : 'ENOMEM';
    kernel.clock.spend(cost);
    touched++;
  }
  return touched;
}

function touchRange({ host }: ShellState, [pid, address, length, ...rest]: readonly string[]): LineAnswer {
  const { kernel } = host;
  const found = findProcess(kernel, pid);
  if (isAnswer(found)) return found;
  const range = findRange(kernel, address, length);
  if (isAnswer(range)) return range;
  const how = rest.find((word) => word === 'read' || word === 'write') ?? 'write';
  const stride = rest.find((word) => word !== how);
  const bytes = stride === undefined ? kernel.geometry.pageBytes : parseSize(stride);
  if (!bytes || rest.length > 2) return misuse('touch PID ADDR LEN [STRIDE] [read|write]');
  const step = Math.max(1, Math.floor(bytes / kernel.geometry.pageBytes));
  const touched = touchPages(kernel, found.task, { ...range, step }, how === 'write');
  return typeof touched === 'string' ? refusal(touched) : answer(String(touched));
}
