import { type Contender, SPLITTING } from './contender.js';

/** The shrinker of Linux 6.12 for huge pages that are mostly zeroes. */
export const underusedShrinker: Contender = {
  name: 'underused-shrinker',
  brief: 'the kernel splits huge pages with more than 409 zero-filled sub-pages when its shrinkers run',
  source:
    'Linux 6.12 mm/huge_memory.c thp_underused(), shrink_underused; max_ptes_none 409 and its runs by Meta (69 % of the bloat, 94 % of the speed)',
  simplified:
    'its shrinker runs as often as user-space rules act (drop_caches 2) instead of under reclaim that senpai keeps up',
  thp: (place) => ({ ...SPLITTING(place), shrink_underused: 1 }),
  events: ({ start, every }) => [
    { at: start, every, write: { path: '/proc/sys/vm/drop_caches', text: '2' } },
  ],
};
