/** All processes that this user can see, by the small files of /proc. Takes no lock of theirs. */
import { isKernelThread, parseCgroup, parseStat } from '../formats/proc/process-files.js';
import type { Host, Refusal } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';

/** A process with its name, start time and cgroup. */
export interface SeenProcess extends ProcessIdentity {
  readonly kernelThread: boolean;
  /** /proc/PID/cgroup as it is; empty where it cannot be read. */
  readonly cgroupText: string;
}

/** All processes, and how many are hidden. */
export interface Everybody {
  /** Ascending by pid. */
  readonly seen: readonly SeenProcess[];
  /** The first refusal, when some processes are hidden from this user. */
  readonly hidden: Refusal | undefined;
  /** How many are hidden. */
  readonly hiddenCount: number;
}

/** Throws FILE_UNREADABLE where there is no /proc. */
export function everyProcess(host: Host): Everybody {
  const names = host.files.list('/proc');
  if (!names.ok) throw new OctavoError('FILE_UNREADABLE', { path: '/proc', errno: names.error.errno });
  const seen: SeenProcess[] = [];
  let hidden: Refusal | undefined;
  let hiddenCount = 0;
  for (const pid of numbers(names.value)) {
    const process = readProcess(host, pid);
    if (process === undefined || process === 'ended') continue;
    if ('errno' in process) {
      hidden ??= process;
      hiddenCount++;
    } else seen.push(process);
  }
  return { seen, hidden, hiddenCount };
}

function numbers(names: readonly string[]): readonly number[] {
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((left, right) => left - right);
}

/** A process; `ended` when only its exit status is left; undefined when there is none; or why it cannot be known. */
export function readProcess(host: Host, pid: number): SeenProcess | 'ended' | Refusal | undefined {
  const text = host.files.readText(`/proc/${pid}/stat`);
  if (!text.ok) return isRefused(text.error) ? text.error : undefined;
  const stat = parseStat(text.value);
  if (!stat) return undefined;
  if (stat.state === 'Z' || stat.state === 'X') return 'ended';
  const cgroup = host.files.readText(`/proc/${pid}/cgroup`);
  const cgroupText = cgroup.ok ? cgroup.value : '';
  return {
    pid,
    startTicks: stat.startTicks,
    command: stat.command,
    cgroup: parseCgroup(cgroupText),
    cgroupText,
    kernelThread: isKernelThread(stat),
  };
}

function isRefused({ errno }: Refusal): boolean {
  return errno === 'EACCES' || errno === 'EPERM';
}
