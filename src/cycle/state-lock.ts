/** One Octavo at a time acts on a host: a lock file with its owner, taken over when the owner is gone. */
import { parseStat } from '../formats/proc/process-files.js';
import type { Host } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { JournalPlace, Owner } from './journal.js';

export interface StateLock {
  release(): void;
}

/** This very process, told apart from a later one with its pid. */
export function self(host: Host): Owner {
  const { pid, bootId } = host.identity;
  return { pid, startTicks: startTicksOf(host, pid) ?? 0, bootId };
}

/** Whether the process that wrote something is still there. */
export function isRunning(host: Host, owner: Owner): boolean {
  return owner.bootId === host.identity.bootId && startTicksOf(host, owner.pid) === owner.startTicks;
}

/** Takes the lock, or throws STATE_LOCKED. */
export function lockState(place: JournalPlace): StateLock {
  const { host, directory } = place;
  const path = `${directory}/lock`;
  const made = host.files.makeDirectory(directory);
  if (!made.ok) throw new OctavoError('FILE_UNWRITABLE', { path: directory, errno: made.error.errno });
  const text = JSON.stringify(self(host));
  for (let attempt = 0; attempt < 3; attempt++) {
    const taken = host.files.createExclusive(path, text);
    if (taken.ok) return { release: () => void host.files.remove(path) };
    if (taken.error.errno !== 'EEXIST')
      throw new OctavoError('FILE_UNWRITABLE', { path, errno: taken.error.errno });
    const holder = readOwner(host, path);
    if (holder && isRunning(host, holder)) throw new OctavoError('STATE_LOCKED', { pid: holder.pid, path });
    host.files.remove(path);
  }
  throw new OctavoError('STATE_LOCKED', { pid: 'unknown', path });
}

function readOwner(host: Host, path: string): Owner | undefined {
  const text = host.files.readText(path);
  try {
    return text.ok ? (JSON.parse(text.value) as Owner) : undefined;
  } catch {
    return undefined;
  }
}

function startTicksOf(host: Host, pid: number): number | undefined {
  const text = host.files.readText(`/proc/${pid}/stat`);
  return text.ok ? parseStat(text.value)?.startTicks : undefined;
}
