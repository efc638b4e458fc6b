/** A heat report in words and bars for a terminal. */
import { percent, percentDown, percentUp } from '../../base/percent.js';
import type { HotFraction } from '../../vocabulary/hot-map.js';
import { type Conclusion, NATURES } from '../../vocabulary/nature.js';
import type { BlockLine, GroupLine, HeatReport } from './heat-report.js';
import { nothingLines } from './nothing-sampled.js';

const BAR_WIDTH = 40;

/** Returns a heat report as lines for a terminal. */
export function reportLines(report: HeatReport): string[] {
  return [
    `${report.samples} samples from ${report.source}`,
    ...natureLines(report),
    ...listed(report.unplaced, 'samples not placed:'),
    ...listed(report.losses, ''),
    ...(report.nothing === null ? [] : nothingLines(report.nothing)),
    '',
    ...(report.seesSubPages ? [...histogramLines(report), ...sparseLines(report)] : blindLines(report)),
    '',
    'processes',
    ...report.processes.map((line) => `  ${groupLine(line, line.command || '(no name recorded)')}`),
    '',
    'mappings',
    ...report.mappings.map((line) => `  ${groupLine(line, mappingName(line))}`),
    '',
    report.cannotTell.rank === ''
      ? 'hottest blocks'
      : 'blocks with the most samples (which says nothing of heat)',
    ...report.hottest.map((line) => `  ${blockLine(line)}`),
  ];
}

/** What the samples are of, which decides what may be concluded. */
function natureLines({ nature, event, cannotTell, recordings, thinnedTo }: HeatReport): string[] {
  const { says, bias } = NATURES[nature];
  const lines = [`samples of ${says}${event === '' ? '' : ` (${event})`}; bias: ${bias}`];
  for (const [what, why] of Object.entries(cannotTell)) {
    if (why !== '') lines.push(`${WORDS[what as Conclusion]} is unknown: samples ${why}`);
  }
  for (const { name, span, host, kernel, cpu, unseenShare } of recordings) {
    const when = span === undefined ? '' : `, ${span.isExact ? '' : 'at the latest '}${day(span.toMs)}`;
    const where = [host, kernel, cpu].filter((word) => word !== '').join(', ');
    const lost = unseenShare === 0 ? '' : `; ${percent(unseenShare)} of the accesses were not seen`;
    lines.push(`recorded${where === '' ? '' : ` on ${where}`}${when}: ${name}${lost}`);
  }
  if (thinnedTo > 1) lines.push(`1 of ${thinnedTo} blocks was kept; of the others nothing is known`);
  return lines;
}

const WORDS: Readonly<Record<Conclusion, string>> = {
  sparse: 'which blocks are sparse',
  dense: 'which blocks are dense',
  rank: 'which blocks are hotter than others',
};

const day = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What there is to say when the source speaks of regions. */
function blindLines(report: HeatReport): string[] {
  return [
    `${report.histogram.blocks} blocks with samples; which share of their sub-pages was accessed is unknown for all of them:`,
    'the source speaks of whole regions (DAMON). Memory samples of a PMU (`octavo record`) see sub-pages.',
  ];
}

function listed(counts: Readonly<Record<string, number>>, words: string): string[] {
  return Object.entries(counts).map(
    ([reason, count]) => `${count} ${words}${words === '' ? '' : ' '}${reason}`,
  );
}

function histogramLines(report: HeatReport): string[] {
  const { histogram } = report;
  if (histogram.blocks === 0)
    return [report.huge === undefined ? 'no block has samples' : 'there is no huge page'];
  const most = Math.max(...histogram.bins.map((bin) => bin.most), 1);
  const lines = histogram.bins.map((bin) => {
    const range = `${percent(bin.from).padStart(7)} –${percent(bin.to).padStart(8)}`;
    const bounds = `${bin.least}…${bin.most}`.padStart(13);
    return `${range} ${bounds}  ${bar(bin.least, bin.most, most).padEnd(BAR_WIDTH)}  ${bin.seen}`;
  });
  return [
    `spread of the accesses over sub-pages, ${subject(report)}`,
    '  spread            blocks (95 %)  █ at least ░ at most                        by seen pages alone',
    ...lines,
    `unknown: ${histogram.unknown} of ${histogram.blocks} blocks (${percent(histogram.unknown / histogram.blocks)}) have too few samples for one bin`,
    'The spread is the share of sub-pages that 90 % of the accesses need; accesses spread evenly over x % have x %.',
    'Bounds hold in 95 % of blocks for any distribution of accesses, if each of them is as likely to be sampled.',
  ];
}

function subject({ histogram, huge }: HeatReport): string {
  if (huge === undefined) return `${histogram.blocks} blocks with samples`;
  return `${huge.blocks} huge pages, ${huge.withoutSamples} of them without a sample`;
}

function bar(least: number, most: number, whole: number): string {
  const full = Math.round((BAR_WIDTH * least) / whole);
  const possible = Math.round((BAR_WIDTH * most) / whole);
  return '█'.repeat(full) + '░'.repeat(Math.max(0, possible - full));
}

function sparseLines(report: HeatReport): string[] {
  const { below, certain, wider, unknown } = report.sparse;
  const all = certain + wider + unknown;
  if (all === 0) return [];
  return [
    `sparse (90 % of the accesses on at most ${percent(below)} of the sub-pages): at least ${percentDown(certain / all)}, at most ${percentUp((certain + unknown) / all)} of the blocks`,
    ...(report.huge === undefined
      ? ['Blocks may be huge pages or not; --thp counts huge pages only, of processes that still run.']
      : []),
  ];
}

function mappingName({ mapping, start, end }: GroupLine): string {
  const name = mapping || '(mapping not recorded)';
  return start === '' ? name : `${start}-${end} ${name}`;
}

function groupLine(line: GroupLine, name: string): string {
  return `${String(line.pid).padStart(8)}  ${String(line.samples).padStart(9)} samples  ${String(line.pages).padStart(8)} pages in ${String(line.blocks).padStart(6)} blocks  ${name}`;
}

function blockLine(line: BlockLine): string {
  const { fraction, touched, subPages, samples } = line;
  const accesses = line.accesses === samples ? '' : ` of ${Number(line.accesses.toPrecision(4))} accesses`;
  const seen = fraction === undefined ? '' : ` on ${touched} of ${subPages} sub-pages (${claimed(fraction)})`;
  return `${String(line.pid).padStart(8)}  ${line.address.padStart(18)}  ${String(samples).padStart(8)} samples${accesses}${seen}  ${line.mapping}`;
}

/** `spread 1.2 % … 3.4 %, at least 93.0 % of the accesses on 20`. */
function claimed({ low, high, kept }: HotFraction): string {
  const spread = `spread ${percentDown(low)} … ${percentUp(high)}`;
  const best = kept[0];
  return best === undefined || best.least === 0
    ? spread
    : `${spread}, at least ${percentDown(best.least)} of the accesses on ${best.pages}`;
}
