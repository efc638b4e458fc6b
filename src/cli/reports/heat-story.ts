/** What a heat file says, as a story: where the heat is over time, how it is spread, and what cannot be told. */
import { percent, percentDown, percentUp } from '../../base/percent.js';
import type { Figure } from '../../reports/figures/figure.js';
import { heatMapFigure } from '../../reports/figures/heat-map.js';
import { histogramFigure } from '../../reports/figures/histogram.js';
import type { HeatCourse } from '../../reports/heat/course.js';
import { mapText } from '../../reports/heat/map-text.js';
import type { HeatScale } from '../../reports/heat/scale.js';
import type { Part, Section, Story, Tile } from '../../reports/story/story.js';
import { type Conclusion, NATURES } from '../../vocabulary/nature.js';
import { plural, showCount, showInstant } from '../../vocabulary/show.js';
import type { BlockLine, GroupLine, HeatReport } from '../samples/heat-report.js';

/** A heat file as the story needs it. */
export interface ToldHeat {
  readonly name: string;
  readonly report: HeatReport;
  /** Undefined where no sample has a place. */
  readonly map: { readonly course: HeatCourse; readonly scale: HeatScale } | undefined;
}

/** Returns the story of a heat file: its map, its spread over sub-pages, and its limits. */
export function heatStory({ name, report, map }: ToldHeat, facts: Story['facts']): Story {
  const { nothing, processes } = report;
  const who = processes.map(({ command, pid }) => command || `pid ${pid}`);
  return {
    kind: 'report of heat',
    title: `Heat of ${who.slice(0, 3).join(', ') || name}${who.length > 3 ? ` and ${who.length - 3} more` : ''}`,
    lead: leadOf(report),
    tiles: nothing === null ? tilesOf(report) : [],
    sections: [
      { id: 'heat', title: 'Where the heat is', parts: heatParts({ name, report, map }) },
      { id: 'spread', title: 'How widely it is spread', parts: spreadParts(report) },
      placesSection(report),
      limitsSection(report),
    ],
    facts: [
      ['heat file', name],
      ['samples of', `${NATURES[report.nature].says}${report.event === '' ? '' : ` (${report.event})`}`],
      ...recordingFacts(report),
      ...facts,
    ],
  };
}

function leadOf({ nothing, samples, processes, sparse, seesSubPages, histogram, huge }: HeatReport): string {
  if (nothing !== null) return `There is no heat to show: ${nothing.why}.`;
  const noun = huge === undefined ? 'block' : 'huge page';
  const begin = `${plural(samples, 'sample')} of ${plural(processes.length, 'process', 'processes')} on ${plural(histogram.blocks, noun)}.`;
  if (!seesSubPages)
    return `${begin} The source speaks of whole regions: which sub-pages of a huge page were accessed is not known.`;
  const all = Math.max(1, histogram.blocks);
  if (sparse.certain === 0 && sparse.wider === 0)
    return `${begin} They are too few to say of any ${noun} whether it is sparse.`;
  return `${begin} At least ${percentDown(sparse.certain / all)} and at most ${percentUp((sparse.certain + sparse.unknown) / all)} of them are sparse: 90 % of the accesses on at most ${percent(sparse.below)} of the sub-pages (95 % confidence).`;
}

function tilesOf({
  samples,
  processes,
  histogram,
  sparse,
  unplaced,
  recordings,
  seesSubPages,
}: HeatReport): readonly Tile[] {
  const away = Object.values(unplaced).reduce((sum, count) => sum + count, 0);
  const unseen = Math.max(0, ...recordings.map(({ unseenShare }) => unseenShare));
  const tiles: Tile[] = [
    { label: 'samples', value: showCount(samples), note: `${showCount(away)} of them in no row` },
    { label: 'processes', value: showCount(processes.length) },
    { label: 'blocks with samples', value: showCount(histogram.blocks) },
  ];
  if (seesSubPages)
    tiles.push({
      label: 'surely sparse',
      value: showCount(sparse.certain),
      note: `${showCount(sparse.unknown)} not decided, ${showCount(sparse.wider)} surely wider`,
    });
  tiles.push({
    label: 'not seen',
    value: percent(unseen),
    note: 'accesses lost, throttled or multiplexed away',
    ...(unseen > 0.05 ? { tone: 'warn' as const } : {}),
  });
  return tiles;
}

function heatParts({ report, map }: ToldHeat): readonly Part[] {
  if (map === undefined) {
    const { why, remedy } = report.nothing ?? {
      why: 'no sample lies in the part that was asked for',
      remedy: 'Ask for a larger one.',
    };
    return [{ kind: 'empty', why: `There is no heat to show: ${why}.`, remedy }];
  }
  return [{ kind: 'figure', figure: heatFigure(map.course, map.scale) }];
}

/** The map, with its text for readers without pictures. */
export function heatFigure(
  course: HeatCourse,
  scale: HeatScale,
  marks: Parameters<typeof heatMapFigure>[0]['marks'] = [],
): Figure {
  const figure = heatMapFigure({ course, scale, marks, notes: [] });
  return { ...figure, text: mapText(course, scale) };
}

