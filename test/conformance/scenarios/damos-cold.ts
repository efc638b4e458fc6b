import { NO_PACING } from '../../../src/actuators/damos/block-context.js';
import { runOnBlocks } from '../../../src/actuators/damos/run-blocks.js';
import { DamonSlot } from '../../../src/damon/slot.js';
import { smapsKib } from '../measure.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { blocksOf } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 8;

/** The other two advices: what they do to memory, and what DAMON says of it. */
export const damosCold: Scenario = {
  name: 'damos-cold',
  says: 'DAMOS cold takes the references of exactly its blocks; pageout without swap counts as applied and does nothing',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'never', ...QUIET }, () => cool(stage)),
  expected: () => ({
    'referenced before': 16384,
    'cold on two: referenced': -4096,
    'cold on two: applied bytes': 4194304,
    'pageout on one: Rss': 0,
    'pageout on one: applied bytes': 2097152,
    'content kept': true,
  }),
};

async function cool(stage: Stage) {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const kib = (field: string) => smapsKib(host, workload.pid, range, field);
  const act = async (action: string, places: readonly number[]) => {
    const slot = await DamonSlot.open(host, { share: false });
    if (!slot.ok) throw new Error(slot.error.owner);
    const blocks = blocksOf(host, range, places);
    const run = await runOnBlocks(
      slot.value,
      { pid: workload.pid, action, targetOrder: undefined, blocks },
      NO_PACING,
    );
    await slot.value.close();
    return Number(run.statistics.appliedBytes);
  };
  const referenced = kib('Referenced');
  const cooled = await act('cold', [3, 4]);
  const afterCold = kib('Referenced');
  const rss = kib('Rss');
  const paged = await act('pageout', [6]);
  const rows = {
    'referenced before': referenced,
    'cold on two: referenced': afterCold - referenced,
    'cold on two: applied bytes': cooled,
    'pageout on one: Rss': kib('Rss') - rss,
    'pageout on one: applied bytes': paged,
    'content kept': (await workload.checksum(range)) === content,
  };
  await workload.end();
  return rows;
}
