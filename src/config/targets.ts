/** From the TARGET word of a command line to processes. */
import type { Host, Refusal } from '../host/host.js';
import { everyProcess, readProcess, type SeenProcess } from '../services/every-process.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';

/** Bounds on which processes a TARGET may mean. */
export interface TargetScope {
  /** Pids, command names or `cgroup:/path` prefixes that are never touched. */
  readonly deny?: readonly string[] | undefined;
  /** When given, only these pids, command names or `cgroup:/path` prefixes. */
  readonly only?: readonly string[] | undefined;
  /**
   * Whether process 1 may be meant, which is init, or the service itself in a container: when it is named by its pid
   * or command (the default), by `all` and cgroups as well (for looking), or never.
   */
  readonly init?: 'named' | 'any' | 'never';
}

interface Matcher {
  accepts(process: SeenProcess): boolean;
  /** Whether the word is the name of what it matches, rather than of a group around it. */
  readonly byName: boolean;
}

/**
 * Processes that a target names: a pid, a command name, `cgroup:/path` (with everything below it) or `all`.
 * Kernel threads and Octavo itself are never among them; naming one by pid is an error of its own. Throws
 * TARGET_SYNTAX, TARGET_NOT_FOUND, TARGET_GONE, TARGET_FORBIDDEN, or PERMISSION where this user may not know.
 */
export function resolveTarget(
  host: Host,
  target: string,
  scope: TargetScope = {},
): readonly ProcessIdentity[] {
  for (const pattern of [...(scope.deny ?? []), ...(scope.only ?? [])]) checkPattern(pattern);
  if (/^\d+$/.test(target)) return [byPid(host, Number(target), scope)];
  const { accepts, byName } = matcher(target);
  const { seen, hidden } = everyProcess(host);
  const matching = seen.filter(accepts);
  const found = matching.filter((process) => unwanted(host, process, scope, byName) === undefined);
  if (found.length > 0) return found.map(identity);
  if (hidden !== undefined) throw notSeen(hidden);
  const telling = matching.find((process) => byName || !isNever(host, process));
  const reason = telling && unwanted(host, telling, scope, byName);
  throw reason === undefined ? nobody(host, target) : new OctavoError('TARGET_FORBIDDEN', { target, reason });
}

/** Octavo itself and kernel threads are in every group and no reason worth telling. */
function isNever(host: Host, process: SeenProcess): boolean {
  return process.kernelThread || process.pid === host.identity.pid;
}

function byPid(host: Host, pid: number, scope: TargetScope): ProcessIdentity {
  const process = readProcess(host, pid);
  if (process === 'ended') throw new OctavoError('TARGET_GONE', { pid });
  if (process === undefined) throw nobody(host, pid);
  if ('errno' in process) throw notSeen(process);
  const reason = unwanted(host, process, scope, true);
  if (reason) throw new OctavoError('TARGET_FORBIDDEN', { target: pid, reason });
  return identity(process);
}

function matcher(target: string): Matcher {
  if (target === 'all') return { accepts: () => true, byName: false };
  const path = /^cgroup:(\/.*)$/.exec(target)?.[1];
  if (path !== undefined) return { accepts: (process) => inCgroup(process, path), byName: false };
  const name = commandOf(target);
  if (name === undefined) throw new OctavoError('TARGET_SYNTAX', { target });
  return { accepts: (process) => process.command === name, byName: true };
}

/** The command name that a word stands for, as far as the kernel keeps it: 15 bytes. */
function commandOf(word: string): string | undefined {
  const name = word.startsWith('comm:') ? word.slice(5) : word;
  if (name === '' || name.includes('/') || (!word.startsWith('comm:') && name.includes(':')))
    return undefined;
  return name.slice(0, 15);
}

function inCgroup(process: SeenProcess, path: string): boolean {
  const group = path === '/' ? '' : path.replace(/\/$/, '');
  return process.cgroup === group || process.cgroup.startsWith(`${group}/`);
}

/** Why a process that a target matches is not taken, undefined when it is. */
function unwanted(host: Host, process: SeenProcess, scope: TargetScope, byName: boolean): string | undefined {
  return forbidden(host, process, scope.init ?? 'named', byName) ?? excluded(process, scope);
}

function forbidden(
  host: Host,
  process: SeenProcess,
  init: 'named' | 'any' | 'never',
  byName: boolean,
): string | undefined {
  if (process.pid === host.identity.pid) return 'it is Octavo itself';
  if (process.kernelThread) return 'it is a kernel thread';
  if (process.pid !== 1 || init === 'any' || (init === 'named' && byName)) return undefined;
  return `process 1 (${process.command}) is taken only when it is named by its pid or command`;
}

function excluded(process: SeenProcess, scope: TargetScope): string | undefined {
  const denied = scope.deny?.find((pattern) => fits(pattern, process));
  if (denied) return `\`${denied}\` is on the deny list`;
  const { only = [] } = scope;
  const allowed = only.length === 0 || only.some((pattern) => fits(pattern, process));
  return allowed ? undefined : 'it is not on the list given by --only';
}

/** A bare number is a pid, and a command of that name as well: what is denied must not slip through. */
function fits(pattern: string, process: SeenProcess): boolean {
  if (pattern.startsWith('cgroup:')) return inCgroup(process, pattern.slice(7));
  return process.command === commandOf(pattern) || (/^\d+$/.test(pattern) && process.pid === Number(pattern));
}

/** A pattern that can match nothing protects nothing: a typing error is told. */
function checkPattern(pattern: string): void {
  const valid = pattern.startsWith('cgroup:')
    ? pattern.startsWith('cgroup:/')
    : commandOf(pattern) !== undefined;
  if (!valid) throw new OctavoError('TARGET_SYNTAX', { target: pattern });
}

function notSeen({ call, errno }: Refusal): OctavoError {
  return new OctavoError('PERMISSION', { call, errno, needs: 'the same user, or CAP_SYS_PTRACE (root)' });
}

/** With hidepid=invisible another user's process looks as if it were not there. */
function nobody(host: Host, target: string | number): OctavoError {
  const mounts = host.files.readText('/proc/self/mountinfo');
  const options = mounts.ok ? procOptions(mounts.value) : [];
  const hiding = options.find((option) => /^hidepid=(2|4|invisible|ptraceable)$/.test(option));
  if (hiding === undefined || host.identity.isPrivileged)
    return new OctavoError('TARGET_NOT_FOUND', { target });
  return new OctavoError('TARGET_UNSEEN', { target, option: hiding });
}

/** Options of the last mount on /proc: proc(5), mountinfo's fields behind the dash are type, source, options. */
function procOptions(mountinfo: string): readonly string[] {
  const line = mountinfo.split('\n').findLast((entry) => entry.split(' ')[4] === '/proc');
  return (line?.split(' - ')[1]?.split(' ')[2] ?? '').split(',');
}

function identity({ pid, startTicks, command, cgroup }: SeenProcess): ProcessIdentity {
  return { pid, startTicks, command, cgroup };
}
