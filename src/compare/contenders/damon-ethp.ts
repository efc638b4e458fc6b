import { COLLAPSING, type Contender, type Place, processNames } from './contender.js';

/** Aggregations of 100 ms; a run that is shorter than 28 s leaves a quarter of it for the age. */
const agesOf = ({ scenario }: Place) => Math.max(1, Math.round(Math.min(7e9, scenario.duration / 4) / 100e6));

/** DAMON's own efficient THP: two schemes that give advice by access. */
export const damonEthp: Contender = {
  name: 'damon-ethp',
  brief: 'DAMON: MADV_HUGEPAGE on regions with 5 % of samples, MADV_NOHUGEPAGE on 2 MiB without any for 7 s',
  source:
    'awslabs/damon-tests perf/schemes/ethp.json, eval.rst v21 and v24 (sampling 5 ms, aggregation 100 ms)',
  simplified:
    'khugepaged wakes every 100 ms instead of 10 s, as `khugepaged` here; 7 s are a quarter of the run where that is shorter',
  thp: () => ({ ...COLLAPSING(), 'khugepaged/scan_sleep_millisecs': 100 }),
  damon: (place) => [
    {
      targets: [...processNames(place)],
      at: `${place.start}ns`,
      schemes: [
        { action: 'hugepage', accesses: [1, 20] },
        { action: 'nohugepage', size: [2 ** 21, 'max'], accesses: [0, 0], age: [agesOf(place), 0xffffffff] },
      ],
    },
  ],
};
