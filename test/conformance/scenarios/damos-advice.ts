import { NO_PACING } from '../../../src/actuators/damos/block-context.js';
import { runOnBlocks } from '../../../src/actuators/damos/run-blocks.js';
import { DamonSlot } from '../../../src/damon/slot.js';
import type { PageRange, ProcessId } from '../../../src/vocabulary/units.js';
import { drawAdvice } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { blocksOf, upTo } from '../steps.js';

const BLOCKS = 64;

/** The flags that an action leaves on mappings show to the page where it acted: the proof of exactness on every kernel. */
export const damosAdvice: Scenario = {
  name: 'damos-advice',
  says: 'DAMOS hugepage and nohugepage mark exactly the given blocks, for 1, 3 and 20 of them',
  short: true,
  run: adviseSets,
  expected: () => ({
    'hugepage on one': 'plain×3 hg plain×60',
    'hugepage on three neighbours': 'plain×3 hg plain×4 hg×3 plain×53',
    'nohugepage on twenty neighbours': 'plain×3 hg plain×4 hg×3 plain×9 nh×20 plain×24',
    'blocks applied': '1 3 20',
    'runs that ended well': 3,
  }),
};

async function adviseSets(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 64);
  const one = await advise(stage, workload.pid, range, 'hugepage', [3]);
  const three = await advise(stage, workload.pid, range, 'hugepage', upTo(8, 11));
  const twenty = await advise(stage, workload.pid, range, 'nohugepage', upTo(20, 40));
  await workload.end();
  return {
    'hugepage on one': one.drawn,
    'hugepage on three neighbours': three.drawn,
    'nohugepage on twenty neighbours': twenty.drawn,
    'blocks applied': [one, three, twenty].map(({ applied }) => applied).join(' '),
    'runs that ended well': [one, three, twenty].filter(({ end }) => end === 'done').length,
  };

  async function advise(
    { note }: Stage,
    pid: ProcessId,
    whole: PageRange,
    action: string,
    places: readonly number[],
  ) {
    const slot = await DamonSlot.open(host, { share: false });
    if (!slot.ok) throw new Error(slot.error.owner);
    const order = { pid, action, targetOrder: undefined, blocks: blocksOf(host, whole, places) };
    const run = await runOnBlocks(slot.value, order, NO_PACING);
    await slot.value.close();
    const { tried, applied, appliedBytes, snapshots } = run.statistics;
    note(
      `${action} on ${places.length}: ${run.end}, tried ${tried}, applied ${applied} (${appliedBytes} bytes), passes ${snapshots ?? 'not counted here'}${run.refusal ? `, ${run.refusal.errno} ${run.refusal.call}` : ''}`,
    );
    return { end: run.end, applied, drawn: drawAdvice(host, pid, whole) };
  }
}
