/** The histogram of a heat report as a self-contained SVG that reads in light and dark. */
import { percent, percentDown, percentUp } from '../../base/percent.js';
import type { HeatReport } from './heat-report.js';

const WIDTH = 880;
const HEIGHT = 460;
const PLOT = { left: 72, right: 132, top: 96, bottom: 112 } as const;
const PLOT_WIDTH = WIDTH - PLOT.left - PLOT.right;
const PLOT_HEIGHT = HEIGHT - PLOT.top - PLOT.bottom;
const BASE = PLOT.top + PLOT_HEIGHT;
/** The column of undecided blocks stands apart from the bins. */
const UNKNOWN = { x: WIDTH - PLOT.right + 36, width: 56 } as const;
const GRID_LINES = 5;
/** Shares of the tallest grid line: the axis ends at the first that holds all columns. */
const AXIS_ENDS = [0.05, 0.1, 0.25, 0.5, 0.75, 1];

const STYLE = [
  'text{font-family:system-ui,"DejaVu Sans",sans-serif;font-size:12px;fill:#24292f}',
  '.title{font-size:17px;font-weight:600}',
  '.quiet{fill:#57606a}',
  '.count{font-size:11px;fill:#57606a}',
  '.paper{fill:#ffffff}',
  '.grid{stroke:#d8dee4;stroke-width:1}',
  '.axis{stroke:#57606a;stroke-width:1}',
  '.certain{fill:#0969da}',
  '.possible{fill:#0969da;fill-opacity:.2}',
  '.undecided{fill:url(#hatch)}',
  '.hatch{stroke:#9a6700;stroke-width:2.5}',
  '.seen{stroke:#cf222e;stroke-width:2.5}',
  '@media (prefers-color-scheme:dark){text{fill:#e6edf3}.quiet,.count{fill:#9198a1}.paper{fill:#0d1117}',
  '.grid{stroke:#30363d}.axis{stroke:#9198a1}.certain,.possible{fill:#4493f8}.hatch{stroke:#d29922}.seen{stroke:#ff7b72}}',
].join('');

const HATCH =
  '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" x2="0" y1="0" y2="7"/></pattern></defs>';

export function histogramSvg(report: HeatReport): string {
  const { histogram } = report;
  const whole = Math.max(1, histogram.blocks);
  const tallest = Math.max(histogram.unknown, ...histogram.bins.map((bin) => Math.max(bin.most, bin.seen)));
  const end = AXIS_ENDS.find((share) => tallest / whole <= share) ?? 1;
  const scale: Scale = { end, whole };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title about">`,
    '<title id="title">Blocks by spread of their accesses over sub-pages</title>',
    `<desc id="about">${escaped([...headline(report), ...report.histogram.bins.map(describeBin)].join('. '))}</desc>`,
    `<style>${STYLE}</style>`,
    HATCH,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    text(
      PLOT.left,
      32,
      `Over how much of each ${report.huge === undefined ? 'huge-page-sized block' : 'huge page'} its accesses are spread`,
      {
        kind: 'title',
      },
    ),
    ...headline(report).map((line, row) => text(PLOT.left, 54 + 18 * row, line, { kind: 'quiet' })),
    ...grid(scale),
    ...histogram.bins.map((_, index) => column(report, index, scale)),
    unknownColumn(report, scale),
    `<line class="axis" x1="${PLOT.left}" x2="${PLOT.left + PLOT_WIDTH}" y1="${BASE}" y2="${BASE}"/>`,
    text(
      PLOT.left + PLOT_WIDTH / 2,
      BASE + 42,
      'spread: share of the sub-pages that 90 % of the accesses need; an even spread over x % is x %',
      {
        anchor: 'middle',
        kind: 'quiet',
      },
    ),
    ...legend(),
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  /** Share of all blocks at the top of the axis. */
  readonly end: number;
  /** All blocks. */
  readonly whole: number;
}

function headline(report: HeatReport): string[] {
  const { blocks } = report.histogram;
  const { below, certain, unknown } = report.sparse;
  const all = Math.max(1, blocks);
  const shares = report.seesSubPages
    ? `90 % of the accesses on at most ${percent(below)} of the sub-pages: at least ${percentDown(certain / all)}, at most ${percentUp((certain + unknown) / all)} of the blocks (95 % confidence)`
    : 'the source speaks of whole regions: which sub-pages were accessed is unknown';
  return [
    `${counted(report.samples, 'sample')}, ${counted(blocks, report.huge === undefined ? 'block' : 'huge page')} of ${counted(report.processes.length, 'process', 'es')}`,
    shares,
  ];
}

function counted(count: number, noun: string, plural = 's'): string {
  return `${count} ${noun}${count === 1 ? '' : plural}`;
}

