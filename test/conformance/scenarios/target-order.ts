import { filterOf, schemeOf } from '../../../src/vocabulary/damon.js';
import type { Order, PageRange } from '../../../src/vocabulary/units.js';
import { drawBlocks, firstFrame, smapsKib } from '../measure.js';
import {
  errnoOf,
  type OneScheme,
  runScheme,
  SCHEME_FILES,
  STATE,
  startScheme,
  stopScheme,
} from '../one-scheme.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 8;

type MutableRows = Record<string, string | number | boolean>;

/** What kernel/docs/behaviour.md says about single regions, in numbers. */
export const targetOrder: Scenario = {
  name: 'target-order',
  says: 'target_order of split and collapse: edges of regions, second passes, filters, holes, page cache, refusals',
  short: false,
  run: async (stage) => ({
    ...(await withThp(stage.host, { enabled: 'always', ...QUIET }, () => splitRows(stage))),
    ...(await withThp(stage.host, { enabled: 'never', ...QUIET }, () => collapseRows(stage))),
  }),
  expected: ({ splitAction }): Rows => (splitAction ? WITH_TARGET_ORDER : { 'has target_order': false }),
};

const MIB2 = 2 ** 21;

const WITH_TARGET_ORDER: Rows = {
  'has target_order': true,
  'written 10': 'EINVAL',
  'written abc': 'EINVAL',
  'on with collapse to 1': 'EINVAL',
  'on with split to 1': 'EINVAL',
  'on with split to 9': 'EINVAL',
  'commit of split to 9': 'EINVAL',
  'commit of split to 0': '',
  'split across an edge': 0,
  'split across an edge drawn': 'H×8',
  'split of one and two halves': MIB2,
  'split of one and two halves drawn': 'H×3 0 H×4',
  'split once more': 0,
  'split, anon rejected': 0,
  'split, anon rejected, passed': 0,
  'split, up to 1 MiB allowed': 0,
  'split, up to 1 MiB allowed, passed': 0,
  'split, 2 MiB allowed': MIB2,
  'split, 2 MiB allowed, passed': MIB2,
  'split of small ones, passed': MIB2,
  'split of frames': MIB2,
  'split of frames drawn': 'H×3 0 H 2 3 H',
  'split of frames across an edge': 0,
  'split of tmpfs': MIB2,
  'split of tmpfs drawn': 'H 4 H×6',
  'collapse of tmpfs to 5': 0,
  'collapse of tmpfs to 9': MIB2,
  'collapse of tmpfs drawn': 'H×8',
  'content kept': true,
  'sparse Rss': 512,
  'collapse of sparse to 4': 4 * MIB2,
  'collapse of sparse to 4 drawn': '4×8',
  'collapse of sparse to 4, Rss': 8192,
  'collapse of sparse to 4 once more': 0,
  'collapse inside of edges': 15 * 2 ** 17,
  'collapse to 6': 8 * MIB2,
  'collapse to 6, Rss': 16384,
  'collapse to 6 drawn': '6×8',
  'collapse over larger ones': 0,
};

async function splitRows(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  const tmpfs = await workload.map(BLOCKS, 'shmem');
  const rows: MutableRows = { 'has target_order': hasTargetOrder(stage, workload, range) };
  if (!rows['has target_order']) {
    await workload.end();
    return rows;
  }
  await workload.touch(range, 1);
  await workload.touch(tmpfs, 1);
  const content = [await workload.checksum(range), await workload.checksum(tmpfs)].join();
  const split = new Runner(stage, workload, range, rows);
  Object.assign(rows, refusals(stage, workload, range));
  await split.run('split across an edge', 'split', 0, part(range, 2.5, 3.5), { drawn: true });
  await split.run('split of one and two halves', 'split', 0, part(range, 2.5, 4.5), { drawn: true });
  await split.run('split once more', 'split', 0, part(range, 3, 4));
  await filtered(split, range);
  await frames(split, range);
  await pageCache(new Runner(stage, workload, tmpfs, rows), tmpfs, host.identity.geometry.hugeOrder);
  rows['content kept'] = [await workload.checksum(range), await workload.checksum(tmpfs)].join() === content;
  await workload.end();
  return rows;
}

function hasTargetOrder({ host }: Stage, { pid }: Workload, range: PageRange): boolean {
  startScheme(host, { pid, ranges: [range], scheme: schemeOf('stat') });
  const found = host.files.status(`${SCHEME_FILES}/target_order`).ok;
  stopScheme(host);
  return found;
}

function refusals({ host }: Stage, { pid }: Workload, range: PageRange): Rows {
  const on = (action: string, order: Order): string =>
    startScheme(host, { pid, ranges: [range], scheme: schemeOf(action, { targetOrder: order }) });
  const order = `${SCHEME_FILES}/target_order`;
  const rows = {
    'on with collapse to 1': on('collapse', 1),
    'on with split to 1': on('split', 1),
    'on with split to 9': on('split', 9),
    'written 10': errnoOf(host, order, '10'),
    'written abc': errnoOf(host, order, 'abc'),
  };
  // A scheme that has nothing to act on: its pattern wants regions larger than there are.
  const idle = schemeOf('split', { pattern: { ...schemeOf('split').pattern, size: [2n ** 62n, 2n ** 63n] } });
  startScheme(host, { pid, ranges: [range], scheme: idle });
  errnoOf(host, order, '9');
  const nine = errnoOf(host, STATE, 'commit');
  errnoOf(host, order, '0');
  const none = errnoOf(host, STATE, 'commit');
  stopScheme(host);
  return { ...rows, 'commit of split to 9': nine, 'commit of split to 0': none };
}

