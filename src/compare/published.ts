/** Points that others have published, for the Pareto plane. Other machines, other programs: they say where the field stands. */
import type { Fraction } from '../vocabulary/units.js';

/** A result of another publication, on the same two axes. */
export interface PublishedPoint {
  readonly label: string;
  readonly bloatRemoved: Fraction;
  readonly speedKept: Fraction;
  /** Where it stands, and what it is a point of. */
  readonly source: string;
}

/** All points, with their sources. */
export const PUBLISHED: readonly PublishedPoint[] = [
  {
    label: 'DAMON ethp, v24',
    bloatRemoved: 0.7615,
    speedKept: 0.5125,
    source: 'DAMON evaluation v24: totals over 24 programs of PARSEC3 and SPLASH-2x, 5 runs',
  },
  {
    label: 'DAMON ethp, v21',
    bloatRemoved: 0.8173,
    speedKept: 0.9529,
    source: 'DAMON evaluation v21: the same schemes and programs in another release',
  },
  {
    label: 'DAMON, LSFMM 2026',
    bloatRemoved: 0.8,
    speedKept: 0.46,
    source: 'talk at LSFMM 2026',
  },
  {
    label: 'THP shrinker, Meta',
    bloatRemoved: 0.69,
    speedKept: 0.94,
    source: 'Linux 6.12 underused shrinker with max_ptes_none 409, in production at Meta',
  },
];
