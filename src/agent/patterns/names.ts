/** What a process goes by, from the small files of /proc that say whose it is. */
import { parseCgroup } from '../../formats/proc/process-files.js';
import type { Names } from './match.js';

export interface WhoseFiles {
  readonly command: string;
  /** /proc/PID/cgroup; undefined where it cannot be read. */
  readonly cgroup: string | undefined;
}

const UNIT = /^[^/]+\.(?:service|scope|socket|mount|swap)$/;

export function namesOf({ command, cgroup }: WhoseFiles): Names {
  const path = cgroup === undefined ? undefined : parseCgroup(cgroup);
  const unit = path?.split('/').findLast((part) => UNIT.test(part));
  return {
    unit: unit === undefined ? [] : [unit],
    cgroup: path === undefined ? [] : [path],
    container: [],
    pod: [],
    namespace: [],
    vm: [],
    command: [command],
  };
}
