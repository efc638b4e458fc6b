/** Values of options that the sample commands share. */

import { parsePids } from '../../sources/sample-choices.js';
import { VIEW_NAMES } from '../../sources/view-values.js';
import { PLACE_NAMES } from './touched-view.js';

/** How accesses are told apart beside their place. */
export const byFlag = {
  kind: 'enum',
  values: VIEW_NAMES,
  optional: true,
  brief: 'Show accesses by data source, latency, TLB outcome, NUMA node, or load and store',
} as const;

/** Of a recording also by place, which no heat file keeps. */
export const importByFlag = {
  kind: 'enum',
  values: [...VIEW_NAMES, ...PLACE_NAMES],
  optional: true,
  brief:
    'Show accesses by data source, latency, TLB outcome, NUMA node, load and store, or by hot block or page with what lies there and the instructions that access it',
} as const;

/** Of which processes samples are taken. */
export const pidFlag = {
  kind: 'parsed',
  parse: parsePids,
  optional: true,
  brief: 'Only these processes (comma-separated pids)',
  placeholder: 'pids',
} as const;
