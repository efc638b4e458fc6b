/** One Octavo at a time drives DAMON. A lock whose owner is gone, or that is of another boot, is taken over. */
import { failure, type Result, success } from '../base/result.js';
import { parseStat } from '../formats/proc/process-files.js';
import type { Host } from '../host/host.js';
import type { ProcessId } from '../vocabulary/units.js';

/** A process of one boot, told apart from a later one with its pid. */
export interface Holder {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
}

/** Whether a value read from a file is a holder. */
export function isHolder(value: unknown): value is Holder {
  const { pid, startTicks, bootId } = (value ?? {}) as Record<string, unknown>;
  return Number.isInteger(pid) && Number.isInteger(startTicks) && typeof bootId === 'string';
}

export function ownHolder(host: Host): Holder {
  const { pid, bootId } = host.identity;
  return { pid, bootId, startTicks: startTicksOf(host, pid) ?? 0 };
}

export function startTicksOf(host: Host, pid: ProcessId): number | undefined {
  const text = host.files.readText(`/proc/${pid}/stat`);
  return text.ok ? parseStat(text.value)?.startTicks : undefined;
}

export function isAlive(host: Host, holder: Holder): boolean {
  if (holder.bootId !== host.identity.bootId) return false;
  return startTicksOf(host, holder.pid) === holder.startTicks;
}

export const lockPath = (host: Host) => `${host.identity.stateDirectory}/damon.lock`;

/** Takes the lock, or tells who has it (pid −1 when the directory cannot be written, with the errno as bootId). */
export function takeLock(host: Host): Result<void, Holder> {
  host.files.makeDirectory(host.identity.stateDirectory);
  const path = lockPath(host);
  const text = JSON.stringify(ownHolder(host));
  for (let attempt = 0; attempt < 3; attempt++) {
    const created = host.files.createExclusive(path, text);
    if (created.ok) return success(undefined);
    if (created.error.errno !== 'EEXIST') {
      return failure({ pid: -1, startTicks: 0, bootId: created.error.errno });
    }
    const holder = readHolder(host, path);
    if (holder && isAlive(host, holder)) return failure(holder);
    host.files.remove(path);
  }
  return failure({ pid: -1, startTicks: 0, bootId: 'EEXIST' });
}

export function releaseLock(host: Host): void {
  host.files.remove(lockPath(host));
}

function readHolder(host: Host, path: string): Holder | undefined {
  const text = host.files.readText(path);
  if (!text.ok) return undefined;
  try {
    const value: unknown = JSON.parse(text.value);
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
