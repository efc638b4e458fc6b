import { switchField } from '../vocabulary/field.js';

/** The one declaration of `--share-damon`, for every kind and command that opens a slot of DAMON's tree. */
export const SHARE_DAMON = switchField({
  brief: 'use a free slot of DAMON’s tree when another tool has set it up',
});
