/** A process, told apart from a later one with the same pid by its start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  readonly startTicks: number;
  /** /proc/PID/comm. */
  readonly command: string;
  /** Path of the unified cgroup, `/` when there is none. */
  readonly cgroup: string;
}
