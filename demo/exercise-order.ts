/** What a thread of an exercise is told and what it tells at its end. */
export interface ExerciseOrder {
  readonly address: number;
  readonly pages: number;
  readonly pageBytes: number;
  readonly seed: number;
  readonly counts: Int32Array;
  /** Pages to use; a writer takes every `writers`-th of them, from `index` on, and is the only one to write there. */
  readonly used: Uint32Array;
  readonly role: 'reader' | 'writer';
  readonly index: number;
  readonly writers: number;
  readonly restUs: number;
  /** CONTROL words. */
  readonly control: Int32Array;
}

export const CONTROL = { go: 0, stop: 1, rest: 2, words: 3 } as const;

export interface ThreadReport {
  readonly accesses: number;
  readonly errors: number;
  readonly firstErrors: readonly string[];
  readonly worstGapNs: number;
  readonly worstGapCpuWaitNs: number;
  readonly worstStallNs: number;
  readonly cpuWaitKnown: boolean;
  readonly bins: Float64Array;
}
