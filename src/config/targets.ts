/** From the TARGET word of a command line to processes. */
import { isKernelThread, parseCgroup, parseStat } from '../formats/proc/process-files.js';
import type { Host } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';

export interface TargetScope {
  /** Command names or `cgroup:/path` prefixes that are never touched. */
  readonly deny?: readonly string[];
  /** When given, only these command names or `cgroup:/path` prefixes. */
  readonly only?: readonly string[];
}

interface Candidate extends ProcessIdentity {
  readonly kernelThread: boolean;
}

/**
 * Processes that a target names: a pid, a command name, `cgroup:/path` (with everything below it) or `all`.
 * Kernel threads, init and Octavo itself are never among them; naming one by pid is an error of its own.
 */
export function resolveTarget(
  host: Host,
  target: string,
  scope: TargetScope = {},
): readonly ProcessIdentity[] {
  if (/^\d+$/.test(target)) return [byPid(host, Number(target), scope)];
  const accepts = matcher(target);
  const found = everyProcess(host).filter(
    (process) => accepts(process) && !forbidden(host, process) && !excluded(process, scope),
  );
  if (found.length === 0) throw new OctavoError('TARGET_NOT_FOUND', { target });
  return found.map(identity);
}

function byPid(host: Host, pid: number, scope: TargetScope): ProcessIdentity {
  const process = readProcess(host, pid);
  if (!process) throw new OctavoError('TARGET_NOT_FOUND', { target: pid });
  const reason = forbidden(host, process) ?? excluded(process, scope);
  if (reason) throw new OctavoError('TARGET_FORBIDDEN', { target: pid, reason });
  return identity(process);
}

function matcher(target: string): (process: Candidate) => boolean {
  if (target === 'all') return () => true;
  if (target.startsWith('cgroup:/')) return (process) => inCgroup(process, target.slice(7));
  const name = target.startsWith('comm:') ? target.slice(5) : target;
  if (name === '' || name.includes('/') || name.includes(':'))
    throw new OctavoError('TARGET_SYNTAX', { target });
  // The kernel keeps 15 characters of a command name.
  return (process) => process.command === name.slice(0, 15);
}

function inCgroup(process: Candidate, path: string): boolean {
  const group = path === '/' ? '' : path.replace(/\/$/, '');
  return process.cgroup === group || process.cgroup.startsWith(`${group}/`);
}

/** Why a process is never a target, undefined when it may be one. */
function forbidden(host: Host, process: Candidate): string | undefined {
  if (process.pid === 1) return 'it is init';
  if (process.pid === host.identity.pid) return 'it is Octavo itself';
  return process.kernelThread ? 'it is a kernel thread' : undefined;
}

function excluded(process: Candidate, scope: TargetScope): string | undefined {
  const matches = (pattern: string) =>
    pattern.startsWith('cgroup:')
      ? inCgroup(process, pattern.slice(7))
      : process.command === pattern.slice(0, 15);
  const denied = scope.deny?.find(matches);
  if (denied) return `\`${denied}\` is on the deny list`;
  const allowed = scope.only === undefined || scope.only.length === 0 || scope.only.some(matches);
  return allowed ? undefined : 'it is not on the list given by --only';
}

function everyProcess(host: Host): readonly Candidate[] {
  const names = host.files.list('/proc');
  if (!names.ok) throw new OctavoError('FILE_UNREADABLE', { path: '/proc', errno: names.error.errno });
  return names.value
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((left, right) => left - right)
    .flatMap((pid) => readProcess(host, pid) ?? []);
}

function readProcess(host: Host, pid: number): Candidate | undefined {
  const text = host.files.readText(`/proc/${pid}/stat`);
  const stat = text.ok ? parseStat(text.value) : undefined;
  if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined;
  const cgroup = host.files.readText(`/proc/${pid}/cgroup`);
  return {
    pid,
    startTicks: stat.startTicks,
    command: stat.command,
    cgroup: cgroup.ok ? parseCgroup(cgroup.value) : '/',
    kernelThread: isKernelThread(stat),
  };
}

function identity({ pid, startTicks, command, cgroup }: Candidate): ProcessIdentity {
  return { pid, startTicks, command, cgroup };
}
