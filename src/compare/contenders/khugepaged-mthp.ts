import { adviseAll, COLLAPSING, type Contender } from './contender.js';

/** khugepaged of Linux 7.2, with collapse to mTHP sizes. */
export const khugepagedMthp: Contender = {
  name: 'khugepaged-mthp',
  brief: 'khugepaged with mTHP: the largest enabled order whose range is full (max_ptes_none 0; 64K and 2M)',
  source:
    'Nico Pache, "khugepaged: mTHP support" v12–v16, in the 7.2 kernels: bitmap of present entries, recursion from order 9 down, max_ptes_none 0 or 511 only',
  simplified: 'wakes every 100 ms instead of 10 s, as `khugepaged` here',
  thp: ({ geometry }) => ({
    ...COLLAPSING(),
    [`hugepages-${(16 * geometry.pageBytes) / 1024}kB/enabled`]: 'inherit',
    'khugepaged/max_ptes_none': 0,
    'khugepaged/scan_sleep_millisecs': 100,
  }),
  events: adviseAll,
  unable: ({ scenario: { host } }) =>
    host.kernel === '6.12' || host.kernel === '6.18'
      ? `khugepaged of ${host.kernel} builds no mTHPs`
      : undefined,
};
