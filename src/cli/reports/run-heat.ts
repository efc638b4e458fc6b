/** Heat of the processes of a run, with what the run did laid over it. */
import type { HeatMark } from '../../reports/figures/heat-map.js';
import { type HeatCourse, rowOfPage } from '../../reports/heat/course.js';
import { type BlockHugeness, withHuge } from '../../reports/heat/overlay.js';
import type { Part } from '../../reports/story/story.js';
import { HeatFileSource } from '../../sources/heat-file.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { addressOf } from '../print/plan.js';
import { heatCourse, heatScaleOf } from './heat-course.js';
import { heatFigure } from './heat-story.js';
import type { ToldRun } from './run-story.js';

const GRID = { mostRows: 200, mostSegments: 12 } as const;

/** The map of a heat file for the processes of the run; says so where it has none of them. */
export async function runHeat({ host }: OctavoContext, run: ToldRun, path: string): Promise<readonly Part[]> {
  const source = HeatFileSource.open(host.files, path);
  const { plan } = run;
  if (source.geometry.blockBytes !== plan.geometry.blockBytes) throw otherSizes(path, run);
  const pids = new Set(plan.processes.map(({ pid }) => pid));
  const course = await heatCourse(source, { pids }, GRID);
  if (course === undefined)
    return [
      {
        kind: 'empty',
        why: `${path} has no heat of these processes.`,
        remedy: 'Name a heat file that was recorded of them.',
      },
    ];
  const acts = actTimes(run);
  const shown = withHuge(course, hugeness(run, course.clock === 'wall' ? acts : new Map()));
  const figure = heatFigure(shown, heatScaleOf(source, course), marksOf(run, course, acts));
  return [{ kind: 'figure', figure }, ...(course.clock === 'wall' ? [] : [untimed(path)])];
}

function otherSizes(path: string, { run, plan }: ToldRun): OctavoError {
  const problem = `has huge pages of other sizes than run ${run} (${plan.geometry.blockBytes} bytes)`;
  return new OctavoError('FILE_MALFORMED', { path, problem, place: 'block_bytes' });
}

function untimed(path: string): Part {
  const words = `${path} does not say by the wall clock when it was recorded: outlines are of the time before the run, and what it did has no place in the map.`;
  return { kind: 'words', lines: [words] };
}

/** When each step was done, by the wall clock. */
function actTimes({ records }: ToldRun): ReadonlyMap<number, Milliseconds> {
  const receipts = records.flatMap((record) => (record.kind === 'receipts' ? record.receipts : []));
  return new Map(receipts.filter(({ tried }) => tried).map(({ step, atMs }) => [step, atMs]));
}

function hugeness(
  { verdicts, plan }: ToldRun,
  acts: ReadonlyMap<number, Milliseconds>,
): readonly BlockHugeness[] {
  const pidOf = new Map(plan.steps.map(({ id, proposal }) => [id, proposal.process.pid]));
  return verdicts.map(({ step, before, after }) => {
    const act = acts.get(step);
    return {
      pid: pidOf.get(step) ?? -1,
      block: before.block,
      isHuge: (fromMs) =>
        (fromMs === undefined || act === undefined || fromMs < act ? before : after).level === 'pmd',
    };
  });
}

function marksOf(
  { plan, verdicts }: ToldRun,
  course: HeatCourse,
  acts: ReadonlyMap<number, Milliseconds>,
): readonly HeatMark[] {
  if (course.clock !== 'wall') return [];
  const done = new Set(verdicts.filter(({ outcome }) => outcome !== 'not-met').map(({ step }) => step));
  return plan.steps.flatMap(({ id, proposal }) => {
    const { pagesPerBlock } = course.geometry;
    const row = rowOfPage(course, proposal.process.pid, proposal.block * pagesPerBlock);
    const at = placeInTime(course, acts.get(id));
    if (row === undefined || at === undefined || !done.has(id)) return [];
    return [
      {
        kind: proposal.action,
        row,
        at,
        title: `${proposal.action} of ${addressOf(plan, proposal.block)}: ${proposal.reason}`,
      },
    ];
  });
}

/** Share of the width of a map; undefined outside of it. A little beyond its end counts as its end. */
function placeInTime({ columns }: HeatCourse, atMs: Milliseconds | undefined): number | undefined {
  if (atMs === undefined) return undefined;
  const column = columns.findLastIndex(({ fromMs }) => fromMs !== undefined && fromMs <= atMs);
  if (column < 0) return undefined;
  const from = columns[column].fromMs ?? 0;
  const next = columns[column + 1]?.fromMs ?? from + (columns[column].seconds ?? 0) * 1000;
  const share = next > from ? (atMs - from) / (next - from) : 0;
  return share > 2 ? undefined : (column + Math.min(1, share)) / columns.length;
}
