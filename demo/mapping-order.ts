/** What the mapping thread is told, and what it tells at its end. */
export interface MappingOrder {
  readonly pageBytes: number;
  /** Rest between two turns. */
  readonly restUs: number;
  /** MAPPING_CONTROL words. */
  readonly control: Int32Array;
}

export const MAPPING_CONTROL = { stop: 0, rest: 1, words: 2 } as const;

/** What a thread that maps, faults and unmaps waited for its locks. */
export interface MappingReport {
  /** Turns of mmap, one fault and munmap. */
  readonly turns: number;
  readonly durationMs: number;
  /** Longest turn without the time in which the thread was ready to run and had no CPU. */
  readonly worstStallUs: number;
  /** Share of the worst second, wherever it begins, that the thread was kept waiting. */
  readonly worstSecond: number;
  /** The same over all. */
  readonly share: number;
  /** Whether the kernel tells the time without a CPU; else all of it counts as stall. */
  readonly cpuWaitKnown: boolean;
}
