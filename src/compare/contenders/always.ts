import { ALWAYS, type Contender } from './contender.js';

/** The ruler for speed: THP everywhere. */
export const always: Contender = {
  name: 'always',
  brief: 'THP everywhere: huge pages at the first touch, khugepaged at its defaults',
  source: 'Documentation/admin-guide/mm/transhuge.rst, enabled=always',
  simplified: '',
  thp: ALWAYS,
};
