/** A simulation's timeline and outcome, sweeps and the catalogues, in tables. */
import { type Cpu, entriesOf, reachBytes, runPages } from '../../model/cpus/cpu.js';
import type { TlbCounters } from '../../model/hardware/tlb-counters.js';
import type { KdamondOutcome } from '../../simulator/run/damon-runs.js';
import type {
  AgentOutcome,
  ServiceOutcome,
  SimulationOutcome,
  TimelineRow,
} from '../../simulator/run/outcome.js';
import { showDuration, showNanoseconds, showPart, showRate } from '../../vocabulary/show.js';
import { type Bytes, KIB, MIB } from '../../vocabulary/units.js';
import { facts, table } from './table.js';
import { plural, showBytes, showOrder } from './units.js';

/** Rows of a timeline that a screen holds. */
const MOST_ROWS = 24;

/** Returns the whole outcome of a simulation as tables, one part for each thing that took part. */
export function showOutcome(outcome: SimulationOutcome): string {
  const { scenario, about, cpu, seed, durationMs } = outcome;
  return [
    `${scenario}: ${about}`,
    `${cpu}, ${showDuration(durationMs)} of virtual time, seed ${seed}`,
    '',
    showTimeline(outcome.timeline),
    '',
    showProcesses(outcome),
    '',
    showTimes(outcome),
    '',
    facts(machineFacts(outcome)),
    ...(outcome.agent === undefined ? [] : ['', ...showAgent(outcome.agent)]),
    ...(outcome.service === undefined ? [] : ['', ...showService(outcome.service)]),
    ...(outcome.damon.length > 0 ? ['', showKdamonds(outcome.damon), '', showSchemes(outcome.damon)] : []),
    ...(outcome.notes.length > 0 ? ['', ...outcome.notes.map((note) => `- ${note}`)] : []),
  ].join('\n');
}

/** Whom the agent touched, and how it stands with each target. */
function showService({ targets, observed, stateBytes, troubles }: ServiceOutcome): readonly string[] {
  return [
    ...targets.map(({ name, touched, standing, reason }) => {
      const acted = touched.length === 0 ? 'only looked at' : `touched ${touched.join(', ')}`;
      return `Target ${name}: ${acted}; ${standing}${reason === '' ? '' : ` (${reason})`}`;
    }),
    `Looked at ${observed.join(', ')}; its state takes ${showBytes(stateBytes)}.`,
    ...troubles.map((trouble) => `Trouble: ${trouble}`),
  ];
}

function showTimeline(rows: readonly TimelineRow[]): string {
  const every = Math.max(1, Math.ceil(rows.length / MOST_ROWS));
  const shown = Array.from({ length: Math.ceil(rows.length / every) }, (_, index) =>
    joined(rows.slice(index * every, (index + 1) * every)),
  );
  return table(
    ['time', 'process', 'RSS', 'huge', 'empty', 'accesses/s', 'splits', 'collapses', 'TLB misses', 'walks'],
    shown.flatMap((row) =>
      row.processes.map(({ name, rss, huge, bloat, perSecond }, index) => [
        index === 0 ? showDuration(row.atMs) : '',
        name,
        showBytes(rss),
        showBytes(huge),
        showBytes(bloat),
        perSecond === 0 ? '–' : showRate(perSecond),
        index === 0 ? String(row.splits) : '',
        index === 0 ? String(row.collapses) : '',
        index === 0 ? showPart(row.tlb.firstLevelMisses, row.tlb.accesses, 2) : '',
        index === 0 ? showPart(row.tlb.walks, row.tlb.accesses, 2) : '',
      ]),
    ),
    [2, 3, 4, 5, 6, 7, 8, 9],
  );
}

