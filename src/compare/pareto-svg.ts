/** The Pareto plane: bloat removed against speed kept, one point for each policy, published points beside them. */
import type { Fraction } from '../vocabulary/units.js';
import type { Comparison } from './comparison.js';
import { OWN_SOURCE } from './contenders/own.js';

const WIDTH = 880;
const HEIGHT = 640;
const PLOT = { left: 76, right: 40, top: 84, bottom: 76 } as const;
const SPAN_X = WIDTH - PLOT.left - PLOT.right;
const SPAN_Y = HEIGHT - PLOT.top - PLOT.bottom;
/** Curves of equal B × S. */
const PRODUCTS = [0.2, 0.4, 0.6, 0.8];
const RADIUS = 5;
/** Height of a line of text; labels closer than this are moved apart. */
const LINE = 13;

const STYLE = [
  'text{font-family:system-ui,"DejaVu Sans",sans-serif;font-size:11px;fill:#24292f}',
  '.title{font-size:17px;font-weight:600}.quiet{fill:#57606a}.paper{fill:#ffffff}',
  '.grid{stroke:#d8dee4;stroke-width:1;fill:none}.level{stroke:#8c959f;stroke-dasharray:3 4;fill:none}',
  '.front{stroke:#0969da;stroke-width:1.5;fill:none}.policy{fill:#0969da}.own{fill:#1a7f37}',
  '.published{fill:none;stroke:#9a6700;stroke-width:2}.lead{stroke:#8c959f;stroke-width:.6}',
  '@media (prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.paper{fill:#0d1117}.grid{stroke:#30363d}',
  '.policy{fill:#4493f8}.own{fill:#3fb950}.front{stroke:#4493f8}.published{stroke:#d29922}}',
].join('');

interface Point {
  readonly label: string;
  readonly detail: string;
  readonly kind: 'policy' | 'own' | 'published';
  readonly b: Fraction;
  readonly s: Fraction;
}

export function paretoSvg(comparison: Comparison): string {
  const points = pointsOf(comparison);
  const places = Math.max(0, ...comparison.standings.map((standing) => standing.places));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title about">`,
    '<title id="title">Bloat removed and speed kept by policy</title>',
    `<desc id="about">${escaped(points.map(({ label, detail }) => `${label}: ${detail}`).join('. '))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    text(PLOT.left, 32, 'Bloat removed and speed kept', 'title'),
    text(
      PLOT.left,
      52,
      `means over ${places} places of the model (workload, CPU, pressure); rings are published: other machines and programs`,
      'quiet',
    ),
    ...axes(),
    ...PRODUCTS.map(level),
    front(points.filter(({ kind }) => kind !== 'published')),
    ...drawn(points),
    '</svg>',
    '',
  ].join('\n');
}

function pointsOf({ standings, published, policies }: Comparison): readonly Point[] {
  const own = (name: string) => policies.find((policy) => policy.name === name)?.source === OWN_SOURCE;
  const ours = standings.flatMap(({ policy, bloatRemoved: b, speedKept: s }) =>
    b === null || s === null
      ? []
      : [
          {
            label: policy,
            detail: shares(b, s),
            kind: own(policy) ? ('own' as const) : ('policy' as const),
            b,
            s,
          },
        ],
  );
  const theirs = published.map(({ label, bloatRemoved: b, speedKept: s, source }) => ({
    label: `${label} (published)`,
    detail: `${shares(b, s)}; ${source}`,
    kind: 'published' as const,
    b,
    s,
  }));
  return [...ours, ...theirs];
}

function shares(b: Fraction, s: Fraction): string {
  return `${(100 * b).toFixed(1)} % of the bloat removed, ${(100 * s).toFixed(1)} % of the speed kept`;
}

const x = (b: Fraction) => PLOT.left + b * SPAN_X;
const y = (s: Fraction) => PLOT.top + (1 - s) * SPAN_Y;

function axes(): readonly string[] {
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  return [
    ...ticks.flatMap((tick) => [
      `<path class="grid" d="M${x(tick)} ${y(0)}V${y(1)}M${x(0)} ${y(tick)}H${x(1)}"/>`,
      text(x(tick), y(0) + 18, `${100 * tick} %`, 'quiet', 'middle'),
      text(x(0) - 8, y(tick) + 4, `${100 * tick} %`, 'quiet', 'end'),
    ]),
    text(x(0.5), HEIGHT - 24, 'bloat removed: 0 is THP=always, 100 % is THP=never', 'quiet', 'middle'),
    `<g transform="translate(20 ${y(0.5)}) rotate(-90)">${text(0, 0, 'speed kept: 0 is THP=never, 100 % is THP=always', 'quiet', 'middle')}</g>`,
  ];
}

function level(product: number): string {
  const path = Array.from({ length: 41 }, (_, step) => product + ((1 - product) * step) / 40)
    .map((b, index) => `${index === 0 ? 'M' : 'L'}${x(b).toFixed(1)} ${y(product / b).toFixed(1)}`)
    .join('');
  return `<path class="level" d="${path}"><title>B × S = ${product}</title></path>`;
}

/** The policies that no other beats in both. */
function front(points: readonly Point[]): string {
  const best = points
    .filter((point) => !points.some((other) => other !== point && other.b >= point.b && other.s >= point.s))
    .sort((a, b) => a.b - b.b);
  const path = best
    .map(({ b, s }, index) => `${index === 0 ? 'M' : 'L'}${x(b).toFixed(1)} ${y(s).toFixed(1)}`)
    .join('');
  return path === '' ? '' : `<path class="front" d="${path}"/>`;
}

/** Points with labels to their right, or to their left near the edge, moved down where they would meet. */
function drawn(points: readonly Point[]): readonly string[] {
  const taken: { readonly at: number; readonly left: number; readonly right: number }[] = [];
  return [...points]
    .sort((a, b) => b.s - a.s)
    .flatMap(({ label, detail, kind, b, s }) => {
      const isRight = b < 0.75;
      const width = label.length * 6.2;
      const left = isRight ? x(b) + 10 : x(b) - 10 - width;
      let at = y(s) + 4;
      const meets = () =>
        taken.find((one) => Math.abs(one.at - at) < LINE && one.left < left + width && left < one.right);
      for (let other = meets(); other !== undefined; other = meets()) at = other.at + LINE;
      taken.push({ at, left, right: left + width });
      const lead = `<path class="lead" d="M${x(b).toFixed(1)} ${y(s).toFixed(1)}L${(isRight ? left - 2 : left + width + 2).toFixed(1)} ${(at - 4).toFixed(1)}"/>`;
      return [
        lead,
        `<circle class="${kind}" cx="${x(b).toFixed(1)}" cy="${y(s).toFixed(1)}" r="${RADIUS}"><title>${escaped(`${label}: ${detail}`)}</title></circle>`,
        text(
          isRight ? left : left + width,
          at,
          label,
          kind === 'published' ? 'quiet' : '',
          isRight ? 'start' : 'end',
        ),
      ];
    });
}

function text(left: number, top: number, words: string, kind: string, anchor = 'start'): string {
  return `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" class="${kind}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

export function escaped(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
