/** What a comparison of policies came to, as a story: the plane of memory and speed, who stands where, who takes part. */

import { percent } from '../../base/percent.js';
import type { Comparison } from '../../compare/comparison.js';
import { OWN_SOURCE } from '../../compare/contenders/own.js';
import type { Estimate } from '../../compare/intervals.js';
import type { Group } from '../../compare/ranking.js';
import type { Figure } from '../../reports/figures/figure.js';
import { type PlanePoint, planeFigure } from '../../reports/figures/plane.js';
import type { Part, Section, Story, Tile } from '../../reports/story/story.js';
import { NOTHING, plural, showCount } from '../../vocabulary/show.js';

/** Returns the story of a comparison, for every format of `octavo report`. */
export function comparisonStory(comparison: Comparison, facts: Story['facts']): Story {
  const { standings, cells, notes } = comparison;
  const places = Math.max(0, ...standings.map((standing) => standing.places));
  return {
    kind: 'comparison of policies',
    title: 'Comparison of policies',
    lead: leadOf(comparison, places),
    tiles: tilesOf(comparison, places),
    sections: [
      { id: 'plane', title: 'Memory given back against speed kept', parts: planeParts(comparison) },
      standingsSection(comparison),
      placesSection(comparison),
      takingPart(comparison),
    ],
    facts: [
      [
        'cells',
        `${showCount(cells.length)}: ${plural(new Set(cells.map(({ policy }) => policy)).size, 'policy', 'policies')}, ${plural(new Set(cells.map(({ seed }) => seed)).size, 'seed')}`,
      ],
      ...notes.map((note) => ['note', note] as const),
      ...facts,
    ],
  };
}

function leadOf({ standings }: Comparison, places: number): string {
  const [best] = standings;
  if (best?.product == null)
    return 'There was nothing to gain in any place, so no policy can be told from another by what it gains.';
  return `Over ${plural(places, 'place')} (workload, CPU, pressure) policy ${best.policy} comes first: it removes ${share(best.bloatRemoved)} of the bloat of THP=always and keeps ${share(best.speedKept)} of its speed-up.`;
}

function tilesOf({ standings }: Comparison, places: number): readonly Tile[] {
  const tiles: Tile[] = [{ label: 'places with something to gain', value: showCount(places) }];
  for (const { policy, product, shareOfBound } of standings.slice(0, 3))
    tiles.push({
      label: `B × S of ${policy}`,
      value: share(product?.value ?? null),
      note: `${share(shareOfBound?.value ?? null)} of the bound`,
    });
  return tiles;
}

function planeParts(comparison: Comparison): readonly Part[] {
  const points = pointsOf(comparison);
  if (points.every(({ kind }) => kind === 'published'))
    return [
      {
        kind: 'empty',
        why: 'No policy has a place on the plane: nowhere was anything to gain.',
        remedy: 'Harm is judged all the same; see the standings.',
      },
    ];
  return [{ kind: 'figure', figure: comparisonPlane(comparison) }];
}

/** The plane by itself. */
export function comparisonPlane(comparison: Comparison): Figure {
  const places = Math.max(0, ...comparison.standings.map((standing) => standing.places));
  return planeFigure(
    pointsOf(comparison),
    `means over ${places} places of the model (workload, CPU, pressure); rings are published: other machines and programs`,
  );
}

function pointsOf({ standings, published, policies }: Comparison): readonly PlanePoint[] {
  const isOwn = (name: string) => policies.find((policy) => policy.name === name)?.source === OWN_SOURCE;
  const first = standings.find(({ product }) => product !== null)?.policy;
  const ours = standings.flatMap(({ policy, bloatRemoved, speedKept }): PlanePoint[] =>
    bloatRemoved === null || speedKept === null
      ? []
      : [
          {
            label: policy,
            detail: shares(bloatRemoved, speedKept),
            kind: isOwn(policy) ? 'own' : 'other',
            isChosen: policy === first,
            bloatRemoved,
            speedKept,
          },
        ],
  );
  const theirs = published.map(
    ({ label, bloatRemoved, speedKept, source }): PlanePoint => ({
      label: `${label} (published)`,
      detail: `${shares(bloatRemoved, speedKept)}; ${source}`,
      kind: 'published',
      isChosen: false,
      bloatRemoved,
      speedKept,
    }),
  );
  return [...ours, ...theirs];
}

