import type { PageRange } from '../../../src/vocabulary/units.js';
import { pageToAddress } from '../../../src/vocabulary/units.js';
import { counter, drawBlocks, must, smapsKib } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 8;
const ORDERS = [0, 2, 4] as const;

/** One block is split at each order; the kernel's own interface, without Octavo between. */
export const debugfsSplit: Scenario = {
  name: 'debugfs-split',
  says: 'debugfs splits exactly one anonymous THP at orders 0, 2 and 4, and refuses 1 and 9 without an error',
  short: true,
  run: (stage) => withThp(stage.host, { enabled: 'always', ...QUIET }, () => splitEach(stage)),
  expected: () => ({
    before: 'H×8',
    'AnonHugePages before': 16384,
    'order 0 drawn': 'H 0 H×6',
    'order 0 AnonHugePages': -2048,
    'order 2 drawn': 'H 0 2 H×5',
    'order 2 AnonHugePages': -2048,
    'order 4 drawn': 'H 0 2 4 H×4',
    'order 4 AnonHugePages': -2048,
    'order 1 drawn': 'H 0 2 4 H×4',
    'order 9 drawn': 'H 0 2 4 H×4',
    'splits counted': 3,
    'content kept': true,
  }),
};

async function splitEach({ host, startWorkload }: Stage): Promise<Rows> {
  const workload = await startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const rows: Record<string, string | number | boolean> = {
    before: drawBlocks(host, workload.pid, range),
    'AnonHugePages before': smapsKib(host, workload.pid, range, 'AnonHugePages'),
  };
  const splits = counter(host, SPLIT_COUNTER);
  ORDERS.forEach((order, index) => {
    const before = smapsKib(host, workload.pid, range, 'AnonHugePages');
    split(host, workload, blockAt(range, index + 1), order);
    rows[`order ${order} drawn`] = drawBlocks(host, workload.pid, range);
    rows[`order ${order} AnonHugePages`] = smapsKib(host, workload.pid, range, 'AnonHugePages') - before;
  });
  for (const order of [1, 9]) {
    split(host, workload, blockAt(range, 4), order);
    rows[`order ${order} drawn`] = drawBlocks(host, workload.pid, range);
  }
  rows['splits counted'] = counter(host, SPLIT_COUNTER) - splits;
  rows['content kept'] = (await workload.checksum(range)) === content;
  await workload.end();
  return rows;

  function blockAt(whole: PageRange, index: number): PageRange {
    const pages = host.identity.geometry.pagesPerBlock;
    return { start: whole.start + index * pages, end: whole.start + (index + 1) * pages };
  }
}

const SPLIT_COUNTER = '/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/stats/split';

export function split(host: Stage['host'], workload: Workload, range: PageRange, order: number): void {
  const { geometry } = host.identity;
  const place = `${pageToAddress(range.start, geometry)},${pageToAddress(range.end, geometry)}`;
  must(host.files.writeKernelFile('/sys/kernel/debug/split_huge_pages', `${workload.pid},${place},${order}`));
}
