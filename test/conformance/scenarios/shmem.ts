import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import type { PageRange } from '../../../src/vocabulary/units.js';
import { drawBlocks, must, smapsKib } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { blocksOf, stepsFor, upTo } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';
import { split } from './debugfs-split.js';

const BLOCKS = 8;
const LARGE_BLOCKS = 32;

const COLLAPSED: Rows = {
  'collapsed drawn': 'H×8',
  'collapsed ShmemPmdMapped': 16384,
  '64 MiB of small pages drawn': '0×32',
  'DAMOS collapse of 32 MiB drawn': '0×8 H×16 0×8',
  'DAMOS collapse of 32 MiB ShmemPmdMapped': 32768,
  'content of the 64 MiB kept': true,
};

/** Shared memory: pieces of a split folio are unmapped and come back with the next touch; a collapse restores it. */
export const shmem: Scenario = {
  name: 'shmem',
  says: 'the debugfs split of exactly one shmem THP at orders 0, 2 and 4, and the DAMOS collapse of exactly 32 MiB',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'always', ...QUIET }, () => splitShared(stage)),
  expected: ({ shmemSplitOrders, collapseAction }): Rows => ({
    before: 'H×8',
    'ShmemPmdMapped before': 16384,
    'order 0 drawn': 'H . H×6',
    'order 0 ShmemPmdMapped': -2048,
    'order 0 touched': 'H 0 H×6',
    'order 2 drawn': shmemSplitOrders ? 'H 0 . H×5' : 'H 0 H×6',
    'order 2 ShmemPmdMapped': shmemSplitOrders ? -2048 : 0,
    'order 2 touched': shmemSplitOrders ? 'H 0 2 H×5' : 'H 0 H×6',
    'order 4 drawn': shmemSplitOrders ? 'H 0 2 . H×4' : 'H 0 H×6',
    'order 4 ShmemPmdMapped': shmemSplitOrders ? -2048 : 0,
    'order 4 touched': shmemSplitOrders ? 'H 0 2 4 H×4' : 'H 0 H×6',
    'content kept': true,
    ...(collapseAction ? COLLAPSED : {}),
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
    [2, 2],
    [3, 4],
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
  Object.assign(rows, await restore(stage, workload.pid, range), await collapseHalf(stage, workload));
  await workload.end();
  return rows;

  function blockAt(whole: PageRange, index: number): PageRange {
    const pages = host.identity.geometry.pagesPerBlock;
    return { start: whole.start + index * pages, end: whole.start + (index + 1) * pages };
  }
}

async function restore(stage: Stage, pid: number, range: PageRange): Promise<Rows> {
  const { host } = stage;
  if (!(await collapse(stage, pid, range, [1, 2, 3]))) return {};
  return {
    'collapsed drawn': drawBlocks(host, pid, range),
    'collapsed ShmemPmdMapped': smapsKib(host, pid, range, 'ShmemPmdMapped'),
  };
}

/** Of 64 MiB that were split to base pages, the middle half. */
async function collapseHalf(stage: Stage, workload: Workload): Promise<Rows> {
  const { host } = stage;
  const { pid } = workload;
  const range = await workload.map(LARGE_BLOCKS, 'shmem');
  await workload.touch(range, 1);
  split(host, workload, range, 0);
  const content = await workload.checksum(range);
  const small = drawBlocks(host, pid, range);
  const before = smapsKib(host, pid, range, 'ShmemPmdMapped');
  const middle = upTo(LARGE_BLOCKS / 4, (LARGE_BLOCKS * 3) / 4);
  if (!(await collapse(stage, pid, range, middle))) return {};
  return {
    '64 MiB of small pages drawn': small,
    'DAMOS collapse of 32 MiB drawn': drawBlocks(host, pid, range),
    'DAMOS collapse of 32 MiB ShmemPmdMapped': smapsKib(host, pid, range, 'ShmemPmdMapped') - before,
    'content of the 64 MiB kept': (await workload.checksum(range)) === content,
  };
}

/** False where DAMOS has no collapse. */
async function collapse(
  { host, note }: Stage,
  pid: number,
  range: PageRange,
  places: readonly number[],
): Promise<boolean> {
  const actuator = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true });
  if (actuator.abilities[0].missing) return false;
  const target = must(host.calls.openProcess(pid));
  const wanted = {
    action: 'collapse',
    targetOrder: host.identity.geometry.hugeOrder,
    actuator: 'damos',
  } as const;
  const steps = stepsFor(host, pid, blocksOf(host, range, places), wanted);
  const [receipt] = await actuator.apply(steps, { host, target });
  target.close();
  note(receipt.answer);
  return true;
}
