/** The board of a run: what it decided and did, block by block, over the heat of its processes where a heat file is given. */
import { CellCollector, CellLevels } from '../../dashboard/map/cells.js';
import { MapModel } from '../../dashboard/map/map-model.js';
import { type MapColumn, SegmentMap } from '../../dashboard/map/segment-map.js';
import { type ShareSpan, Shares } from '../../dashboard/map/shares.js';
import type { Orders } from '../../dashboard/wire/series.js';
import { NO_MEMORY } from '../../dashboard/wire/tile.js';
import { layOutRows, type Segment } from '../../reports/heat/course.js';
import { heatWords } from '../../reports/heat/scale.js';
import { HeatFileSource } from '../../sources/heat-file.js';
import type { BlockState } from '../../vocabulary/page-sizes.js';
import type { Verdict } from '../../vocabulary/plan.js';
import { blockToPage, type PageGeometry, pageGeometry } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { madeBy } from '../reports/made-by.js';
import { runHeat } from '../reports/run-heat.js';
import { runStory, type ToldRun } from '../reports/run-story.js';
import { storyDocument } from '../reports/story-document.js';
import { entriesOf } from './decisions.js';
import { EventLog } from './event-log.js';
import { heatMap } from './heat-board.js';
import { StillBoard } from './still-board.js';

const MOST_SEGMENTS = 64;

/** The board of a run; `heat`: a heat file of its processes. Throws what reading that throws. */
export async function runBoard(
  context: OctavoContext,
  run: ToldRun,
  heat: string | undefined,
): Promise<StillBoard> {
  const facts = [['made of', run.run] as const, ...madeBy(context)];
  const map = heat === undefined ? mapOfRun(run) : await mapWithHeat(context, run, heat);
  const log = new EventLog();
  log.placeOn(map);
  log.add(entriesOf(run));
  const figures = heat === undefined ? [] : await runHeat(context, run, heat);
  return new StillBoard({
    ...{ kind: 'run', name: `run ${run.run}`, clock: map?.parts.clock ?? 'wall', atMs: run.plan.madeAtMs },
    ...{ targets: [], notes: run.plan.notes, facts, map, log: log.log, orders: ordersOf(run) },
    story: storyDocument(runStory(run, figures, facts)),
    missing: { map: ['The run changed no block.', 'Give a heat file of its processes with --heat.'] },
  });
}

interface Turned {
  readonly pid: number;
  readonly command: string;
  readonly atMs: number;
  readonly verdict: Verdict;
}

/** What became of each block, and when it was done. */
function turnedOf({ plan, records, verdicts }: ToldRun): readonly Turned[] {
  const receipts = records.flatMap((record) => (record.kind === 'receipts' ? record.receipts : []));
  const times = new Map(receipts.filter(({ tried }) => tried).map(({ step, atMs }) => [step, atMs]));
  const steps = new Map(plan.steps.map((step) => [step.id, step.proposal.process]));
  return verdicts.flatMap((verdict) => {
    const process = steps.get(verdict.step);
    if (process === undefined) return [];
    const { pid, command } = process;
    return [{ pid, command, atMs: times.get(verdict.step) ?? plan.madeAtMs, verdict }];
  });
}

/** Spans of what `shareOf` says of each block, by segment: before the act, and after it. */
function spansOf(
  shareOf: (state: BlockState) => number | undefined,
  turned: readonly Turned[],
  segments: readonly Pick<Segment, 'pid' | 'firstPage' | 'pages'>[],
  columns: readonly MapColumn[],
  geometry: PageGeometry,
): readonly (readonly ShareSpan[])[] {
  return segments.map(({ pid, firstPage, pages }) =>
    turned.flatMap((one) => {
      const page = blockToPage(one.verdict.after.block, geometry);
      if (one.pid !== pid || page < firstPage || page >= firstPage + pages) return [];
      const unit = (page - firstPage) / geometry.pagesPerBlock;
      const found = columns.findIndex(({ toMs }) => toMs !== undefined && toMs > one.atMs);
      const at = found < 0 ? columns.length : found;
      const { before, after } = one.verdict;
      return [
        { unit, from: 0, to: at, share: shareOf(before) },
        { unit, from: at, to: columns.length, share: shareOf(after) },
      ].flatMap(({ share, ...span }) =>
        share === undefined || span.from >= span.to ? [] : [{ ...span, share }],
      );
    }),
  );
}

/** Mean order of its memory, as a share of that of a huge page. */
function orderOf({ present, pagesByOrder }: BlockState): number | undefined {
  const pages = pagesByOrder.reduce((sum, found) => sum + found, 0);
  if (pages === 0) return present === 0 ? NO_MEMORY : undefined;
  const orders = pagesByOrder.reduce((sum, found, order) => sum + found * order, 0);
  return orders / pages / Math.max(1, pagesByOrder.length - 1);
}