/** Several rows as one: memory as at the end, events of all of them, the mean of the rates. */
function joined(rows: readonly TimelineRow[]): TimelineRow {
  const last = rows[rows.length - 1];
  const sum = (count: (row: TimelineRow) => number) => rows.reduce((total, row) => total + count(row), 0);
  const tlb = Object.fromEntries(
    (Object.keys(last.tlb) as (keyof TlbCounters)[]).map((name) => [name, sum((row) => row.tlb[name])]),
  ) as unknown as TlbCounters;
  const processes = last.processes.map((process) => ({
    ...process,
    perSecond: meanRate(rows, process.name),
  }));
  const [splits, collapses] = [sum((row) => row.splits), sum((row) => row.collapses)];
  return { atMs: last.atMs, processes, splits, collapses, tlb };
}

/** Accesses a second of a process, over the rows in which it made any. */
function meanRate(rows: readonly TimelineRow[], name: string): number {
  const rates = rows
    .flatMap(({ processes }) => processes.filter((process) => process.name === name))
    .map(({ perSecond }) => perSecond)
    .filter((rate) => rate > 0);
  return rates.length === 0 ? 0 : rates.reduce((total, rate) => total + rate, 0) / rates.length;
}

function showProcesses({ processes, pageBytes, blockBytes }: SimulationOutcome): string {
  return table(
    ['process', 'workload', 'RSS', 'by folio size', 'empty', 'accesses/s', ...rulers(pageBytes, blockBytes)],
    processes.map((process) => [
      process.name,
      process.workload,
      showBytes(process.rss),
      process.byOrder
        .map((bytes, order) => (bytes > 0 ? `${showOrder(order, pageBytes)}: ${showBytes(bytes)}` : ''))
        .filter((text) => text !== '')
        .join(', '),
      showBytes(process.bloat),
      showRate(process.perSecond),
      (process.perSecond / process.allBasePerSecond).toFixed(3),
      (process.perSecond / process.allHugePerSecond).toFixed(3),
    ]),
    [2, 4, 5, 6, 7],
  );
}

