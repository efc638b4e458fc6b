/** The Pareto plane with its tables as one page that needs nothing else. */
import type { Comparison } from './comparison.js';
import type { Estimate } from './intervals.js';
import { escaped, paretoSvg } from './pareto-svg.js';

const STYLE = [
  'body{font-family:system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#24292f;background:#fff}',
  'table{border-collapse:collapse;font-size:.85rem;margin:1rem 0}td,th{padding:.25rem .6rem;border-bottom:1px solid #d8dee4;text-align:left}',
  'td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}',
  '@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}td,th{border-color:#30363d}}',
].join('');

export function paretoHtml(comparison: Comparison): string {
  const { standings, policies, published } = comparison;
  const rows = standings.map(({ policy, places, bloatRemoved, speedKept, product, shareOfBound, harm }) => [
    policy,
    String(places),
    share(bloatRemoved),
    share(speedKept),
    estimate(product),
    estimate(shareOfBound),
    share(harm.slowdown),
  ]);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><title>Octavo: comparison of policies</title>',
    `<style>${STYLE}</style></head><body>`,
    '<h1>Comparison of policies</h1>',
    paretoSvg(comparison),
    '<p>B and S are means over places with something to gain; B × S and the share of the bound are geometric means, with 95 % intervals over seeds.</p>',
    table(
      ['policy', 'places', 'B', 'S', 'B × S', 'share of the bound', 'slower where nothing is to gain'],
      rows,
    ),
    '<h2>Who takes part</h2>',
    table(
      ['policy', 'rule', 'source', 'simplified'],
      policies.map(({ name, brief, source, simplified }) => [name, brief, source, simplified]),
    ),
    '<h2>Published points</h2><p>Of other machines and programs; they say where the field stands, and are no runs of this comparison.</p>',
    table(
      ['point', 'B', 'S', 'source'],
      published.map(({ label, bloatRemoved, speedKept, source }) => [
        label,
        share(bloatRemoved),
        share(speedKept),
        source,
      ]),
    ),
    '</body></html>',
    '',
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((cell) => `<${tag}${kind(cell)}>${escaped(cell)}</${tag}>`).join('');
  return `<table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table>`;
}

const kind = (cell: string) => (/^[\d–]/.test(cell) ? ' class="number"' : '');

const share = (value: number | null) => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);

function estimate(value: Estimate | null): string {
  if (value === null) return '–';
  const { low, high } = value;
  const bounds =
    low === null || high === null ? '' : ` (${(100 * low).toFixed(1)} … ${(100 * high).toFixed(1)})`;
  return `${share(value.value)}${bounds}`;
}
