/** The documents that commands print with `--json`, as far as the tests look into them. */
import type { Plan, Receipt, Verdict } from '../../src/vocabulary/plan.js';

export interface RunDocument {
  readonly run: string | null;
  readonly plan: string;
  readonly how: string;
  readonly why: string;
  readonly receipts: readonly Receipt[];
  readonly verdicts: readonly Verdict[];
  readonly recovered: readonly { readonly run: string; readonly verdicts: readonly Verdict[] }[];
  readonly doneBefore: readonly number[];
}

export type JournalRecord =
  | { readonly kind: 'intent'; readonly steps: readonly number[] }
  | { readonly kind: 'begin' | 'receipts' | 'verdicts' | 'recovered' | 'undone' | 'end' };

export interface JournalDocument {
  readonly run: string;
  readonly state: string;
  readonly plan: Plan;
  readonly records: readonly JournalRecord[];
  readonly verdicts: readonly Verdict[];
}

export interface RunsDocument {
  readonly runs: readonly { readonly run: string; readonly state: string; readonly met: number }[];
}

export interface Failure {
  readonly octavo: 'failure';
  readonly code: string;
}

/** Exit codes of the commands (src/vocabulary/errors.ts EXIT), written out as a script would have them. */
export const DONE = 0;
export const BAD_INPUT = 3;
export const NOT_ALL_MET = 7;
