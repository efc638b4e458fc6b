/** How long what was sampled is remembered: two decays, scaled by elapsed time, so that turns of any length agree. */
import type { Fraction } from '../vocabulary/units.js';

/** The two speeds of forgetting. */
export interface Memory {
  /** Seconds after which the decays are applied once: they are given for a turn of this length. */
  readonly turnSeconds: number;
  /** Share that is left of what was counted, after a turn: of the long memory, and of the short one. */
  readonly long: Fraction;
  readonly short: Fraction;
}

/** Half is forgotten after 10 s by the short memory and after 135 s by the long one. */
export const USUAL_MEMORY: Memory = Object.freeze({ turnSeconds: 10, long: 0.95, short: 0.5 });

/** Share that is left after `seconds`. */
export function leftAfter(decay: Fraction, seconds: number, { turnSeconds }: Memory): Fraction {
  return decay ** (seconds / turnSeconds);
}

/**
 * Mean share that is left at the end of a window of `seconds` of what was counted in it, evenly spread. A window cut into
 * any number of turns leaves the same.
 */
export function leftOfWindow(decay: Fraction, seconds: number, memory: Memory): Fraction {
  const exponent = (-Math.log(decay) * seconds) / memory.turnSeconds;
  return exponent < 1e-9 ? 1 : -Math.expm1(-exponent) / exponent;
}
