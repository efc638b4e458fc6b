import type { Contender } from './contender.js';

/** The ruler for memory: no huge page anywhere. */
export const never: Contender = {
  name: 'never',
  brief: 'THP off: all memory in base pages',
  source: 'Documentation/admin-guide/mm/transhuge.rst, enabled=never; what vendors of databases advise',
  simplified: '',
  thp: () => ({ enabled: 'never' }),
};
