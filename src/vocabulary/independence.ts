/** Whether recordings are independent of each other: a sample that counts twice looks like certainty. */
import { sharedSamples } from './fingerprint.js';
import type { RecordingFacts } from './recording.js';
import type { Fraction } from './units.js';

/** Two recordings that share samples. */
export interface Repetition {
  readonly first: RecordingFacts;
  readonly second: RecordingFacts;
  /** Share of the second one's samples that the first one has, too. */
  readonly share: Fraction;
}

/** The first pair of recordings that share samples. */
export function findRepetition(recordings: readonly RecordingFacts[]): Repetition | undefined {
  for (const [index, second] of recordings.entries()) {
    const repeated = repetitionOf(recordings.slice(0, index), second);
    if (repeated !== undefined) return repeated;
  }
  return undefined;
}

/** The first of some recordings that shares samples with another one. */
export function repetitionOf(
  earlier: readonly RecordingFacts[],
  second: RecordingFacts,
): Repetition | undefined {
  if (second.samples === 0) return undefined;
  for (const first of earlier) {
    const share = Math.max(sharedSamples(first, second), sharedSamples(second, first));
    if (share > 0) return { first, second, share };
  }
  return undefined;
}

/** `all of them`, or `about 40 % of them`. */
export function shareInWords(share: Fraction): string {
  return share >= 1 ? 'all of them' : `about ${Math.max(1, Math.round(100 * share))} % of them`;
}
