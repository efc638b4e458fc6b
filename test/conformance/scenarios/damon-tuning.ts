import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from '../../../src/sources/damon-regions.js';
import { observe } from '../../../src/verification/observe.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 16;
/** DAMON tunes after three aggregations of twenty samples, which take their time on a busy machine. */
const WINDOW_MS = 10_000;

/** Regions that DAMON chooses by itself, for processes too large for a region a block. */
export const damonTuning: Scenario = {
  name: 'damon-tuning',
  says: 'watching an idle process by adaptive regions: DAMON tunes its own intervals where it can, and that is told',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'never', ...QUIET }, () => watchIdle(stage)),
  expected: ({ intervalsGoal }) => ({
    'a snapshot was taken': true,
    'idle blocks seen in use': 0,
    'intervals tuned': intervalsGoal,
  }),
};

async function watchIdle(stage: Stage) {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const { sizes } = observe(host, workload.pid);
  const source = new DamonRegionsSource(sizes.geometry, {
    ...DAMON_REGIONS_DEFAULTS,
    windowMs: WINDOW_MS,
    mostExactBlocks: 0,
  });
  const signal = new AbortController().signal;
  const context = { host, processes: [sizes], progress: () => undefined, signal };
  const seen = new Set<number>();
  for await (const reading of source.read(context)) {
    if (reading.kind !== 'samples') continue;
    for (let row = 0; row < reading.batch.count; row++) {
      const page = reading.batch.virtualPage[row];
      if (page >= range.start && page < range.end) seen.add(page);
    }
  }
  await workload.end();
  const { notes, losses } = source.account();
  for (const text of [...notes, ...Object.keys(losses)]) stage.note(text);
  return {
    'a snapshot was taken': source.samples > 0,
    'idle blocks seen in use': seen.size,
    'intervals tuned': notes.some((note) => note.includes('tuned its sampling interval')),
  };
}
