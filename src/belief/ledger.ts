/**
 * What was predicted of the steps on a process and what came of it: the weights that predictions are scaled by. A process
 * whose memory comes back, or whose huge pages bring less than was believed, is believed less.
 */
import type { Bytes, Fraction } from '../vocabulary/units.js';

/** Decayed sums of what was predicted and what was observed of one process. */
export interface Ledger {
  readonly steps: number;
  readonly predictedBytes: Bytes;
  /** Bytes that went back, less those in use again. */
  readonly observedBytes: Bytes;
  /** Samples that missed the TLB: as believed, and as they were. */
  readonly predictedWalks: number;
  readonly observedWalks: number;
  /** Splits that others collapsed again. */
  readonly undone: number;
}

/** The ledger of a process on which nothing was done. */
export const NEW_LEDGER: Ledger = Object.freeze({
  steps: 0,
  predictedBytes: 0,
  observedBytes: 0,
  predictedWalks: 0,
  observedWalks: 0,
  undone: 0,
});

/** Older entries weigh half after so many new steps. */
const KEPT = 0.9;
/** What is put on both sides, so that a first step does not decide everything. */
const PRIOR_BYTES = 8 * 2 ** 20;
const PRIOR_WALKS = 200;
/** A prediction that is wrong by more than twice is wrong for a reason that other layouts do not share. */
const LEAST_WEIGHT = 0.5;
const MOST_WEIGHT = 2;

/** What one run adds: its steps, bytes predicted and observed, and steps undone since. */
export interface LedgerEntry {
  readonly steps: number;
  readonly predictedBytes: Bytes;
  readonly observedBytes: Bytes;
  readonly undone: number;
}

/** Scale of what steps on the process are predicted to give back. */
export function bytesWeight({ predictedBytes, observedBytes }: Ledger): Fraction {
  return ratio(observedBytes + PRIOR_BYTES, predictedBytes + PRIOR_BYTES);
}

/** Scale of the walk time that is predicted of the process. */
export function walkWeight({ predictedWalks, observedWalks }: Ledger): Fraction {
  return ratio(observedWalks + PRIOR_WALKS, predictedWalks + PRIOR_WALKS);
}

/** Share of the splits that others undid, with one in twenty believed beforehand. */
export function undoneShare({ steps, undone }: Ledger): Fraction {
  return (undone + 1) / (steps + 20);
}

/** Returns the ledger after a run; earlier runs weigh `KEPT` of what they did. */
export function withSteps(ledger: Ledger, entry: LedgerEntry): Ledger {
  return {
    ...ledger,
    steps: KEPT * ledger.steps + entry.steps,
    predictedBytes: KEPT * ledger.predictedBytes + entry.predictedBytes,
    observedBytes: Math.max(0, KEPT * ledger.observedBytes + entry.observedBytes),
    undone: KEPT * ledger.undone + entry.undone,
  };
}

/** Returns the ledger after a comparison of TLB misses, as predicted and as sampled. */
export function withWalks(ledger: Ledger, predicted: number, observed: number): Ledger {
  return {
    ...ledger,
    predictedWalks: KEPT * ledger.predictedWalks + predicted,
    observedWalks: KEPT * ledger.observedWalks + observed,
  };
}

/** What the ledger says, for `plan` and `run`; empty where nothing was predicted yet. */
export function ledgerWords(ledger: Ledger): string {
  const { steps, predictedBytes, observedBytes, undone } = ledger;
  if (steps === 0) return '';
  const kib = (bytes: Bytes) => `${Math.round(bytes / 1024)} KiB`;
  const times = (weight: Fraction) => `${Number(weight.toPrecision(3))} times`;
  const lost = undone > 0 ? `, ${Math.round(undone)} of them undone by others` : '';
  return (
    `earlier splits were to give back ${kib(predictedBytes)} and gave back ${kib(observedBytes)}${lost}; ` +
    `bytes count ${times(bytesWeight(ledger))}, walks ${times(walkWeight(ledger))} what is believed`
  );
}

function ratio(observed: number, predicted: number): Fraction {
  return Math.min(MOST_WEIGHT, Math.max(LEAST_WEIGHT, observed / predicted));
}