function spreadParts(report: HeatReport): readonly Part[] {
  if (!report.seesSubPages)
    return [
      {
        kind: 'empty',
        why: 'How widely accesses are spread within blocks is not known.',
        remedy:
          'The source speaks of whole regions (DAMON). Memory samples of a PMU (`octavo record`) see sub-pages.',
      },
    ];
  if (report.histogram.blocks === 0)
    return [{ kind: 'empty', why: 'No block has samples.', remedy: report.nothing?.remedy ?? '' }];
  return [{ kind: 'figure', figure: spreadFigure(report) }];
}

/** Returns the histogram of blocks by the share of sub-pages that their accesses fall on, with intervals. */
export function spreadFigure(report: HeatReport): Figure {
  const { histogram, huge, sparse, samples, processes, seesSubPages } = report;
  const noun = huge === undefined ? 'huge-page-sized block' : 'huge page';
  const all = Math.max(1, histogram.blocks);
  const counted = plural(histogram.blocks, huge === undefined ? 'block' : 'huge page');
  return histogramFigure({
    ...histogram,
    noun,
    headline: [
      `${plural(samples, 'sample')}, ${counted} of ${plural(processes.length, 'process', 'processes')}`,
      seesSubPages
        ? `90 % of the accesses on at most ${percent(sparse.below)} of the sub-pages: at least ${percentDown(sparse.certain / all)}, at most ${percentUp((sparse.certain + sparse.unknown) / all)} of the blocks (95 % confidence)`
        : 'the source speaks of whole regions: which sub-pages were accessed is unknown',
    ],
  });
}

function placesSection({ processes, mappings, hottest, cannotTell }: HeatReport): Section {
  const group = ({ pid, command, mapping, start, samples, pages, blocks }: GroupLine) => [
    String(pid),
    mapping === '' ? command : [mapping, start].filter((word) => word !== '').join(' at '),
    ...[samples, pages, blocks].map(showCount),
  ];
  const numbers = [2, 3, 4];
  return {
    id: 'places',
    title: 'Processes, mappings, blocks',
    parts: [
      {
        kind: 'table',
        title: 'Processes',
        head: ['pid', 'command', 'samples', 'pages', 'blocks'],
        rows: processes.map(group),
        numbers,
      },
      {
        kind: 'table',
        title: 'Mappings',
        head: ['pid', 'mapping', 'samples', 'pages', 'blocks'],
        rows: mappings.map(group),
        numbers,
      },
      {
        kind: 'table',
        title:
          cannotTell.rank === ''
            ? 'Hottest blocks'
            : 'Blocks with the most samples, which says nothing of heat',
        head: ['pid', 'address', 'samples', 'sub-pages seen', 'spread', 'mapping'],
        rows: hottest.map(blockRow),
        numbers: [2, 3],
      },
    ],
  };
}

function blockRow({
  pid,
  address,
  samples,
  touched,
  subPages,
  fraction,
  mapping,
}: BlockLine): readonly string[] {
  const spread =
    fraction === undefined ? 'not known' : `${percentDown(fraction.low)} … ${percentUp(fraction.high)}`;
  return [String(pid), address, showCount(samples), `${touched} of ${subPages}`, spread, mapping];
}

const QUESTIONS: Readonly<Record<Conclusion, string>> = {
  sparse: 'which blocks are sparse',
  dense: 'which blocks are dense',
  rank: 'which blocks are hotter than others',
};

function limitsSection({ cannotTell, nature, unplaced, losses, thinnedTo }: HeatReport): Section {
  const lines = [`Bias of these samples: ${NATURES[nature].bias || 'none known'}.`];
  for (const [what, why] of Object.entries(cannotTell))
    if (why !== '') lines.push(`Not known: ${QUESTIONS[what as Conclusion]}, because ${why}.`);
  if (thinnedTo > 1)
    lines.push(`1 of ${thinnedTo} blocks was kept to bound memory; of the others nothing is known.`);
  const away = [...Object.entries(unplaced), ...Object.entries(losses)].filter(([, count]) => count > 0);
  const parts: Part[] = [{ kind: 'words', lines }];
  if (away.length > 0)
    parts.push({
      kind: 'table',
      title: 'What was lost, left out or not placed',
      head: ['count', 'what'],
      rows: away.map(([reason, count]) => [showCount(count), reason]),
      numbers: [0],
    });
  return { id: 'limits', title: 'What this cannot tell', parts };
}

function recordingFacts({ recordings }: HeatReport): Story['facts'] {
  return recordings.map(({ name, span, host, kernel, cpu }) => {
    const when = span === undefined ? '' : `${span.isExact ? '' : 'at the latest '}${showInstant(span.toMs)}`;
    return ['recording', [name, host, kernel, cpu, when].filter((word) => word !== '').join(', ')] as const;
  });
}
