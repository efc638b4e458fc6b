/** Values of options that the sample commands share. */

import { VIEW_NAMES } from '../../sources/view-values.js';
import type { ValueParser } from '../parameters.js';

/** PID_MAX_LIMIT of include/linux/threads.h. */
const MOST_PID = 4 * 1024 * 1024;

/** `4711` or `4711,4712`. */
export const parsePids: ValueParser<ReadonlySet<number>> = Object.assign(
  (text: string): ReadonlySet<number> => {
    const words = text.split(',').map((word) => word.trim());
    if (!words.every((word) => /^\d{1,7}$/.test(word) && Number(word) <= MOST_PID)) {
      throw new SyntaxError('is no list of pids; write 4711 or 4711,4712');
    }
    return new Set(words.map(Number));
  },
  { accepts: `pids from 0 to ${MOST_PID}, with commas between them` },
);

/** How accesses are told apart beside their place. */
export const byFlag = {
  kind: 'enum',
  values: VIEW_NAMES,
  optional: true,
  brief: 'Show accesses by data source, latency, TLB outcome, NUMA node, or load and store',
} as const;
