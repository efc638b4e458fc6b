import { closeSync, readFileSync } from 'node:fs';
import type { ProcessId } from '../../vocabulary/units.js';
import type { ProcessHandle } from '../host.js';

/** A pidfd names one process for good: signals and advices cannot reach a later process with the same pid. */
export class PidFd implements ProcessHandle {
  readonly pid: ProcessId;
  readonly descriptor: number;
  #open = true;

  constructor(pid: ProcessId, descriptor: number) {
    this.pid = pid;
    this.descriptor = descriptor;
  }

  /** The kernel shows the pid in the pidfd's fdinfo, and −1 once the process has been reaped or is a zombie. */
  isAlive(): boolean {
    if (!this.#open) return false;
    try {
      const pid = /^Pid:\s*(-?\d+)/m.exec(
        readFileSync(`/proc/self/fdinfo/${this.descriptor}`, 'latin1'),
      )?.[1];
      return pid !== undefined && Number(pid) > 0 && !isZombie(this.pid);
    } catch {
      return false;
    }
  }

  close(): void {
    if (this.#open) closeSync(this.descriptor);
    this.#open = false;
  }
}

function isZombie(pid: ProcessId): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const state = stat[stat.lastIndexOf(')') + 2];
  return state === 'Z' || state === 'X';
}
