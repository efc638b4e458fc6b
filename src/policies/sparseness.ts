/** When a block is sparse: the bounds that splitting and collapsing share, so that neither undoes what the other does. */
import { share } from '../vocabulary/kind.js';
import { DEFAULT_SPARSE_BELOW } from './sparse-bound.js';

/** The fields of a policy's parameters that bound sparse blocks. */
export const SPARSENESS = {
  sparseBelow: share({
    brief: 'a block is sparse when at most this share of its sub-pages takes nearly all accesses',
    placeholder: 'share',
  }).default(DEFAULT_SPARSE_BELOW),
  /**
   * With 95 % confidence; the rest is what a split may cost at worst. 0.90: from 40 samples on a block can show it.
   */
  keepAccesses: share({ brief: 'share of the accesses that those sub-pages take at least, surely' }).default(
    0.9,
  ),
} as const;
