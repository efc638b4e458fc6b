/** One Octavo at a time drives DAMON, whatever state directory its journals are in: DAMON is one for the host. */
import { failure, type Result, success } from '../base/result.js';
import type { Host } from '../host/host.js';
import { type HeldLock, takeLock } from '../host/lock-file.js';
import type { Occupied } from './owner.js';

/** Takes the lock, or tells who has it. */
export function takeDamonLock(host: Host): Result<HeldLock, Occupied> {
  host.files.makeDirectory(host.identity.stateDirectory);
  const path = `${host.identity.stateDirectory}/damon.lock`;
  const lock = takeLock(host, path);
  if (lock.ok) return success(lock.value);
  if (lock.error.kind === 'unwritable') {
    const owner = `nobody, but its lock ${path} cannot be created (${lock.error.errno})`;
    return failure({ owner, remedy: 'Needs root.' });
  }
  const who = lock.error.holder ? `process ${lock.error.holder.pid}` : 'several processes in turn';
  return failure({ owner: `another Octavo, ${who}, by ${path}`, remedy: 'Wait until it ends.' });
}
