/** The board of a simulation: its course, what its memory was made of, and its heat where that was kept. */
import { CellCollector, CellLevels } from '../../dashboard/map/cells.js';
import { MapModel } from '../../dashboard/map/map-model.js';
import { type MapColumn, SegmentMap } from '../../dashboard/map/segment-map.js';
import { type ShareSpan, Shares } from '../../dashboard/map/shares.js';
import type { Overview } from '../../dashboard/wire/overview.js';
import type { Orders, Series } from '../../dashboard/wire/series.js';
import { heatWords } from '../../reports/heat/scale.js';
import type { ProcessHeat } from '../../simulator/run/heat-course.js';
import type { ProcessOutcome, SimulationOutcome } from '../../simulator/run/outcome.js';
import { type PageGeometry, pageGeometry } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { madeBy } from '../reports/made-by.js';
import { simulationStory } from '../reports/simulation-story.js';
import { storyDocument } from '../reports/story-document.js';
import { StillBoard } from './still-board.js';

/** The board of a simulation that was read from a document. */
export function simulationBoard(
  context: OctavoContext,
  outcome: SimulationOutcome,
  name: string,
): StillBoard {
  const facts = [['made of', name] as const, ...madeBy(context)];
  return new StillBoard({
    ...{ kind: 'simulation', name: `${outcome.scenario} (simulation)`, clock: 'run' },
    atMs: outcome.durationMs,
    targets: targetsOf(outcome),
    notes: outcome.notes,
    facts: [...facts, ['scenario', `${outcome.scenario}, seed ${outcome.seed}`], ['model', outcome.cpu]],
    story: storyDocument(simulationStory(outcome, facts)),
    series: seriesOf(outcome),
    orders: ordersOf(outcome),
    map: simulatedMap(outcome),
    missing: {
      map: ['Its heat was not kept.', 'Simulate with --heat --json, and show that.'],
      events: ['A simulation keeps sums of what was decided, not each block.', 'The report has them.'],
    },
  });
}

function targetsOf({ processes, timeline }: SimulationOutcome): Overview['targets'] {
  return processes.map(({ name, workload, rss, pmdMapped, bloat }, at) => ({
    ...{ id: `t${at}`, name, match: workload, policy: '', state: 'unknown', processes: 1 },
    values: { residentBytes: rss, hugeBytes: pmdMapped, emptyInHugeBytes: bloat },
    guard: { why: '', state: 'clear', untilMs: null, blind: [] },
    nextMs: null,
    lastTurn:
      timeline.length === 0
        ? null
        : { atMs: timeline[timeline.length - 1].atMs, end: '', why: '', notes: [] },
  }));
}

const FIELDS: Series['fields'] = [
  { name: 'residentBytes', nature: 'gauge', unit: 'bytes', tells: 'resident (RSS)' },
  { name: 'hugeBytes', nature: 'gauge', unit: 'bytes', tells: 'of it mapped by huge pages' },
  { name: 'bloatBytes', nature: 'gauge', unit: 'bytes', tells: 'in huge pages that is never accessed' },
  { name: 'perSecond', nature: 'gauge', unit: 'count', tells: 'of accesses a second' },
];

function seriesOf({
  timeline,
  processes,
}: SimulationOutcome): Omit<Series, 'octavo' | 'version' | 'revision'> {
  return {
    clock: 'run',
    fields: FIELDS,
    times: timeline.map(({ atMs }) => atMs),
    targets: processes.map(({ name }, at) => {
      const rows = timeline.map((row) => row.processes.find((one) => one.name === name));
      return {
        ...{ id: `t${at}`, name },
        values: {
          residentBytes: rows.map((row) => row?.rss ?? null),
          hugeBytes: rows.map((row) => row?.huge ?? null),
          bloatBytes: rows.map((row) => row?.bloat ?? null),
          perSecond: rows.map((row) => row?.perSecond ?? null),
        },
      };
    }),
  };
}

