/**
 * A lock file that tells who holds it. One whose process is gone, also by kill -9, or that is of another boot is taken
 * over. Taking over is itself done under a file, so that two who find the same dead holder cannot both end up with
 * the lock: the second looks again and sees the first.
 */
import { failure, type Result, success } from '../base/result.js';
import { parseStat } from '../formats/proc/process-files.js';
import type { ErrnoName } from '../vocabulary/errno.js';
import type { ProcessId } from '../vocabulary/units.js';
import type { Host } from './host.js';
import { readOwnText } from './own-file.js';

/** A process of one boot, told apart from a later one with its pid. */
export interface Holder {
  readonly pid: ProcessId;
  /** When it started, in clock ticks since boot. */
  readonly startTicks: number;
  readonly bootId: string;
}

/** A lock that is held until it is released. */
export interface HeldLock {
  readonly path: string;
  release(): void;
}

/** Why a lock cannot be had. */
export type LockRefusal =
  /** A living process has it; undefined when it changed hands too often to tell. */
  | { readonly kind: 'held'; readonly holder: Holder | undefined }
  | { readonly kind: 'unwritable'; readonly errno: ErrnoName };

const ATTEMPTS = 4;

/** Whether a value read from a file is a holder. */
export function isHolder(value: unknown): value is Holder {
  const { pid, startTicks, bootId } = (value ?? {}) as Record<string, unknown>;
  return Number.isInteger(pid) && Number.isInteger(startTicks) && typeof bootId === 'string';
}

/** This very process. */
export function ownHolder(host: Host): Holder {
  const { pid, bootId } = host.identity;
  return { pid, startTicks: startTicksOf(host, pid) ?? 0, bootId };
}

/** Whether the process that wrote something is still there. */
export function isAlive(host: Host, { pid, startTicks, bootId }: Holder): boolean {
  return bootId === host.identity.bootId && startTicksOf(host, pid) === startTicks;
}

/** Takes the lock without waiting. The directory must exist. */
export function takeLock(host: Host, path: string): Result<HeldLock, LockRefusal> {
  const text = JSON.stringify(ownHolder(host));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const created = host.files.createExclusive(path, text);
    if (created.ok) return success({ path, release: () => void host.files.remove(path) });
    if (created.error.errno !== 'EEXIST') return unwritable(created.error.errno);
    const holder = livingHolder(host, path);
    if (holder) return failure({ kind: 'held', holder });
    const dropped = dropDead(host, path, text);
    if (!dropped.ok) return dropped;
  }
  return failure({ kind: 'held', holder: undefined });
}

/** Removes a lock that is still dead when nobody else can be removing it. */
function dropDead(host: Host, path: string, text: string): Result<void, LockRefusal> {
  const guard = `${path}.takeover`;
  const guarded = host.files.createExclusive(guard, text);
  if (!guarded.ok) {
    if (guarded.error.errno !== 'EEXIST') return unwritable(guarded.error.errno);
    const holder = livingHolder(host, guard);
    if (holder) return failure({ kind: 'held', holder });
    host.files.remove(guard);
    return success(undefined);
  }
  try {
    if (!livingHolder(host, path)) host.files.remove(path);
  } finally {
    host.files.remove(guard);
  }
  return success(undefined);
}

function livingHolder(host: Host, path: string): Holder | undefined {
  const text = readOwnText(host.files, path);
  if (!text.ok) return undefined;
  try {
    const value: unknown = JSON.parse(text.value);
    return isHolder(value) && isAlive(host, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function unwritable(errno: ErrnoName): Result<never, LockRefusal> {
  return failure({ kind: 'unwritable', errno });
}

function startTicksOf(host: Host, pid: ProcessId): number | undefined {
  const text = host.files.readText(`/proc/${pid}/stat`);
  return text.ok ? parseStat(text.value)?.startTicks : undefined;
}
