import type { Fraction } from '../vocabulary/units.js';

/** The bound of what is called sparse, for policies and views: 0.10 as in the study behind the DAMOS split series. */
export const DEFAULT_SPARSE_BELOW: Fraction = 0.1;
