/**
 * The workloads of the default matrix, as one table: each is a scenario of its own without an agent. Sizes are such
 * that small pages are far beyond any TLB's reach and huge ones within it. Other workloads will judge a policy as well;
 * these only show kinds of memory that rules are known to differ on.
 */
import { type Scenario, ScenarioSchema } from '../simulator/scenario/scenario.js';

/** A row of the table: a workload with its parameters. */
export interface TableWorkload {
  readonly name: string;
  readonly about: string;
  readonly workload: string;
  readonly with: Readonly<Record<string, unknown>>;
  /** Multiples of the data that memory.max is set to; none where absent. */
  readonly pressures?: readonly number[];
  /** Sampling period where it is not the usual one. */
  readonly period?: number;
}

const SIZE = '256MiB';
/** Operations from sample to sample: about 8,000 samples a second, 50 a block and turn. */
const PERIOD = 1024;
const mixed = (groups: readonly object[], more: object = {}) => ({ size: SIZE, groups, ...more });

const TABLE: readonly TableWorkload[] = [
  {
    name: 'sparse-10',
    about: 'a tenth of the sub-pages in use, a tenth of the blocks wholly',
    workload: 'mixed-blocks',
    with: mixed([
      { share: 9, used: '10%' },
      { share: 1, used: '100%' },
    ]),
    pressures: [1.15],
  },
  {
    name: 'one-page',
    about: 'one page of each block in use',
    workload: 'one-page-per-block',
    with: { size: '1GiB', order: 'random' },
  },
  ...[13, 40, 50].map((share) => ({
    name: `used-${share}`,
    about: `${share} % of each block in use, blocks of different heat`,
    workload: 'mixed-blocks',
    with: mixed([{ used: `${share}%`, spread: 1 }]),
  })),
  {
    name: 'use-not-heat',
    about: 'use and heat independent of each other: 20 to 70 % in use, spiky heat',
    workload: 'mixed-blocks',
    with: mixed([{ used: ['20%', '70%'], per: 'block', spread: 1.2, spikes: 0.7 }]),
  },
  {
    name: 'hot-sparse',
    about: 'the sparse blocks are the hot ones',
    workload: 'mixed-blocks',
    with: mixed([
      { share: 1, used: '10%', heat: 8, per: 'block' },
      { share: 1, used: ['50%', '90%'], heat: 1, per: 'block', spread: 1 },
    ]),
  },
  {
    name: 'cold-dense',
    about: 'half of the blocks full and hardly accessed, the others sparse and hot',
    workload: 'mixed-blocks',
    with: mixed([
      { share: 1, used: '100%', heat: 0.02, per: 'block' },
      { share: 1, used: ['10%', '40%'], heat: 1, per: 'block', spread: 0.7 },
    ]),
  },
  {
    name: 'slabs',
    about: 'use in runs of 64 KiB, as allocators leave it',
    workload: 'mixed-blocks',
    with: mixed([{ used: ['15%', '80%'], run: 16, spread: 0.7, spikes: 0.3 }]),
  },
  {
    name: 'zipf-dense',
    about: 'all memory in use, zipf-distributed: nothing to give back',
    workload: 'zipf',
    with: { size: SIZE },
  },
  {
    name: 'few-samples',
    about: 'all memory in use, and a sampler that sees next to nothing',
    workload: 'gups',
    with: { size: SIZE },
    period: 2 ** 22,
  },
  {
    name: 'scan',
    about: 'from start to end again and again: nothing to gain',
    workload: 'sequential',
    with: { size: SIZE, repeat: 32 },
  },
  {
    name: 'phase-change',
    about: 'all blocks exchange their heat once, in the measured time',
    workload: 'mixed-blocks',
    with: mixed([{ used: ['10%', '60%'], per: 'block', spread: 1.2 }], { drift: { every: '2s' } }),
  },
  {
    name: 'drift',
    about: 'a twentieth of the blocks exchange their heat twice a second',
    workload: 'mixed-blocks',
    with: mixed([{ used: ['10%', '60%'], per: 'block', spread: 1.2 }], {
      drift: { every: '500ms', share: '5%' },
    }),
  },
  {
    name: 'pressure',
    about: 'sparse and full blocks in a cgroup with little more than their data',
    workload: 'mixed-blocks',
    with: mixed([
      { share: 1, used: ['5%', '30%'], spread: 1 },
      { share: 1, used: '100%', heat: 0.1, spread: 1 },
    ]),
    pressures: [1.15],
  },
];

/** A row as a scenario that can be run. */
export interface NamedScenario {
  readonly name: string;
  readonly scenario: Scenario;
  /** Undefined: without a bound on memory. */
  readonly pressures: readonly (number | undefined)[];
}

/** Every workload of the table as a scenario on a CPU of the catalogue, which the matrix replaces. */
export function tableScenarios(): readonly NamedScenario[] {
  return TABLE.map(({ name, about, workload, with: parameters, pressures, period }) => ({
    name,
    scenario: ScenarioSchema.parse({
      octavo: 'scenario',
      version: 1,
      about,
      duration: '3s',
      warmUp: '1200ms',
      host: { cpu: 'zen3', memory: '4GiB' },
      processes: [{ name: 'worker', workload, with: parameters, think: '500ns' }],
      pmu: { period: period ?? PERIOD },
    }),
    pressures: name === 'pressure' ? [1.15] : [undefined, ...(pressures ?? [])],
  }));
}

/** One CPU of each kind that differs in what a split costs: merging by hardware, none, and by contpte. */
export const TABLE_CPUS = ['zen3', 'sapphire-rapids', 'kunpeng-920'] as const;
/** Seeds of the default matrix. */
export const TABLE_SEEDS: readonly number[] = [1, 2];
