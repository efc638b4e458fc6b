import { toggle } from '../vocabulary/kind.js';

/** The one declaration of `--share-damon`, for every kind that opens a slot of DAMON's tree. */
export const SHARE_DAMON = toggle({
  brief: 'use a free slot of DAMON’s tree when another tool has set it up',
}).default(false);
