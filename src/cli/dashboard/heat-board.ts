/** The board of a heat file: where its samples fell, over addresses and time. */
import { MapBuilder } from '../../dashboard/map/build.js';
import type { MapModel } from '../../dashboard/map/map-model.js';
import type { ShareSpan } from '../../dashboard/map/shares.js';
import type { HeatGroup } from '../../formats/heat-file/read.js';
import { loopTurns } from '../../host/loop-turns.js';
import { seesSubPages } from '../../hotness/hot-map-builder.js';
import { DEFAULT_SPARSE_BELOW } from '../../policies/sparse-bound.js';
import { HeatSurvey } from '../../reports/heat/build.js';
import { heatWords } from '../../reports/heat/scale.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { OctavoContext } from '../context.js';
import { heatCourse, heatScaleOf, isTimed, spansOf } from '../reports/heat-course.js';
import { heatStory } from '../reports/heat-story.js';
import { madeBy } from '../reports/made-by.js';
import { storyDocument } from '../reports/story-document.js';
import { heatReport } from '../samples/heat-report.js';
import { ReadingBoard, type ReadingTold } from './reading-board.js';
import type { StillParts } from './still-board.js';

/** Parts of the address space that are told apart. */
const MOST_SEGMENTS = 64;
const STORY_GRID = { mostRows: 200, mostSegments: 12 } as const;
const STORY_BINS = 10;
/** How often it is looked whether to stop, or whether others wait for the thread. */
const ROWS_BETWEEN = 8192;
/** Rows that are kept between the two looks at them: a hundred megabytes. Of a larger file they are read twice. */
const MOST_KEPT = 1_500_000;
/** What can be shown by now is shown first after so long, and then so much rarer than it takes. */
const FIRST_SHOWN_MS = 1000;
const SHOWN_SHARE = 0.2;

/** The board of a heat file, which reads it when it is served. */
export function heatBoard(context: OctavoContext, source: HeatFileSource, name: string): ReadingBoard {
  const { clock } = source.facts.slices;
  const parts: StillParts = {
    ...{ kind: 'heat', name, clock, atMs: null, targets: [] },
    notes: [...source.account().notes],
    facts: [['made of', name], ...madeBy(context)],
    missing: { map: ['The file has no sample.', 'Record or import some: `octavo record`, `octavo import`.'] },
  };
  return new ReadingBoard({
    parts,
    read: async (told) => ({ ...parts, map: await heatMap(context, source, { told }) }),
    story: async () => storyDocument(await storyOf(context, source, name)),
  });
}

/**
 * The map of a heat file; undefined where it has no sample. `only`: processes; `hugeOf`: what huge pages map, by the segments
 * and columns that were found; `told`: how far it is. Throws STOPPED, FILE_MALFORMED.
 */
export async function heatMap(
  context: OctavoContext,
  source: HeatFileSource,
  { only, hugeOf, told }: HeatMapWishes = {},
): Promise<MapModel | undefined> {
  const { geometry, facts, origin } = source;
  const survey = new HeatSurvey(geometry);
  const isWanted = (pid: number) => only === undefined || only.has(pid);
  const rows = new RowsTwice(source, context.signal, (share) => told?.read(share));
  await rows.each((row) => {
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
  const show = told && shownNow(context, builder, told);
  await rows.each((row) => {
    if (isWanted(row.pid)) builder.add(row);
  }, show);
  return builder.build(FINAL_LAYOUT, hugeOf?.(layout.segments, builder.columns) ?? []);
}

/** Maps that are not whole yet have layouts behind it: only that they differ counts. */
const FINAL_LAYOUT = 1;

/** Shows the map as far as it has come, now and then. */
function shownNow({ host }: OctavoContext, builder: MapBuilder, told: ReadingTold): () => void {
  const nowMs = () => host.clock.monotonicNs() / 1e6;
  let dueMs = nowMs() + FIRST_SHOWN_MS;
  let layout = FINAL_LAYOUT;
  return () => {
    const beganMs = nowMs();
    if (beganMs < dueMs) return;
    told.show(builder.buildSoFar(++layout));
    dueMs = beganMs + (nowMs() - beganMs) / SHOWN_SHARE;
  };
}

/** Which processes a map is of, and what is laid over their heat. */
export interface HeatMapWishes {
  readonly told?: ReadingTold;
  readonly only?: ReadonlySet<number>;
  hugeOf?(
    segments: readonly { readonly pid: number; readonly firstPage: number; readonly pages: number }[],
    columns: MapBuilder['columns'],
  ): readonly (readonly ShareSpan[])[];
}

type Row = Parameters<HeatSurvey['add']>[0];

/** The rows of a heat file, which are looked at twice, and read once where there is room. */
class RowsTwice {
  readonly #source: HeatFileSource;
  readonly #signal: AbortSignal;
  readonly #told: (share: number) => void;
  #kept: HeatGroup[] | undefined;
  #seen = 0;

  constructor(source: HeatFileSource, signal: AbortSignal, told: (share: number) => void) {
    this.#source = source;
    this.#signal = signal;
    this.#told = told;
  }

  /** Looks at each row; `between`: now and then. Throws STOPPED. */
  async each(see: (row: Row) => void, between?: () => void): Promise<void> {
    const { rows } = this.#source;
    const turn = loopTurns();
    const kept: HeatGroup[] = [];
    for await (const group of this.#kept ?? this.#source.groups()) {
      if (rows <= MOST_KEPT) kept.push(group);
      for (let row = 0; row < group.count; row++) {
        see(this.#row(group, row));
        if (++this.#seen % ROWS_BETWEEN !== 0) continue;
        throwIfStopped(this.#signal);
        this.#told(this.#seen / (2 * rows));
        between?.();
        await turn();
      }
    }
    if (rows <= MOST_KEPT) this.#kept = kept;
  }

  /** Addresses of pages are exact in a double. */
  #row(group: HeatGroup, row: number): Row {
    return {
      pid: group.pid[row],
      command: group.command[row],
      mapping: group.mapping[row],
      page: Number(group.address[row]) / this.#source.geometry.pageBytes,
      samples: group.samples[row],
      accesses: group.accesses[row],
      timeMs: group.timeMs[row],
    };
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