function hugeOf({ level, present }: BlockState): number {
  if (level === 'pmd') return 1;
  return present === 0 ? NO_MEMORY : 0;
}

async function mapWithHeat(
  context: OctavoContext,
  run: ToldRun,
  path: string,
): Promise<MapModel | undefined> {
  const source = HeatFileSource.open(context.host.files, path);
  const only = new Set(run.plan.processes.map(({ pid }) => pid));
  const isWall = source.facts.slices.clock === 'wall';
  const turned = isWall ? turnedOf(run) : [];
  return heatMap(context, source, {
    only,
    hugeOf: (segments, columns) => spansOf(hugeOf, turned, segments, columns, source.geometry),
  });
}

/** Without any heat: the blocks that were changed, before and after. */
function mapOfRun(run: ToldRun): MapModel | undefined {
  const turned = turnedOf(run);
  if (turned.length === 0) return undefined;
  const { plan } = run;
  const geometry = pageGeometry(plan.geometry.pageBytes, plan.geometry.blockBytes);
  const blocks = turned
    .map(({ pid, command, verdict }) => ({
      pid,
      command,
      mapping: '',
      block: verdict.after.block,
      samples: 0,
    }))
    .sort((a, b) => a.pid - b.pid || a.block - b.block);
  const grid = { mostRows: Number.POSITIVE_INFINITY, mostSegments: MOST_SEGMENTS, leastPages: 1 };
  const { segments } = layOutRows(blocks, geometry, grid);
  const columns = columnsOf(turned, plan.madeAtMs);
  const level = Math.log2(geometry.pagesPerBlock);
  const huge = spansOf(hugeOf, turned, segments, columns, geometry);
  const orders = spansOf(orderOf, turned, segments, columns, geometry);
  return new MapModel(
    {
      ...{ geometry, clock: 'wall', columns, leastLevel: level, words: heatWords('all-accesses', true) },
      segments: segments.map(
        ({ pid, command, mapping, firstPage, pages }, at) =>
          new SegmentMap({
            facts: { pid, command, mapping, target: plan.target, firstPage, pages },
            ...{ columns, pagesPerBlock: geometry.pagesPerBlock, huge: new Shares(level, huge[at]) },
            orders: new Shares(level, orders[at]),
            cells: new CellLevels(new CellCollector().sorted(), level, level),
            known: { columns: new Uint8Array(columns.length), blocks: undefined },
          }),
      ),
      notes: ['Without a heat file only the blocks are shown that the run changed.'],
    },
    1,
  );
}

/** From some time before the first act to some time after the last, in slices that tell acts apart. */
function columnsOf(turned: readonly Turned[], madeAtMs: number): readonly MapColumn[] {
  const times = turned.map(({ atMs }) => atMs);
  const [begin, end] = [Math.min(madeAtMs, ...times), Math.max(...times)];
  const widthMs = Math.max(1, (end - begin) / MOST_SLICES);
  const count = Math.ceil((end - begin) / widthMs) + 3;
  return Array.from({ length: count }, (_, at) => ({
    ...{ fromMs: begin + (at - 1) * widthMs, toMs: begin + at * widthMs },
    ...{ seconds: widthMs / 1000, isGap: false },
  }));
}

const MOST_SLICES = 64;

function ordersOf({ plan, records, verdicts }: ToldRun): Omit<Orders, 'octavo' | 'version' | 'revision'> {
  const { pageBytes, blockBytes } = plan.geometry;
  const { hugeOrder } = pageGeometry(pageBytes, blockBytes);
  const receipts = records.flatMap((record) => (record.kind === 'receipts' ? record.receipts : []));
  const end = Math.max(plan.madeAtMs, ...receipts.map(({ atMs }) => atMs));
  const returned = verdicts.flatMap(({ returnedBytes }) => returnedBytes ?? []);
  const moment = (label: string, atMs: number, of: 'before' | 'after', returnedBytes: number | null) => ({
    ...{ label, atMs, returnedBytes },
    parts: partsOf(
      verdicts.map((verdict) => verdict[of]),
      pageBytes,
    ),
  });
  const sum = returned.length === 0 ? null : returned.reduce((total, bytes) => total + bytes, 0);
  return {
    ...{ clock: 'wall', pageBytes, hugeOrder },
    moments: [moment('before', plan.madeAtMs, 'before', null), moment('after', end, 'after', sum)],
  };
}

function partsOf(
  states: readonly Verdict['before'][],
  pageBytes: number,
): { order: number; bytes: number }[] {
  const pages: number[] = [];
  for (const { pagesByOrder } of states)
    pagesByOrder.forEach((found, order) => {
      pages[order] = (pages[order] ?? 0) + found;
    });
  return pages.flatMap((found = 0, order) => (found > 0 ? [{ order, bytes: found * pageBytes }] : []));
}
