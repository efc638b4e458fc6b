import { NO_PACING } from '../../../src/actuators/damos/block-context.js';
import { runOnBlocks } from '../../../src/actuators/damos/run-blocks.js';
import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import { DamonSlot } from '../../../src/damon/slot.js';
import { observe } from '../../../src/verification/observe.js';
import { drawBlocks, must, smapsKib } from '../measure.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { blocksOf, stepsFor } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 8;
const OUT = [2, 5];

/** Memory in swap is neither lost nor taken for a hole, and a collapse brings it back. Needs swap, on zram. */
export const swapped: Scenario = {
  name: 'swapped',
  says: 'two huge pages go to swap on zram by DAMOS pageout; Octavo counts them there; a collapse brings back what it is given',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'always', ...QUIET }, () => outAndIn(stage)),
  expected: () => ({
    before: 'H×8',
    'paged out': 'H×2 . H×2 . H×2',
    'kernel: swapped kB': 4096,
    'Octavo: swapped kB': 4096,
    'collapsed one': 'H×5 . H×2',
    'kernel: still swapped kB': 2048,
    'content kept': true,
    'swapped kB after reading': 0,
  }),
};

async function outAndIn(stage: Stage) {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const drawn = () => drawBlocks(host, workload.pid, range);
  const before = drawn();
  const slot = await DamonSlot.open(host, { share: false });
  if (!slot.ok) throw new Error(slot.error.owner);
  const blocks = blocksOf(host, range, OUT);
  const order = { pid: workload.pid, action: 'pageout', targetOrder: undefined, blocks };
  await runOnBlocks(slot.value, order, NO_PACING);
  await slot.value.close();
  const out = drawn();
  const swappedKib = () => smapsKib(host, workload.pid, range, 'Swap');
  const kernel = swappedKib();
  const seen = seenSwapped(stage, workload.pid, blocks);
  const { hugeOrder } = host.identity.geometry;
  const wanted = { action: 'collapse', targetOrder: hugeOrder, actuator: 'damos' } as const;
  const target = must(host.calls.openProcess(workload.pid));
  const steps = stepsFor(host, workload.pid, blocks.slice(0, 1), wanted);
  await damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }).apply(steps, { host, target });
  target.close();
  const rows = {
    before,
    'paged out': out,
    'kernel: swapped kB': kernel,
    'Octavo: swapped kB': seen,
    'collapsed one': drawn(),
    'kernel: still swapped kB': swappedKib(),
    'content kept': (await workload.checksum(range)) === content,
    'swapped kB after reading': swappedKib(),
  };
  await workload.end();
  return rows;
}

/** What Octavo's own table of blocks says of these, in KiB. */
function seenSwapped({ host }: Stage, pid: number, blocks: readonly number[]): number {
  const { blocks: table } = observe(host, pid).sizes;
  const kibOfPage = host.identity.geometry.pageBytes / 1024;
  let pages = 0;
  for (let row = 0; row < table.count; row++)
    if (blocks.includes(table.block[row])) pages += table.swapped[row];
  return pages * kibOfPage;
}