function shares(bloatRemoved: number, speedKept: number): string {
  return `${percent(bloatRemoved)} of the bloat removed, ${percent(speedKept)} of the speed kept`;
}

function standingsSection({ standings }: Comparison): Section {
  return {
    id: 'standings',
    title: 'Who stands where',
    parts: [
      {
        kind: 'words',
        lines: [
          'B is the share of the bloat of THP=always that a policy removes, S the share of its speed-up that it keeps: means over places with something to gain. B × S and the share of the bound are geometric means, with 95 % intervals over seeds.',
        ],
      },
      {
        kind: 'table',
        title: 'Standings, the best first',
        head: [
          'policy',
          'places',
          'B',
          'S',
          'B × S',
          'share of the bound',
          'slower where nothing is to gain',
          'blocks changed there',
        ],
        rows: standings.map(({ policy, places, bloatRemoved, speedKept, product, shareOfBound, harm }) => [
          policy,
          showCount(places),
          share(bloatRemoved),
          share(speedKept),
          estimate(product),
          estimate(shareOfBound),
          share(harm.slowdown),
          share(harm.actedShare),
        ]),
        numbers: [1, 2, 3, 4, 5, 6, 7],
      },
    ],
  };
}

function placesSection({ groups, cells }: Comparison): Section {
  const unable = cells.filter((cell) => cell.unable !== null);
  const rows = groups.map((group) => [
    placeOf(group),
    group.policy,
    estimate(group.bloatRemoved),
    estimate(group.speedKept),
    estimate(group.product),
    estimate(group.shareOfBound),
    estimate(group.slowdown),
  ]);
  const parts: Part[] = [
    {
      kind: 'table',
      title: 'Each place with every policy',
      head: ['place', 'policy', 'B', 'S', 'B × S', 'share of the bound', 'slower than the better ruler'],
      rows,
      numbers: [2, 3, 4, 5, 6],
    },
  ];
  if (unable.length > 0)
    parts.push({
      kind: 'table',
      title: 'Could not run',
      head: ['place', 'policy', 'why'],
      rows: unable.map((cell) => [placeOf(cell), cell.policy, cell.unable ?? '']),
      numbers: [],
    });
  return { id: 'places', title: 'Place by place', parts };
}

function placeOf({ workload, cpu, pressure }: Pick<Group, 'workload' | 'cpu' | 'pressure'>): string {
  return `${workload}, ${cpu}${pressure === 'none' ? '' : `, memory × ${pressure}`}`;
}

function takingPart({ policies, published }: Comparison): Section {
  return {
    id: 'policies',
    title: 'Who takes part',
    parts: [
      {
        kind: 'table',
        title: 'Policies with their sources',
        head: ['policy', 'rule', 'source', 'simplified'],
        rows: policies.map(({ name, brief, source, simplified }) => [
          name,
          brief,
          source,
          simplified || NOTHING,
        ]),
        numbers: [],
      },
      {
        kind: 'table',
        title: 'Published points: of other machines and programs, no runs of this comparison',
        head: ['point', 'B', 'S', 'source'],
        rows: published.map(({ label, bloatRemoved, speedKept, source }) => [
          label,
          share(bloatRemoved),
          share(speedKept),
          source,
        ]),
        numbers: [1, 2],
      },
    ],
  };
}

const share = (value: number | null): string => (value === null ? NOTHING : percent(value));

function estimate(value: Estimate | null): string {
  if (value === null) return NOTHING;
  const { low, high } = value;
  const bounds =
    low === null || high === null ? '' : ` (${(100 * low).toFixed(1)} … ${(100 * high).toFixed(1)})`;
  return `${percent(value.value)}${bounds}`;
}