/** Where the time of an access goes, its tail, and memory over time. */
function showTimes({ processes }: SimulationOutcome): string {
  return table(
    [
      'after the warm-up',
      'ns/access',
      'translation',
      'fault',
      'stall',
      'p50',
      'p99',
      'p99.9',
      'worst gap',
      'mean RSS',
      'peak RSS',
      'major faults',
    ],
    processes.map(({ name, nsPerAccess: ns, accessTime, worstGapNs, meanRss, peakRss, majorFaults }) => [
      name,
      (ns.think + ns.translation + ns.fault + ns.stall).toFixed(1),
      ns.translation.toFixed(1),
      ns.fault.toFixed(1),
      ns.stall.toFixed(1),
      ...[accessTime.p50Ns, accessTime.p99Ns, accessTime.p999Ns, worstGapNs].map(showNanoseconds),
      showBytes(meanRss),
      showBytes(peakRss),
      String(majorFaults),
    ]),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
}

/** Heads of the columns that compare a run with everything on base pages, and on huge ones. */
function rulers(pageBytes: Bytes, blockBytes: Bytes): readonly string[] {
  return [`× all-${pageBytes / KIB}K`, `× all-${blockBytes / MIB}M`];
}

function machineFacts({
  tlb,
  usedBytes,
  meanUsedBytes,
  peakUsedBytes,
  costs,
  events,
  pmu,
}: SimulationOutcome): [string, string][] {
  const event = (name: string) => events[name] ?? 0;
  const rows: [string, string][] = [
    [
      'memory in use',
      `${showBytes(usedBytes)} at the end, ${showBytes(meanUsedBytes)} on average, ${showBytes(peakUsedBytes)} at its peak`,
    ],
    [
      'TLB',
      `${tlb.accesses} accesses, ${tlb.firstLevelMisses} first-level misses, ${tlb.walks} walks (${tlb.hugeWalks} to huge entries)`,
    ],
    [
      'faults',
      `${event('pgfault')}, of them ${event('thp_fault_alloc')} huge; ${showNanoseconds(costs.faultNs)}`,
    ],
    [
      'splits',
      `${costs.splits} folios (${event('thp_split_page')} huge), ${event('thp_underused_split_page')} as underused`,
    ],
    [
      'collapses',
      `${costs.collapses}, of them ${costs.khugepagedCollapses} by khugepaged, which worked ${showNanoseconds(costs.khugepagedNs)}`,
    ],
    ['calls from outside', showNanoseconds(costs.callNs)],
    [
      'CPU of others',
      `kernel threads ${showNanoseconds(costs.kernelThreadsNs)}, Octavo ${showNanoseconds(costs.octavoNs)}; ${costs.shootdowns} TLB shootdowns`,
    ],
  ];
  if (pmu !== undefined) {
    const said = Object.entries(pmu).map(([name, count]) => `${count} ${name}`);
    rows.push(['PMU', said.join(', ')]);
  }
  return rows;
}

/** The end counts, not the moment after a turn: what khugepaged takes back costs a split for nothing. */
function showAgent({ turns, met, notMet, splits }: AgentOutcome): string[] {
  const done = `Octavo took ${plural(turns, 'turn')}: ${met} steps met${notMet > 0 ? `, ${notMet} not met` : ''}.`;
  if (splits.blocks === 0) return [done];
  const { returnedBytes, takenBackByKernelBytes, takenBackByProcessBytes, hugeAgain } = splits;
  const left = returnedBytes - takenBackByKernelBytes - takenBackByProcessBytes;
  const back = [
    `${plural(hugeAgain, 'block')} collapsed again by khugepaged took back ${showBytes(takenBackByKernelBytes)}`,
    `the process itself ${showBytes(takenBackByProcessBytes)}`,
  ].join(', ');
  const lines = [
    done,
    `Its splits of ${plural(splits.blocks, 'block')} returned ${showBytes(returnedBytes)}; until the end ${back}.`,
    `At the end ${showBytes(Math.max(0, left))} of it is still returned.`,
  ];
  if (takenBackByKernelBytes > returnedBytes / 2)
    lines.push('docs/using.md, “What keeps a split”, tells how to keep khugepaged from it.');
  return lines;
}

/** A column's head and the side that its texts stand on. */
type Column = readonly [head: string, side: 'left' | 'right'];

const KDAMOND_COLUMNS: readonly Column[] = [
  ['kdamond', 'left'],
  ['watches by', 'left'],
  ['CPU', 'right'],
  ['regions', 'right'],
  ['seen hot', 'right'],
  ['seen touched', 'right'],
];

const SCHEME_COLUMNS: readonly Column[] = [
  ['scheme of', 'left'],
  ['action', 'left'],
  ['passes', 'right'],
  ['tried', 'right'],
  ['bytes', 'right'],
  ['applied', 'right'],
  ['bytes', 'right'],
  ['quota full', 'right'],
];

function tableOf(columns: readonly Column[], rows: string[][]): string {
  const right = columns.flatMap(([, side], index) => (side === 'right' ? [index] : []));
  return table(
    columns.map(([head]) => head),
    rows,
    right,
  );
}

const showKdamonds = (kdamonds: readonly KdamondOutcome[]): string =>
  tableOf(KDAMOND_COLUMNS, kdamondRows(kdamonds));

function kdamondRows(kdamonds: readonly KdamondOutcome[]): string[][] {
  return kdamonds.map(({ name, operations, running, cpuMs, regions, hotBytes, touchedBytes }) => [
    running ? name : `${name} (ended)`,
    operations,
    `${cpuMs.toFixed(1)} ms`,
    regions.toFixed(1),
    showBytes(hotBytes),
    showBytes(touchedBytes),
  ]);
}

function showSchemes(kdamonds: readonly KdamondOutcome[]): string {
  const rows = schemeRows(kdamonds);
  return rows.length === 0 ? 'no schemes: monitoring only' : tableOf(SCHEME_COLUMNS, rows);
}

function schemeRows(kdamonds: readonly KdamondOutcome[]): string[][] {
  return kdamonds.flatMap(({ name, schemes }) =>
    schemes.map((scheme) => [
      name,
      scheme.order > 0 ? `${scheme.action} to order ${scheme.order}` : scheme.action,
      String(scheme.passes),
      String(scheme.tried),
      showBytes(scheme.triedBytes),
      String(scheme.applied),
      showBytes(scheme.appliedBytes),
      String(scheme.quotaExceeds),
    ]),
  );
}

/** Returns one line for each outcome of a sweep, and DAMON's columns where it ran. */
export function showSweep(outcomes: readonly SimulationOutcome[]): string {
  return [sweptProcesses(outcomes), ...sweptDamon(outcomes)].join('\n');
}

function sweptProcesses(outcomes: readonly SimulationOutcome[]): string {
  return table(
    [
      'run',
      'process',
      'RSS',
      'huge',
      'empty',
      'accesses/s',
      ...sweptRulers(outcomes),
      'walks',
      'splits',
      'collapses',
    ],
    outcomes.flatMap((outcome) =>
      outcome.processes.map((process) => [
        outcome.scenario,
        process.name,
        showBytes(process.rss),
        showBytes(process.pmdMapped),
        showBytes(process.bloat),
        showRate(process.perSecond),
        (process.perSecond / process.allBasePerSecond).toFixed(3),
        (process.perSecond / process.allHugePerSecond).toFixed(3),
        showPart(outcome.tlb.walks, outcome.tlb.accesses, 2),
        String(outcome.costs.splits),
        String(outcome.costs.collapses),
      ]),
    ),
    [2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
}

/** Those of all runs where they are the same. */
function sweptRulers([first, ...others]: readonly SimulationOutcome[]): readonly string[] {
  const isSame = others.every(({ pageBytes }) => pageBytes === first?.pageBytes);
  return first !== undefined && isSame
    ? rulers(first.pageBytes, first.blockBytes)
    : ['× all base', '× all huge'];
}

/** Kdamonds and schemes of every run of a sweep, one line each; nothing where no run has a kdamond. */
function sweptDamon(outcomes: readonly SimulationOutcome[]): string[] {
  const columns: Column[][] = [KDAMOND_COLUMNS, SCHEME_COLUMNS].map((own) => [['run', 'left'], ...own]);
  const ofRun = (rows: (kdamonds: readonly KdamondOutcome[]) => string[][]) =>
    outcomes.flatMap(({ scenario, damon }) => rows(damon).map((row) => [scenario, ...row]));
  return [ofRun(kdamondRows), ofRun(schemeRows)].flatMap((rows, index) =>
    rows.length === 0 ? [] : ['', tableOf(columns[index], rows)],
  );
}

interface Listed {
  readonly name: string;
  readonly about: string;
  readonly cpu: string;
  readonly durationMs: number;
}

/** Returns the catalogues of scenarios, workloads and CPUs. */
export function showList(
  scenarios: readonly Listed[],
  workloads: readonly { readonly name: string; readonly brief: string }[],
  cpus: readonly Cpu[],
): string {
  return [
    plural(scenarios.length, 'ready scenario'),
    table(
      ['name', 'what it shows', 'CPU', 'virtual time'],
      scenarios.map(({ name, about, cpu, durationMs }) => [name, about, cpu, showDuration(durationMs)]),
      [3],
    ),
    '',
    'Workloads',
    table(
      ['name', 'what it does'],
      workloads.map(({ name, brief }) => [name, brief]),
    ),
    '',
    'CPUs (reach of the second-level TLB; every figure and its source: src/simulator/cpus)',
    table(
      ['name', 'title', 'entries', '4K reach', '2M reach', 'merges'],
      cpus.map((cpu) => [
        cpu.name,
        cpu.title,
        String(entriesOf(cpu.second, 'base')),
        showBytes(reachBytes(cpu, 'base', 4 * KIB, 2 * MIB)),
        showBytes(reachBytes(cpu, 'huge', 4 * KIB, 2 * MIB)),
        cpu.coalescing === undefined
          ? '–'
          : `${runPages(cpu)} pages (${cpu.coalescing.by === 'physical' ? 'hardware' : 'contiguous bit'})`,
      ]),
      [2, 3, 4],
    ),
  ].join('\n');
}
