import type { Pages } from '../../../vocabulary/units.js';
import { exit } from '../address-space/processes.js';
import type { Kernel } from '../state/kernel.js';
import type { Memcg } from '../state/memcg.js';
import type { Mm } from '../state/mm.js';
import type { Process } from '../state/process.js';

/** Value of oom_score_adj that keeps a process from being chosen. */
export const OOM_SCORE_ADJ_MIN = -1000;

/**
 * Something found no memory for `pages` pages, after reclaim: the process with the most of it is killed, in the cgroup whose limit is in
 * the way or, when none is, in the whole machine (mem_cgroup_out_of_memory(), out_of_memory()). Returns whether
 * another process was killed, so that it is worth another try.
 */
export function killForMemory(kernel: Kernel, mm: Mm, pages: Pages = 1): boolean {
  const limited = kernel.memcgOf(mm).overLimit(pages);
  if (limited !== undefined) limited.count('oom');
  const scope = limited === undefined ? undefined : new Set([...limited.subtree()].map(({ id }) => id));
  const victim = chooseVictim(kernel, scope, totalPages(kernel, limited));
  if (victim === undefined) return false;
  for (const task of withGroup(kernel, victim, limited)) kill(kernel, task);
  return victim.mm !== mm && kernel.mms.has(mm.id);
}

/** The memory that a victim's share is measured against. */
function totalPages(kernel: Kernel, limited: Memcg | undefined): number {
  if (limited !== undefined && Number.isFinite(limited.max)) return limited.max;
  return kernel.frames.count + kernel.swap.slots;
}

function chooseVictim(kernel: Kernel, scope: Set<number> | undefined, total: number): Process | undefined {
  let victim: Process | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const task of kernel.processes.values()) {
    if (task.mm === undefined || task.oomScoreAdj === OOM_SCORE_ADJ_MIN) continue;
    if (scope !== undefined && !scope.has(task.mm.memcg)) continue;
    const points = badness(task, task.mm, total);
    if (points <= most) continue;
    most = points;
    victim = task;
  }
  return victim;
}

/** oom_badness(): resident pages, swap and page tables, moved by oom_score_adj in thousandths of all memory. */
function badness(task: Process, mm: Mm, total: number): number {
  return mm.rss + mm.swapEntries + mm.tablePages + Math.trunc((task.oomScoreAdj * total) / 1000);
}

/** /proc/PID/oom_score: 0 to 1333, 666 for a process without memory and without adjustment. */
export function oomScore(kernel: Kernel, task: Process): number {
  if (task.mm === undefined || task.oomScoreAdj === OOM_SCORE_ADJ_MIN) return 0;
  const total = totalPages(kernel, undefined);
  return Math.max(0, Math.trunc(((1000 + (badness(task, task.mm, total) * 1000) / total) * 2) / 3));
}

/** The victim, or with memory.oom.group every process in the highest such cgroup below the one that ran out. */
function withGroup(kernel: Kernel, victim: Process, limited: Memcg | undefined): Process[] {
  let group: Memcg | undefined;
  for (
    let memcg: Memcg | undefined = kernel.memcgOf(victim.memory);
    memcg !== undefined;
    memcg = memcg.parent
  ) {
    if (memcg.oomGroup) group = memcg;
    if (memcg === limited) break;
  }
  if (group === undefined) return [victim];
  group.count('oom_group_kill');
  const members = new Set([...group.subtree()].map(({ id }) => id));
  return [...kernel.processes.values()].filter(
    ({ mm, oomScoreAdj }) => mm !== undefined && members.has(mm.memcg) && oomScoreAdj !== OOM_SCORE_ADJ_MIN,
  );
}

function kill(kernel: Kernel, task: Process): void {
  kernel.counters.count('oom_kill');
  kernel.memcgOf(task.memory).count('oom_kill');
  kernel.killed.push({ pid: task.pid, command: task.command, atNs: kernel.clock.now });
  kernel.clock.spend(exit(kernel, task));
}
