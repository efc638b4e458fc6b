import { defined } from '../../../base/assert.js';
import type { Nanoseconds, ProcessId } from '../../../vocabulary/units.js';
import type { Mm } from './mm.js';

/** What a process is from the start. */
export interface ProcessFacts {
  readonly pid: ProcessId;
  readonly parent: ProcessId;
  readonly command: string;
  readonly mm: Mm | undefined;
  readonly startedAt: Nanoseconds;
  readonly userId: number;
}

/** A process. Kernel threads have no address space. */
export class Process {
  readonly pid: ProcessId;
  readonly parent: ProcessId;
  command: string;
  commandLine: readonly string[];
  readonly mm: Mm | undefined;
  readonly startedAt: Nanoseconds;
  readonly userId: number;
  threads = 1;
  minorFaults = 0;
  majorFaults = 0;
  /** CPU that it ran on last. */
  cpu = 0;
  /** Moves the OOM killer's choice, −1000 to 1000. */
  oomScoreAdj = 0;
  /** CPU time used, as the hardware layer reports it. */
  cpuNs: Nanoseconds = 0;

  constructor({ pid, parent, command, mm, startedAt, userId }: ProcessFacts) {
    this.pid = pid;
    this.parent = parent;
    this.command = command;
    this.commandLine = [command];
    this.mm = mm;
    this.startedAt = startedAt;
    this.userId = userId;
  }
  /** Its address space. Not for kernel threads, which have none. */
  get memory(): Mm {
    return defined(this.mm, `${this.command} is a kernel thread`);
  }
}
