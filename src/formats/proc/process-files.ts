/** The small files of /proc/PID that say who a process is. */

/** What is read of /proc/PID/stat. */
export interface ProcessStat {
  readonly pid: number;
  readonly command: string;
  /** One letter: R S D Z X … */
  readonly state: string;
  readonly parent: number;
  /** PF_* flags of include/linux/sched.h. */
  readonly flags: number;
  /** Page faults that needed no disk. */
  readonly minorFaults: number;
  /** Clock ticks after boot. */
  readonly startTicks: number;
}

const PF_KTHREAD = 0x0020_0000;

/** /proc/PID/stat. The command may hold spaces and parentheses, so fields are counted from the last `)`. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const rest = text.slice(close + 2).split(' ');
  const numbers = [text.slice(0, open), rest[1], rest[6], rest[7], rest[19]].map(Number);
  if (numbers.some((value) => !Number.isFinite(value))) return undefined;
  const [pid, parent, flags, minorFaults, startTicks] = numbers;
  return {
    pid,
    command: text.slice(open + 1, close),
    state: rest[0],
    parent,
    flags,
    minorFaults,
    startTicks,
  };
}

/** By the kernel's own flag: pid 2 and its children are ordinary processes in a container. */
export function isKernelThread(stat: ProcessStat): boolean {
  return (stat.flags & PF_KTHREAD) !== 0;
}

/**
 * Path of the cgroup in /proc/PID/cgroup: of the unified hierarchy, or of the memory controller where that is still in
 * a hierarchy of its own and the unified one has the process in its root. `/` when the process is in none.
 */
export function parseCgroup(text: string): string {
  const lines = text.split('\n');
  const unified = lines.find((line) => line.startsWith('0::'))?.slice(3) || '/';
  if (unified !== '/') return unified;
  const memory = lines.find((line) => /^\d+:([^:]*,)?memory(,[^:]*)?:/.test(line));
  return memory?.slice(memory.indexOf(':', memory.indexOf(':') + 1) + 1) || '/';
}

/** `Key:  value` lines of /proc/PID/status and /proc/meminfo, values as text without surrounding space. */
export function parseKeyed(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** Number of a `N kB` value in bytes, undefined when it is not one. */
export function kilobytes(value: string | undefined): number | undefined {
  const match = /^(\d+) kB$/.exec(value ?? '');
  return match ? Number(match[1]) * 1024 : undefined;
}
