/** Whether a process that was noted is still there: pids come again. */
import type { Host } from '../host/host.js';
import { identityOf } from '../verification/observe.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';

/** False also for one that may not be looked at: nothing can be done to it. */
export function isThere(
  host: Host,
  { pid, startTicks }: Pick<ProcessIdentity, 'pid' | 'startTicks'>,
): boolean {
  try {
    return identityOf(host, pid).startTicks === startTicks;
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    return false;
  }
}
