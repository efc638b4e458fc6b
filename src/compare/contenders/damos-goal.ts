import { BytesText } from '../../simulator/workloads/quantities.js';
import { MIB } from '../../vocabulary/units.js';
import { COLLAPSING, type Contender, type Place, processNames } from './contender.js';

/** Share of the data that is to be huge. */
const WANTED = 0.5;
const SCALE = 10_000;
const USUAL_BYTES = 128 * MIB;

/** DAMOS with a quota that aims at a share of huge memory. */
export const damosGoal: Contender = {
  name: 'damos-goal',
  brief: 'DAMOS collapses the hottest regions until half of the data is huge (goal hugepage_mem_bp)',
  source:
    'Asier Gutierrez, "introduce DAMOS_QUOTA_HUGEPAGE" (sysfs hugepage_mem_bp, queued for 7.3-rc1; patchew 20260611150244)',
  simplified:
    'the share is ours: the series leaves it to the administrator, and measures it of all memory, so it is computed from the size of the programs',
  thp: COLLAPSING,
  damon: (place) => [
    {
      targets: [...processNames(place)],
      at: `${place.start}ns`,
      schemes: [
        {
          action: 'collapse',
          accesses: [1, 20],
          quota: {
            bytes: '64MiB',
            window: '500ms',
            goal: { metric: 'hugepage_mem_bp', target: targetOf(place) },
          },
        },
      ],
    },
  ],
  unable: ({ scenario: { host } }) =>
    host.kernel.startsWith('7.3') ? undefined : `DAMON of ${host.kernel} has no goal hugepage_mem_bp`,
};

/** Of the whole machine's memory, in ten-thousandths. Sizes are those of workloads that have one; 128 MiB of the others. */
function targetOf({ scenario }: Place): number {
  const bytes = scenario.processes.reduce((sum, { with: parameters }) => sum + sizeOf(parameters.size), 0);
  return Math.max(1, Math.round((WANTED * bytes * SCALE) / scenario.host.memory));
}

function sizeOf(size: unknown): number {
  const parsed = BytesText.safeParse(size);
  return parsed.success ? parsed.data : USUAL_BYTES;
}
