import type { Host } from '../host/host.js';
import type { HeatFileSource } from '../sources/heat-file.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { resolveTarget, type TargetScope } from './targets.js';

/**
 * Processes that heat files tell of and that are still there under the same name. Another process that got the pid
 * of one that ended is left out, unless it has the very same name, which a recording cannot tell apart. A recording
 * of a whole machine holds process 1 unasked: it is left out as well. Throws PERMISSION when all that may still be
 * there are hidden from this user, RECORDED_GONE when none is.
 */
export async function recordedProcesses(
  host: Host,
  files: readonly Pick<HeatFileSource, 'groups'>[],
  path: string,
  scope: TargetScope,
): Promise<readonly ProcessIdentity[]> {
  const recorded = new Map<number, string>();
  for (const file of files) {
    for await (const group of file.groups()) {
      for (let row = 0; row < group.count; row++) recorded.set(group.pid[row], group.command[row]);
    }
  }
  const found: ProcessIdentity[] = [];
  let hidden: OctavoError | undefined;
  for (const [pid, command] of recorded) {
    const process = stillThere(host, pid, command, { init: 'never', ...scope });
    if (process instanceof OctavoError) hidden ??= process;
    else if (process) found.push(process);
  }
  if (found.length === 0) throw hidden ?? new OctavoError('RECORDED_GONE', { path });
  return found;
}

function stillThere(
  host: Host,
  pid: number,
  command: string,
  scope: TargetScope,
): ProcessIdentity | OctavoError | undefined {
  try {
    const [process] = resolveTarget(host, String(pid), scope);
    return command === '' || process.command === command ? process : undefined;
  } catch (problem) {
    if (!(problem instanceof OctavoError) || problem.code === 'TARGET_SYNTAX') throw problem;
    return problem.code === 'PERMISSION' || problem.code === 'TARGET_UNSEEN' ? problem : undefined;
  }
}
