import { adviseAll, COLLAPSING, type Contender } from './contender.js';

/** khugepaged of Linux with its defaults, on memory that begins small. */
export const khugepaged: Contender = {
  name: 'khugepaged',
  brief: 'memory begins small; khugepaged collapses any block with one page in use (max_ptes_none 511)',
  source: 'Linux mm/khugepaged.c with its default max_ptes_none; programs advise MADV_HUGEPAGE once loaded',
  simplified:
    'wakes every 100 ms instead of 10 s, so that it is through within the run; that favours it in speed',
  thp: () => ({ ...COLLAPSING(), 'khugepaged/scan_sleep_millisecs': 100 }),
  events: adviseAll,
};