async function filtered(split: Runner, range: PageRange): Promise<void> {
  const one = part(range, 5, 6);
  const anon = filterOf('anon', { matching: true, allow: false });
  const sized = (min: number, max: number) =>
    filterOf('hugepage_size', { matching: true, allow: true, size: [BigInt(min), BigInt(max)] });
  await split.run('split, anon rejected', 'split', 2, one, { filters: [anon], passed: true });
  await split.run('split, up to 1 MiB allowed', 'split', 2, one, {
    filters: [sized(4096, MIB2 / 2)],
    passed: true,
  });
  await split.run('split, 2 MiB allowed', 'split', 2, one, { filters: [sized(MIB2, MIB2)], passed: true });
  const again = await split.run(undefined, 'split', 2, one, { filters: [sized(4096, MIB2)] });
  split.rows['split of small ones, passed'] = again.passed;
}

/** Physical memory: the frames of one block, and from the middle of one to the middle of the next. */
async function frames(split: Runner, range: PageRange): Promise<void> {
  const { geometry } = split.stage.host.identity;
  const frameOf = (place: number) =>
    firstFrame(split.stage.host, split.workload.pid, range.start / geometry.pagesPerBlock + place);
  const whole = { start: frameOf(6), end: frameOf(6) + geometry.pagesPerBlock };
  const half = { start: frameOf(7) + 256, end: frameOf(7) + geometry.pagesPerBlock };
  await split.run('split of frames', 'split', 3, whole, { physical: true, drawn: true });
  await split.run('split of frames across an edge', 'split', 3, half, { physical: true });
}

async function pageCache(on: Runner, tmpfs: PageRange, huge: Order): Promise<void> {
  const one = part(tmpfs, 1, 2);
  await on.run('split of tmpfs', 'split', 4, one);
  // The pieces are not mapped until they are used again.
  await on.workload.checksum(tmpfs);
  on.draw('split of tmpfs');
  await on.run('collapse of tmpfs to 5', 'collapse', 5, one);
  await on.run('collapse of tmpfs to 9', 'collapse', huge, one);
  on.draw('collapse of tmpfs');
}

async function collapseRows(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  const rows: MutableRows = {};
  if (!hasTargetOrder(stage, workload, range)) {
    await workload.end();
    return rows;
  }
  // One page in every second block of 64 KiB, that is 16 of those in a huge block.
  await workload.touch(range, 32);
  const rss = () => smapsKib(host, workload.pid, range, 'Rss');
  const collapse = new Runner(stage, workload, range, rows);
  rows['sparse Rss'] = rss();
  await collapse.run('collapse of sparse to 4', 'collapse', 4, range, { drawn: true });
  rows['collapse of sparse to 4, Rss'] = rss();
  await collapse.run('collapse of sparse to 4 once more', 'collapse', 4, range);
  const edges = { start: range.start + 1, end: range.start + 512 };
  await collapse.run('collapse inside of edges', 'collapse', 5, edges);
  await collapse.run('collapse to 6', 'collapse', 6, range, { drawn: true });
  rows['collapse to 6, Rss'] = rss();
  await collapse.run('collapse over larger ones', 'collapse', 4, range);
  await workload.end();
  return rows;
}

interface Wishes {
  readonly filters?: OneScheme['scheme']['filters'];
  readonly physical?: boolean;
  readonly drawn?: boolean;
  readonly passed?: boolean;
}

/** Runs schemes on parts of one mapping and keeps what they came to. */
class Runner {
  readonly stage: Stage;
  readonly workload: Workload;
  readonly rows: MutableRows;
  readonly #range: PageRange;

  constructor(stage: Stage, workload: Workload, range: PageRange, rows: MutableRows) {
    this.stage = stage;
    this.workload = workload;
    this.rows = rows;
    this.#range = range;
  }

  async run(
    row: string | undefined,
    action: string,
    order: Order,
    on: PageRange,
    { filters = [], physical = false, drawn = false, passed = false }: Wishes = {},
  ): Promise<{ applied: number; passed: number }> {
    const scheme = schemeOf(action, { targetOrder: order, filters });
    const pid = physical ? undefined : this.workload.pid;
    const stats = await runScheme(this.stage.host, { pid, ranges: [on], scheme });
    if (row === undefined) return stats;
    this.rows[row] = stats.applied;
    if (passed) this.rows[`${row}, passed`] = stats.passed;
    if (drawn) this.draw(row);
    return stats;
  }

  draw(row: string): void {
    this.rows[`${row} drawn`] = drawBlocks(this.stage.host, this.workload.pid, this.#range);
  }
}

/** A part of a range of whole blocks, from and to in blocks. */
function part(range: PageRange, from: number, to: number): PageRange {
  const block = (range.end - range.start) / BLOCKS;
  return { start: range.start + from * block, end: range.start + to * block };
}
