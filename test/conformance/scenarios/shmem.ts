import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import type { PageRange } from '../../../src/vocabulary/units.js';
import { drawBlocks, must, smapsKib } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { blocksOf, stepsFor } from '../steps.js';
import { QUIET, withThp } from '../thp-settings.js';
import { split } from './debugfs-split.js';

const BLOCKS = 8;

/** Shared memory: pieces of a split folio are unmapped and come back with the next touch; a collapse restores it. */
export const shmem: Scenario = {
  name: 'shmem',
  says: 'the debugfs split and the DAMOS collapse of exactly one shmem THP (ShmemPmdMapped)',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'always', ...QUIET }, () => splitShared(stage)),
  expected: ({ shmemSplitOrders, collapseAction }): Rows => ({
    before: 'H×8',
    'ShmemPmdMapped before': 16384,
    'order 0 drawn': 'H . H×6',
    'order 0 ShmemPmdMapped': -2048,
    'order 0 touched': 'H 0 H×6',
    'order 4 drawn': shmemSplitOrders ? 'H 0 . H×5' : 'H 0 H×6',
    'order 4 ShmemPmdMapped': shmemSplitOrders ? -2048 : 0,
    'order 4 touched': shmemSplitOrders ? 'H 0 4 H×5' : 'H 0 H×6',
    'content kept': true,
    ...(collapseAction ? { 'collapsed drawn': 'H×8', 'collapsed ShmemPmdMapped': 16384 } : {}),
  }),
};

async function splitShared(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'shmem');
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const mapped = () => smapsKib(host, workload.pid, range, 'ShmemPmdMapped');
  const drawn = () => drawBlocks(host, workload.pid, range);
  const rows: Record<string, string | number | boolean> = {
    before: drawn(),
    'ShmemPmdMapped before': mapped(),
  };
  for (const [place, order] of [
    [1, 0],
    [2, 4],
  ]) {
    const block = blockAt(range, place);
    const before = mapped();
    split(host, workload, block, order);
    rows[`order ${order} drawn`] = drawn();
    rows[`order ${order} ShmemPmdMapped`] = mapped() - before;
    await workload.checksum(block);
    rows[`order ${order} touched`] = drawn();
  }
  rows['content kept'] = (await workload.checksum(range)) === content;
  Object.assign(rows, await restore(stage, workload.pid, range));
  await workload.end();
  return rows;

  function blockAt(whole: PageRange, index: number): PageRange {
    const pages = host.identity.geometry.pagesPerBlock;
    return { start: whole.start + index * pages, end: whole.start + (index + 1) * pages };
  }
}

async function restore({ host, note }: Stage, pid: number, range: PageRange): Promise<Rows> {
  const actuator = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true });
  if (actuator.abilities[0].missing) return {};
  const target = must(host.calls.openProcess(pid));
  const wanted = {
    action: 'collapse',
    targetOrder: host.identity.geometry.hugeOrder,
    actuator: 'damos',
  } as const;
  const [receipt] = await actuator.apply(stepsFor(host, pid, blocksOf(host, range, [1, 2]), wanted), {
    host,
    target,
  });
  target.close();
  note(receipt.answer);
  return {
    'collapsed drawn': drawBlocks(host, pid, range),
    'collapsed ShmemPmdMapped': smapsKib(host, pid, range, 'ShmemPmdMapped'),
  };
}
