/** The histogram of a heat report as a self-contained SVG that reads in light and dark. */
import type { HeatReport } from './heat-report.js';

const WIDTH = 760;
const HEIGHT = 420;
const PLOT = { left: 64, right: 24, top: 72, bottom: 84 } as const;
const GRID_LINES = 4;

const STYLE = [
  'text{font-family:system-ui,sans-serif;font-size:12px;fill:#24292f}',
  '.title{font-size:16px;font-weight:600}',
  '.paper{fill:#ffffff}',
  '.grid{stroke:#d0d7de;stroke-width:1}',
  '.certain{fill:#0969da}',
  '.possible{fill:#0969da;fill-opacity:.22}',
  '.seen{stroke:#cf222e;stroke-width:2.5}',
  '@media (prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117}.grid{stroke:#30363d}',
  '.certain,.possible{fill:#4493f8}.seen{stroke:#ff7b72}}',
].join('');

export function histogramSvg(report: HeatReport): string {
  const { histogram } = report;
  const most = Math.max(1, ...histogram.bins.map((bin) => Math.max(bin.most, bin.seen)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title about">`,
    '<title id="title">Blocks by share of sub-pages accessed</title>',
    `<desc id="about">${escaped(summary(report))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    text(PLOT.left, 28, 'Share of each block’s sub-pages that were accessed', 'title'),
    text(PLOT.left, 50, summary(report)),
    ...grid(most),
    ...histogram.bins.map((_, index) => column(report, index, most)),
    ...legend(),
    '</svg>',
    '',
  ].join('\n');
}

function summary(report: HeatReport): string {
  const { blocks, unknown } = report.histogram;
  const share = blocks === 0 ? 0 : (100 * unknown) / blocks;
  return `${blocks} blocks, ${report.samples} samples; ${unknown} blocks (${share.toFixed(1)} %) have too few samples for one bin`;
}

const plotHeight = HEIGHT - PLOT.top - PLOT.bottom;
const plotWidth = WIDTH - PLOT.left - PLOT.right;
const yOf = (count: number, most: number): number => PLOT.top + plotHeight * (1 - count / most);

function grid(most: number): string[] {
  return Array.from({ length: GRID_LINES + 1 }, (_, line) => {
    const count = Math.round((most * line) / GRID_LINES);
    const y = yOf(count, most).toFixed(1);
    const label = `<text x="${PLOT.left - 8}" y="${Number(y) + 4}" text-anchor="end">${count}</text>`;
    return `<line class="grid" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${y}" y2="${y}"/>${label}`;
  });
}

function column(report: HeatReport, index: number, most: number): string {
  const bin = report.histogram.bins[index];
  const step = plotWidth / report.histogram.bins.length;
  const x = PLOT.left + index * step + step * 0.12;
  const width = step * 0.76;
  const base = PLOT.top + plotHeight;
  const rectangle = (kind: string, from: number, to: number) =>
    `<rect class="${kind}" x="${x.toFixed(1)}" width="${width.toFixed(1)}" y="${yOf(to, most).toFixed(1)}" height="${(yOf(from, most) - yOf(to, most)).toFixed(1)}"/>`;
  const seenY = yOf(bin.seen, most).toFixed(1);
  const label = `${Math.round(bin.from * 100)}–${Math.round(bin.to * 100)} %`;
  return [
    `<g><title>${label}: at least ${bin.least}, at most ${bin.most} blocks; ${bin.seen} by seen pages alone</title>`,
    rectangle('possible', bin.least, bin.most),
    rectangle('certain', 0, bin.least),
    `<line class="seen" x1="${x.toFixed(1)}" x2="${(x + width).toFixed(1)}" y1="${seenY}" y2="${seenY}"/>`,
    `<text x="${(x + width / 2).toFixed(1)}" y="${base + 18}" text-anchor="middle">${label}</text></g>`,
  ].join('');
}

function legend(): string[] {
  const y = HEIGHT - 24;
  return [
    `<rect class="certain" x="${PLOT.left}" y="${y - 10}" width="14" height="12"/>${text(PLOT.left + 20, y, 'certain (95 %)')}`,
    `<rect class="possible" x="${PLOT.left + 150}" y="${y - 10}" width="14" height="12"/>${text(PLOT.left + 170, y, 'possible')}`,
    `<line class="seen" x1="${PLOT.left + 260}" x2="${PLOT.left + 280}" y1="${y - 4}" y2="${y - 4}"/>${text(PLOT.left + 286, y, 'by sub-pages seen alone, regardless of how many samples there were')}`,
  ];
}

function text(x: number, y: number, words: string, kind = 'label'): string {
  return `<text class="${kind}" x="${x}" y="${y}">${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
