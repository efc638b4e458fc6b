/** The board of a heat file: where its samples fell, over addresses and time. */
import { MapBuilder } from '../../dashboard/map/build.js';
import type { MapModel } from '../../dashboard/map/map-model.js';
import type { ShareSpan } from '../../dashboard/map/shares.js';
import { seesSubPages } from '../../hotness/hot-map-builder.js';
import { DEFAULT_SPARSE_BELOW } from '../../policies/sparse-bound.js';
import { HeatSurvey } from '../../reports/heat/build.js';
import { heatWords } from '../../reports/heat/scale.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { OctavoContext } from '../context.js';
import { heatCourse, heatScaleOf, isTimed, rowsOf, spansOf } from '../reports/heat-course.js';
import { heatStory } from '../reports/heat-story.js';
import { madeBy } from '../reports/made-by.js';
import { storyDocument } from '../reports/story-document.js';
import { heatReport } from '../samples/heat-report.js';
import { StillBoard } from './still-board.js';

/** Parts of the address space that are told apart. */
const MOST_SEGMENTS = 64;
const STORY_GRID = { mostRows: 200, mostSegments: 12 } as const;
const STORY_BINS = 10;
/** How often it is looked whether to stop. */
const ROWS_BETWEEN = 65_536;

/** The board of a heat file. Reads it twice for the map; throws STOPPED, FILE_MALFORMED. */
export async function heatBoard(
  context: OctavoContext,
  source: HeatFileSource,
  name: string,
): Promise<StillBoard> {
  const map = await heatMap(context, source);
  const { clock } = source.facts.slices;
  return new StillBoard({
    ...{ kind: 'heat', name, clock, atMs: null, targets: [], map },
    notes: [...source.account().notes],
    facts: [['made of', name], ...madeBy(context)],
    story: storyDocument(await storyOf(context, source, name)),
    missing: { map: ['The file has no sample.', 'Record or import some: `octavo record`, `octavo import`.'] },
  });
}

/**
 * The map of a heat file; undefined where it has no sample. `only`: processes; `hugeOf`: what huge pages map, by the segments
 * and columns that were found.
 */
export async function heatMap(
  { signal }: OctavoContext,
  source: HeatFileSource,
  { only, hugeOf }: HeatMapWishes = {},
): Promise<MapModel | undefined> {
  const { geometry, facts, origin } = source;
  const survey = new HeatSurvey(geometry);
  const isWanted = (pid: number) => only === undefined || only.has(pid);
  await eachRow(source, signal, (row) => {
    if (isWanted(row.pid)) survey.add(row);
  });
  if (survey.isEmpty) return undefined;
  const granularity = seesSubPages(origin) ? 1 : geometry.pagesPerBlock;
  const grid = { mostRows: Number.POSITIVE_INFINITY, mostSegments: MOST_SEGMENTS, leastPages: 1 };
  const layout = survey.layout(grid);
  const columns = survey.columns(spansOf(source));
  const builder = new MapBuilder(layout, columns, {
    ...{ geometry, clock: facts.slices.clock, granularity, notes: [] },
    words: heatWords(facts.nature, isTimed(columns)),
    isThinned: facts.thinned_to > 1,
    widthMs: facts.slices.widthMs ?? undefined,
  });
  await eachRow(source, signal, (row) => {
    if (isWanted(row.pid)) builder.add(row);
  });
  return builder.build(1, hugeOf?.(layout.segments, builder.columns) ?? []);
}

/** Which processes a map is of, and what is laid over their heat. */
export interface HeatMapWishes {
  readonly only?: ReadonlySet<number>;
  hugeOf?(
    segments: readonly { readonly pid: number; readonly firstPage: number; readonly pages: number }[],
    columns: MapBuilder['columns'],
  ): readonly (readonly ShareSpan[])[];
}

type Row = Parameters<HeatSurvey['add']>[0];

async function eachRow(source: HeatFileSource, signal: AbortSignal, see: (row: Row) => void): Promise<void> {
  let rows = 0;
  for await (const row of rowsOf(source)) {
    if (++rows % ROWS_BETWEEN === 0) throwIfStopped(signal);
    see(row);
  }
}

async function storyOf(context: OctavoContext, source: HeatFileSource, name: string) {
  const report = await heatReport(source, {
    bins: STORY_BINS,
    top: STORY_BINS,
    sparseBelow: DEFAULT_SPARSE_BELOW,
  });
  const course = await heatCourse(source, {}, STORY_GRID);
  const map = course && { course, scale: heatScaleOf(source, course) };
  return heatStory({ name, report, map }, madeBy(context));
}
