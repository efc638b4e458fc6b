import type { Host } from '../host/host.js';
import type { HeatFileSource } from '../sources/heat-file.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { resolveTarget, type TargetScope } from './targets.js';

/**
 * Processes that heat files tell of and that are still there under the same name. Another process that got the pid
 * of one that ended is left out, unless it has the very same name, which a recording cannot tell apart.
 */
export async function recordedProcesses(
  host: Host,
  files: readonly HeatFileSource[],
  target: string,
  scope: TargetScope,
): Promise<readonly ProcessIdentity[]> {
  const recorded = new Map<number, string>();
  for (const file of files) {
    for await (const group of file.groups()) {
      for (let row = 0; row < group.count; row++) recorded.set(group.pid[row], group.command[row]);
    }
  }
  const found = [...recorded].flatMap(([pid, command]) => stillThere(host, pid, command, scope) ?? []);
  if (found.length === 0) throw new OctavoError('TARGET_NOT_FOUND', { target });
  return found;
}

function stillThere(
  host: Host,
  pid: number,
  command: string,
  scope: TargetScope,
): ProcessIdentity | undefined {
  try {
    const [process] = resolveTarget(host, String(pid), scope);
    return command === '' || process.command === command ? process : undefined;
  } catch (problem) {
    if (problem instanceof OctavoError) return undefined;
    throw problem;
  }
}