/** Of the course only the huge part is known; of the end every order. */
function ordersOf(outcome: SimulationOutcome): Omit<Orders, 'octavo' | 'version' | 'revision'> {
  const { timeline, processes, pageBytes, blockBytes, durationMs } = outcome;
  const { hugeOrder } = pageGeometry(pageBytes, blockBytes);
  const course = timeline.map((row) => {
    const sum = (of: (one: (typeof row.processes)[number]) => number) =>
      row.processes.reduce((total, one) => total + of(one), 0);
    const huge = sum((one) => one.huge);
    return {
      ...{ atMs: row.atMs, label: '', returnedBytes: null },
      parts: [
        { order: null, bytes: Math.max(0, sum(({ rss }) => rss) - huge) },
        { order: hugeOrder, bytes: huge },
      ],
    };
  });
  const end = { atMs: durationMs, label: 'end', returnedBytes: null, parts: endParts(processes) };
  return { clock: 'run', pageBytes, hugeOrder, moments: [...course, end] };
}

function endParts(processes: readonly ProcessOutcome[]): { order: number; bytes: number }[] {
  const bytes: number[] = [];
  for (const { byOrder } of processes)
    byOrder.forEach((found, order) => {
      bytes[order] = (bytes[order] ?? 0) + found;
    });
  return bytes.flatMap((found = 0, order) => (found > 0 ? [{ order, bytes: found }] : []));
}

function simulatedMap({ heat = [], pageBytes, blockBytes }: SimulationOutcome): MapModel | undefined {
  const ends = [...new Set(heat.flatMap(({ slices }) => slices.map(({ toMs }) => toMs)))].sort(
    (a, b) => a - b,
  );
  if (ends.length === 0) return undefined;
  const begin = Math.min(...heat.map(({ fromMs }) => fromMs));
  const columns = ends.map((toMs, at) => {
    const fromMs = at === 0 ? begin : ends[at - 1];
    return { fromMs, toMs, seconds: (toMs - fromMs) / 1000, isGap: false };
  });
  const leastLevel = Math.log2(Math.max(...heat.map(({ rowPages }) => rowPages)));
  const geometry = pageGeometry(pageBytes, blockBytes);
  return new MapModel(
    {
      ...{ geometry, clock: 'run', columns, leastLevel, words: heatWords('all-accesses', true), notes: [] },
      segments: heat.map((one) => segmentOf(one, { columns, ends, leastLevel, geometry })),
    },
    1,
  );
}

interface Frame {
  readonly columns: readonly MapColumn[];
  readonly ends: readonly number[];
  readonly leastLevel: number;
  readonly geometry: PageGeometry;
}

function segmentOf(heat: ProcessHeat, { columns, ends, leastLevel, geometry }: Frame): SegmentMap {
  const together = 2 ** leastLevel / heat.rowPages;
  const known = new Uint8Array(columns.length);
  const cells = new CellCollector();
  const spans: ShareSpan[] = [];
  for (const { toMs, accesses, huge } of heat.slices) {
    const column = ends.indexOf(toMs);
    known[column] = 1;
    for (let row = 0; row * together < accesses.length; row++) {
      const part = (values: readonly number[]) => values.slice(row * together, (row + 1) * together);
      const found = sum(part(accesses));
      if (found > 0) cells.add({ row, column, accesses: found, samples: found, touched: 0 });
      const shares = part(huge);
      spans.push({ unit: row, from: column, to: column + 1, share: sum(shares) / shares.length });
    }
  }
  const { pagesPerBlock } = geometry;
  const pages = Math.ceil(heat.pages / pagesPerBlock) * pagesPerBlock;
  return new SegmentMap({
    facts: {
      pid: heat.pid,
      command: heat.process,
      mapping: '',
      target: heat.process,
      firstPage: heat.firstPage,
      pages,
    },
    ...{ columns, pagesPerBlock, known: { columns: known, blocks: undefined } },
    cells: new CellLevels(cells.sorted(), leastLevel, Math.ceil(Math.log2(pages))),
    huge: new Shares(leastLevel, spans),
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
