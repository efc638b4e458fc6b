/** One Octavo at a time acts on a host: the lock of a state directory, as an error where it cannot be had. */
import { type HeldLock, takeLock } from '../host/lock-file.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { JournalPlace } from './journal.js';

/** Takes the lock, or throws STATE_LOCKED or FILE_UNWRITABLE. */
export function lockState({ host, directory }: JournalPlace): HeldLock {
  const made = host.files.makeDirectory(directory);
  if (!made.ok) throw new OctavoError('FILE_UNWRITABLE', { path: directory, errno: made.error.errno });
  const path = `${directory}/lock`;
  const lock = takeLock(host, path);
  if (lock.ok) return lock.value;
  if (lock.error.kind === 'unwritable') {
    throw new OctavoError('FILE_UNWRITABLE', { path, errno: lock.error.errno });
  }
  throw new OctavoError('STATE_LOCKED', { pid: lock.error.holder?.pid ?? 'unknown', path });
}
