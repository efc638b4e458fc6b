/** Whether a process that was noted is still there, and the way to that very process: pids come again. */
import type { Host, ProcessHandle } from '../host/host.js';
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

/**
 * Opens the very process a plan was made for: the pidfd comes first and its start time is compared afterwards, so no
 * later process can slip in between. Throws PLAN_STALE for another process under the same pid.
 */
export function openSame(host: Host, process: ProcessIdentity, target: string): ProcessHandle | 'gone' {
  const opened = host.calls.openProcess(process.pid);
  if (!opened.ok) {
    if (opened.error.errno === 'ESRCH') return 'gone';
    const { call, unasked } = opened.error;
    if (unasked !== undefined) throw new OctavoError('CALLS_MISSING', { call, reason: unasked });
    throw new OctavoError('PERMISSION', {
      call: opened.error.call,
      errno: opened.error.errno,
      needs: 'pidfd_open (Linux 5.3)',
    });
  }
  try {
    const now = identityOf(host, process.pid);
    if (now.startTicks === process.startTicks) return opened.value;
    const found = `pid ${process.pid} is \`${now.command}\` started at ${now.startTicks} now`;
    throw new OctavoError('PLAN_STALE', { pid: process.pid, planned: process.startTicks, found, target });
  } catch (error) {
    opened.value.close();
    if (!isGone(error)) throw error;
    return 'gone';
  }
}

/** Whether a look found that its process had ended. */
export function isGone(error: unknown): boolean {
  return error instanceof OctavoError && error.code === 'TARGET_GONE';
}
