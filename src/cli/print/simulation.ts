/** A simulation's timeline and outcome, in tables. */
import type { TlbCounters } from '../../model/hardware/tlb-counters.js';
import type {
  AgentOutcome,
  ServiceOutcome,
  SimulationOutcome,
  TimelineRow,
} from '../../simulator/run/outcome.js';
import { showDuration, showNanoseconds, showPart, showRate } from '../../vocabulary/show.js';
import { type Bytes, KIB, MIB } from '../../vocabulary/units.js';
import { showKdamonds, showSchemes } from './kdamonds.js';
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

/** Returns the heads of the columns that compare a run with everything on base pages, and on huge ones. */
export function rulers(pageBytes: Bytes, blockBytes: Bytes): readonly string[] {
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
