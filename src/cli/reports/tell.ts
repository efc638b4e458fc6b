/** Tells a story: on the terminal, as JSON, and to the files that were asked for. */
import type { HugeBlocks } from '../../hotness/histogram.js';
import { withHuge } from '../../reports/heat/overlay.js';
import type { Story } from '../../reports/story/story.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import type { OctavoContext } from '../context.js';
import { tellBeside } from '../output.js';
import type { HeatReport } from '../samples/heat-report.js';
import { comparisonStory } from './comparison-story.js';
import type { ToldDocument } from './document-schemas.js';
import { heatCourse, heatScaleOf } from './heat-course.js';
import { heatStory } from './heat-story.js';
import { historyStory } from './history-story.js';
import { madeBy } from './made-by.js';
import { pipedOutput, type ReportOutputs, writeStory } from './outputs.js';
import { runHeat } from './run-heat.js';
import { runStory } from './run-story.js';
import { simulationStory } from './simulation-story.js';
import { storyDocument } from './story-document.js';
import { storyText } from './story-text.js';

const GRID = { mostRows: 200, mostSegments: 12 } as const;

/** The figure that is written unless one is named; that of heat is what it was before there were others. */
const PREFERRED = {
  run: 'orders',
  simulation: 'course',
  comparison: 'plane',
  history: 'course',
  heat: 'histogram',
} as const;

/** Writes the story of a document to the files asked for, or to standard output as text or JSON. */
export async function tellDocument(
  context: OctavoContext,
  told: ToldDocument,
  name: string,
  flags: ReportOutputs & { readonly json: boolean; readonly heat?: string },
): Promise<void> {
  const story = await storyOf(context, told, name, flags.heat);
  writeStory(context, story, flags, PREFERRED[told.kind]);
  if (flags.json) context.printJson(storyDocument(story));
  else tellBeside(context, storyText(story), pipedOutput(flags));
}

async function storyOf(
  context: OctavoContext,
  told: ToldDocument,
  name: string,
  heat: string | undefined,
): Promise<Story> {
  const facts = [['made of', name] as const, ...madeBy(context)];
  if (told.kind === 'simulation') return simulationStory(told.outcome, facts);
  if (told.kind === 'history') return historyStory(told.history, facts);
  if (told.kind === 'comparison') return comparisonStory(told.comparison, facts);
  return runStory(told.run, heat === undefined ? [] : await runHeat(context, told.run, heat), facts);
}

/** A heat file with the report that was made of it. */
export interface ReportedHeat {
  readonly path: string;
  readonly report: HeatReport;
  /** Huge pages of the live processes, where these were asked for. */
  readonly huge: HugeBlocks | undefined;
  readonly pids: ReadonlySet<number> | undefined;
}

/** Writes the report of a heat file to the files asked for. */
export async function writeHeatReport(
  context: OctavoContext,
  source: HeatFileSource,
  { path, report, huge, pids }: ReportedHeat,
  outputs: ReportOutputs,
): Promise<void> {
  const course = await heatCourse(source, pids === undefined ? {} : { pids }, GRID);
  const map = course && { course: hugeNow(course, huge), scale: heatScaleOf(source, course) };
  const story = heatStory({ name: path, report, map }, madeBy(context));
  writeStory(context, story, outputs, PREFERRED.heat);
}

/** Huge pages as they are now, over all of the time: earlier sizes were not read. */
function hugeNow(course: Parameters<typeof withHuge>[0], huge: HugeBlocks | undefined) {
  if (huge === undefined) return course;
  const blocks = [...huge].flatMap(([pid, all]) =>
    [...all].map((block) => ({ pid, block, isHuge: () => true })),
  );
  return withHuge(course, blocks);
}