function yOf(count: number, { end, whole }: Scale): number {
  return BASE - (PLOT_HEIGHT * count) / whole / end;
}

function grid(scale: Scale): string[] {
  const lines = Array.from({ length: GRID_LINES + 1 }, (_, line) => {
    const share = (scale.end * line) / GRID_LINES;
    const y = yOf(share * scale.whole, scale).toFixed(1);
    const label = text(PLOT.left - 8, Number(y) + 4, shareLabel(share), { anchor: 'end' });
    return `<line class="grid" x1="${PLOT.left}" x2="${PLOT.left + PLOT_WIDTH}" y1="${y}" y2="${y}"/>${label}`;
  });
  const middle = PLOT.top + PLOT_HEIGHT / 2;
  return [
    ...lines,
    `<text class="quiet" text-anchor="middle" transform="translate(18 ${middle}) rotate(-90)">share of blocks</text>`,
  ];
}

/** `5 %`, `12.5 %`. */
function shareLabel(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

function column(report: HeatReport, index: number, scale: Scale): string {
  const bin = report.histogram.bins[index];
  const step = PLOT_WIDTH / report.histogram.bins.length;
  const x = PLOT.left + index * step + step * 0.12;
  const width = step * 0.76;
  const seenY = yOf(bin.seen, scale).toFixed(1);
  const label = `${Math.round(bin.from * 100)}–${Math.round(bin.to * 100)} %`;
  const isLabelled = report.histogram.bins.length <= 12 || index % 2 === 0;
  return [
    `<g><title>${describeBin(bin)}</title>`,
    bar('possible', x, width, bin.least, bin.most, scale),
    bar('certain', x, width, 0, bin.least, scale),
    bin.seen > 0
      ? `<line class="seen" x1="${x.toFixed(1)}" x2="${(x + width).toFixed(1)}" y1="${seenY}" y2="${seenY}"/>`
      : '',
    isLabelled ? text(x + width / 2, BASE + 18, label, { anchor: 'middle' }) : '',
    '</g>',
  ].join('');
}

function describeBin(bin: HeatReport['histogram']['bins'][number]): string {
  const range = `${Math.round(bin.from * 100)}–${Math.round(bin.to * 100)} %`;
  return `${range}: at least ${bin.least}, at most ${bin.most} blocks; ${bin.seen} by seen sub-pages alone`;
}

function unknownColumn(report: HeatReport, scale: Scale): string {
  const { unknown } = report.histogram;
  const { x, width } = UNKNOWN;
  const middle = x + width / 2;
  const share = percent(unknown / scale.whole);
  return [
    `<g><title>${unknown} blocks have too few samples for one bin</title>`,
    `<line class="axis" x1="${x - 8}" x2="${x + width + 8}" y1="${BASE}" y2="${BASE}"/>`,
    bar('undecided', x, width, 0, unknown, scale),
    text(middle, yOf(unknown, scale) - 6, share, { anchor: 'middle', kind: 'count' }),
    text(middle, BASE + 18, 'unknown', { anchor: 'middle' }),
    '</g>',
  ].join('');
}

function bar(kind: string, x: number, width: number, from: number, to: number, scale: Scale): string {
  if (to <= from) return '';
  const top = yOf(to, scale);
  const height = yOf(from, scale) - top;
  return `<rect class="${kind}" x="${x.toFixed(1)}" width="${width.toFixed(1)}" y="${top.toFixed(1)}" height="${height.toFixed(1)}"/>`;
}

function legend(): string[] {
  const y = HEIGHT - 28;
  const { left } = PLOT;
  const square = (kind: string, x: number) =>
    `<rect class="${kind}" x="${x}" y="${y - 10}" width="14" height="12"/>`;
  return [
    `${square('certain', left)}${text(left + 20, y, 'at least')}`,
    `${square('possible', left + 96)}${text(left + 116, y, 'at most, by the samples there are')}`,
    `<line class="seen" x1="${left + 348}" x2="${left + 368}" y1="${y - 4}" y2="${y - 4}"/>${text(left + 374, y, 'by seen sub-pages alone')}`,
    `${square('undecided', left + 556)}${text(left + 576, y, 'too few samples for one bin')}`,
  ];
}

function text(
  x: number,
  y: number,
  words: string,
  style: { kind?: string; anchor?: 'middle' | 'end' } = {},
): string {
  const kind = style.kind === undefined ? '' : ` class="${style.kind}"`;
  const anchor = style.anchor === undefined ? '' : ` text-anchor="${style.anchor}"`;
  return `<text x="${Number(x.toFixed(1))}" y="${Number(y.toFixed(1))}"${kind}${anchor}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
