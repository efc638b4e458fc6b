/** What a simulation came to, as a story. */

import type { Paint } from '../../reports/drawing/drawing.js';
import { ordersFigure } from '../../reports/figures/orders.js';
import { type Panel, type Series, seriesFigure } from '../../reports/figures/series.js';
import { heatScale, heatWords } from '../../reports/heat/scale.js';
import type { Part, Section, Story, Tile } from '../../reports/story/story.js';
import type { ProcessOutcome, SimulationOutcome, TimelineRow } from '../../simulator/run/outcome.js';
import {
  NOTHING,
  plural,
  showBytes,
  showCount,
  showDuration,
  showNanoseconds,
  showPart,
  showRate,
} from '../../vocabulary/show.js';
import { pageGeometry } from '../../vocabulary/units.js';
import { heatFigure } from './heat-story.js';
import { changesOf, simulatedCourse } from './simulated-course.js';

const PAINTS: readonly Paint[] = ['accent', 'second', 'third', 'good', 'bad'];
/** More processes than this are told as their sum. */
const MOST_LINES = 3;
/** Moments of a picture over time, and notes of a page. */
const MOST_ROWS = 360;
const MOST_NOTES = 400;

/** Returns the story of a simulation's outcome. */
export function simulationStory(outcome: SimulationOutcome, facts: Story['facts']): Story {
  const { scenario, about, cpu, durationMs, seed } = outcome;
  return {
    kind: 'report of a simulation',
    title: `Simulation ${scenario}`,
    lead: `${about === '' ? '' : sentence(about)}${leadOf(outcome)}`,
    tiles: tilesOf(outcome),
    sections: [
      { id: 'course', title: 'What became of memory and speed', parts: courseParts(outcome) },
      { id: 'heat', title: 'Where the heat was', parts: heatParts(outcome) },
      decisionSection(outcome),
      afterSection(outcome),
      costSection(outcome),
    ],
    facts: [
      ['scenario', `${scenario}, seed ${seed}`],
      ['model', `${cpu}, ${showDuration(durationMs)} of virtual time; no machine was touched`],
      ...facts,
    ],
  };
}

/** With a capital and a full stop. */
function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1).replace(/\.?$/, '. ')}`;
}

function leadOf({ processes, durationMs, agent }: SimulationOutcome): string {
  const speeds = processes.map(({ name, perSecond, allBasePerSecond, allHugePerSecond }) => {
    const [small, huge] = [ratio(perSecond, allBasePerSecond), ratio(perSecond, allHugePerSecond)];
    return `${name} ran at ${small} of its speed on base pages alone and ${huge} of that on huge pages alone`;
  });
  const did =
    agent === undefined
      ? ''
      : ` Octavo took ${plural(agent.turns, 'turn')} and did ${plural(agent.met, 'step')}.`;
  return `In ${showDuration(durationMs)}, ${speeds.slice(0, 3).join('; ') || 'no process ran'}.${did}`;
}

function tilesOf(outcome: SimulationOutcome): readonly Tile[] {
  const { processes, meanUsedBytes, peakUsedBytes, costs, agent } = outcome;
  const total = (pick: (process: ProcessOutcome) => number) =>
    processes.reduce((sum, one) => sum + pick(one), 0);
  const [rss, huge, empty] = [
    total(({ rss: one }) => one),
    total(({ pmdMapped }) => pmdMapped),
    total(({ bloat }) => bloat),
  ];
  const tiles: Tile[] = [
    { label: 'resident at the end', value: showBytes(rss), note: `${showPart(huge, rss)} huge` },
    {
      label: 'empty in huge pages',
      value: showBytes(empty),
      note: `${showPart(empty, rss)} of what is resident`,
    },
    {
      label: 'memory in use',
      value: showBytes(Math.round(meanUsedBytes)),
      note: `on average; ${showBytes(peakUsedBytes)} at its peak`,
    },
    { label: 'splits and collapses', value: `${showCount(costs.splits)} / ${showCount(costs.collapses)}` },
  ];
  if (agent === undefined) return tiles;
  const { returnedBytes, takenBackByKernelBytes, takenBackByProcessBytes } = agent.splits;
  const back = takenBackByKernelBytes + takenBackByProcessBytes;
  return [
    ...tiles,
    {
      label: 'returned by Octavo',
      value: showBytes(returnedBytes),
      note: `${showBytes(back)} came back`,
      tone: back > returnedBytes / 2 ? 'warn' : 'good',
    },
  ];
}

function courseParts(outcome: SimulationOutcome): readonly Part[] {
  const { scenario, cpu } = outcome;
  const timeline = thinned(outcome.timeline);
  if (timeline.length === 0)
    return [
      {
        kind: 'empty',
        why: 'The simulation ended before its first row.',
        remedy: 'Let it run longer than `report` says.',
      },
    ];
  const panels: Panel[] = [
    { title: 'memory', unit: 'bytes', series: memorySeries(timeline) },
    { title: 'accesses a second of busy time', unit: 'rate', series: speedSeries(timeline) },
    {
      title: 'huge pages split and built, by whomever',
      unit: 'count',
      series: [
        { label: 'splits', values: timeline.map(({ splits }) => splits), paint: 'second', as: 'bars' },
        {
          label: 'collapses',
          values: timeline.map(({ collapses }) => collapses),
          paint: 'third',
          as: 'bars',
        },
      ],
    },
  ];
  const figure = seriesFigure({
    name: 'course',
    title: 'Memory and speed over time',
    subtitle: `${scenario} on ${cpu}; virtual time`,
    times: timeline.map(({ atMs }) => atMs),
    panels,
    caption: [
      'Resident: what is in memory. Huge: what huge entries map. Empty: resident pages that hold nothing but zeroes.',
    ],
  });
  return [{ kind: 'figure', figure }];
}

/** As many rows as a picture shows: memory as at the end of several, their events together, the mean of their rates. */
function thinned(timeline: readonly TimelineRow[]): readonly TimelineRow[] {
  const every = Math.ceil(timeline.length / MOST_ROWS);
  if (every <= 1) return timeline;
  return Array.from({ length: Math.ceil(timeline.length / every) }, (_, at) =>
    joinedRows(timeline.slice(at * every, (at + 1) * every)),
  );
}

function joinedRows(rows: readonly TimelineRow[]): TimelineRow {
  const last = rows[rows.length - 1];
  const processes = last.processes.map((process) => {
    const rates = rows
      .flatMap((row) => row.processes.filter(({ name }) => name === process.name))
      .map(({ perSecond }) => perSecond)
      .filter((rate) => rate > 0);
    const perSecond = rates.length === 0 ? 0 : rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    return { ...process, perSecond };
  });
  const sum = (pick: (row: TimelineRow) => number) => rows.reduce((total, row) => total + pick(row), 0);
  return {
    ...last,
    processes,
    splits: sum(({ splits }) => splits),
    collapses: sum(({ collapses }) => collapses),
  };
}

function memorySeries(timeline: readonly TimelineRow[]): readonly Series[] {
  const names = namesOf(timeline);
  const sum = (pick: (row: TimelineRow['processes'][number]) => number) =>
    timeline.map(({ processes }) => processes.reduce((total, one) => total + pick(one), 0));
  if (names.length !== 1)
    return [
      { label: 'resident', values: sum(({ rss }) => rss), paint: 'ink' },
      { label: 'huge', values: sum(({ huge }) => huge), paint: 'accent' },
      { label: 'empty', values: sum(({ bloat }) => bloat), paint: 'bad', dash: [4, 3] },
    ];
  const of = (pick: (row: TimelineRow['processes'][number]) => number) =>
    timeline.map(({ processes }) => (processes[0] === undefined ? null : pick(processes[0])));
  return [
    { label: 'resident', values: of(({ rss }) => rss), paint: 'ink' },
    { label: 'huge', values: of(({ huge }) => huge), paint: 'accent' },
    { label: 'empty', values: of(({ bloat }) => bloat), paint: 'bad', dash: [4, 3] },
  ];
}

function speedSeries(timeline: readonly TimelineRow[]): readonly Series[] {
  const names = namesOf(timeline);
  const of = (row: TimelineRow, name: string) => {
    const found = row.processes.find((process) => process.name === name);
    return found === undefined || found.perSecond === 0 ? null : found.perSecond;
  };
  if (names.length > MOST_LINES) {
    const total = (row: TimelineRow) => row.processes.reduce((sum, { perSecond }) => sum + perSecond, 0);
    return [{ label: `all ${names.length}`, values: timeline.map(total), paint: 'accent' }];
  }
  return names.map((name, at) => ({
    label: name,
    values: timeline.map((row) => of(row, name)),
    paint: PAINTS[at % PAINTS.length],
  }));
}

const namesOf = (timeline: readonly TimelineRow[]): readonly string[] => [
  ...new Set(timeline.flatMap(({ processes }) => processes.map(({ name }) => name))),
];

function heatParts(outcome: SimulationOutcome): readonly Part[] {
  const course = simulatedCourse(outcome.heat ?? [], outcome);
  if (course === undefined)
    return [
      {
        kind: 'empty',
        why: 'Where accesses went was not kept.',
        remedy: 'Run it with `octavo simulate … --heat --json`.',
      },
    ];
  const scale = heatScale(course, heatWords('all-accesses', true));
  return [{ kind: 'figure', figure: heatFigure(course, scale, changesOf(course)) }];
}

/** The agent as a service: where each target stands, and what it came to. */
function serviceParts(service: SimulationOutcome['service']): readonly Part[] {
  if (service === undefined) return [];
  const { targets, troubles } = service;
  const rows = targets.map(({ name, standing, reason, totals, touched }) => [
    name,
    standing,
    ...['turns', 'met', 'undone', 'refused'].map((key) => showCount(totals[key] ?? 0)),
    ...['returnedBytes', 'cameBackBytes'].map((key) => showBytes(totals[key] ?? 0)),
    [reason, touched.length > 0 ? `acted on ${touched.join(', ')}` : '']
      .filter((one) => one !== '')
      .join('; '),
  ]);
  return [
    {
      kind: 'table',
      title: 'Targets of the agent at the end',
      head: ['target', 'stands', 'turns', 'met', 'undone', 'refused', 'returned', 'came back', 'why'],
      rows,
      numbers: [2, 3, 4, 5, 6, 7],
    },
    ...(troubles.length > 0 ? [{ kind: 'words', lines: troubles } as const] : []),
  ];
}

function decisionSection({ agent, service, notes }: SimulationOutcome): Section {
  const parts: Part[] = [...serviceParts(service)];
  if (agent !== undefined) {
    const { turns, met, notMet, splits } = agent;
    parts.push({
      kind: 'facts',
      rows: [
        ['turns', showCount(turns)],
        ['steps', `${showCount(met)} as planned, ${showCount(notMet)} not`],
        ['blocks split', showCount(splits.blocks)],
        ['returned', showBytes(splits.returnedBytes)],
        [
          'came back',
          `${showBytes(splits.takenBackByKernelBytes)} by khugepaged (${plural(splits.hugeAgain, 'block')}), ${showBytes(splits.takenBackByProcessBytes)} by the process itself`,
        ],
      ],
    });
  }
  if (notes.length === 0)
    parts.push({
      kind: 'empty',
      why: 'Nothing out of the ordinary happened.',
      remedy: 'No agent, events or refusals are in this scenario.',
    });
  else
    parts.push({
      kind: 'table',
      title:
        notes.length > MOST_NOTES
          ? `What happened: the last ${MOST_NOTES} of ${showCount(notes.length)}; --json has all`
          : 'What happened, in order of time',
      head: ['after', 'what'],
      rows: notes.slice(-MOST_NOTES).map(timedNote),
      numbers: [],
    });
  return { id: 'decisions', title: 'What was decided, and what came back', parts };
}

/** A note begins with its second of virtual time: of a week nobody reads `432000.004 s`. */
function timedNote(note: string): readonly string[] {
  const [, seconds, what = note] = /^(\d+(?:\.\d+)?) s (.+)$/s.exec(note) ?? [];
  return [seconds === undefined ? '' : showDuration(Math.round(1000 * Number(seconds))), what];
}

function afterSection({ processes, pageBytes, blockBytes }: SimulationOutcome): Section {
  const { hugeOrder } = pageGeometry(pageBytes, blockBytes);
  const figure = ordersFigure({
    title: 'Memory at the end by folio size',
    subtitle: 'each process',
    bars: processes.map(({ name, byOrder }) => ({
      label: name.slice(0, 14),
      bytesByOrder: byOrder,
      returnedBytes: 0,
    })),
    pageBytes,
    hugeOrder,
  });
  return {
    id: 'after',
    title: 'After',
    parts: [
      ...(processes.length === 0
        ? [
            {
              kind: 'empty',
              why: 'No process ran.',
              remedy: 'The scenario names none, or none had begun.',
            } as const,
          ]
        : [{ kind: 'figure', figure } as const]),
      {
        kind: 'table',
        title: 'Processes at the end; speeds are after the warm-up',
        head: [
          'process',
          'workload',
          'resident',
          'huge',
          'empty',
          'accesses/s',
          'of all-small',
          'of all-huge',
        ],
        rows: processes.map((one) => [
          one.name,
          one.workload,
          showBytes(one.rss),
          showBytes(one.pmdMapped),
          showBytes(one.bloat),
          showRate(one.perSecond),
          ratio(one.perSecond, one.allBasePerSecond),
          ratio(one.perSecond, one.allHugePerSecond),
        ]),
        numbers: [2, 3, 4, 5, 6, 7],
      },
    ],
  };
}

/** `0.973`, or nothing where there is nothing to compare with. */
function ratio(value: number, ruler: number): string {
  return ruler > 0 ? (value / ruler).toFixed(3) : NOTHING;
}

function costSection({ processes, costs, tlb }: SimulationOutcome): Section {
  const rows: (readonly [string, string])[] = [
    ['Octavo', `${showNanoseconds(costs.octavoNs)} of CPU, ${showNanoseconds(costs.callNs)} in calls`],
    [
      'kernel threads',
      `${showNanoseconds(costs.kernelThreadsNs)} of CPU, khugepaged ${showNanoseconds(costs.khugepagedNs)}`,
    ],
    [
      'others waited',
      `${showNanoseconds(costs.heldNs)} for blocks, mappings and page tables; ${showCount(costs.shootdowns)} TLB shootdowns`,
    ],
    ['faults', showNanoseconds(costs.faultNs)],
    [
      'TLB',
      `${showPart(tlb.firstLevelMisses, tlb.accesses, 2)} of accesses missed its first level, ${showPart(tlb.walks, tlb.accesses, 2)} walked`,
    ],
  ];
  return {
    id: 'cost',
    title: 'Cost',
    parts: [
      { kind: 'facts', rows },
      {
        kind: 'table',
        title: 'Where the time of an access goes, and its tail',
        head: ['process', 'work', 'translation', 'fault', 'stall', 'p50', 'p99', 'p99.9', 'worst gap'],
        rows: processes.map(({ name, nsPerAccess: ns, accessTime, worstGapNs }) => [
          name,
          ...[ns.think, ns.translation, ns.fault, ns.stall].map((one) =>
            one < 1000 ? `${one.toFixed(1)} ns` : showNanoseconds(one),
          ),
          ...[accessTime.p50Ns, accessTime.p99Ns, accessTime.p999Ns, worstGapNs].map(showNanoseconds),
        ]),
        numbers: [1, 2, 3, 4, 5, 6, 7, 8],
      },
    ],
  };
}
