/** What is shown of simulations: fixed outcomes against accepted texts in test/golden/simulation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertGolden } from '../../../test/support/golden.js';
import type { KdamondOutcome } from '../../simulator/run/damon-runs.js';
import type {
  AgentOutcome,
  ProcessOutcome,
  SimulationOutcome,
  TimelineRow,
} from '../../simulator/run/outcome.js';
import { GIB, KIB, MIB } from '../../vocabulary/units.js';
import { showOutcome } from './simulation.js';
import { showSweep } from './sweep.js';
import { layOut } from './terminal-text.js';

const seen = (text: string) =>
  `${layOut(text, { width: Number.POSITIVE_INFINITY, ascii: false, colour: false })}\n`;

const tlb = (accesses: number) => ({ accesses, firstLevelMisses: accesses / 4, walks: accesses / 50, hugeWalks: accesses / 100, faults: 3, cycles: 5, faultNs: 7 }); // biome-ignore format: one row

const row = (atMs: number, more: Partial<TimelineRow> = {}): TimelineRow => ({
  ...{ atMs, splits: 2, collapses: 1, tlb: tlb(1000) },
  processes: [
    { name: 'store', rss: 3 * MIB, huge: 2 * MIB, bloat: MIB, perSecond: atMs * 1000 },
    { name: 'idle', rss: 4 * KIB, huge: 0, bloat: 0, perSecond: 0 },
  ],
  ...more,
});

const store: ProcessOutcome = {
  ...{
    name: 'store',
    workload: 'zipf',
    rss: 3 * MIB,
    pmdMapped: 2 * MIB,
    byOrder: [MIB, 0, 0, 0, 64 * KIB, 0, 0, 0, 0, 2 * MIB],
    bloat: MIB,
    swapped: 0,
  },
  ...{
    meanRss: 2.5 * MIB,
    peakRss: 4 * MIB,
    accesses: 12_345,
    perSecond: 2_500_000,
    allBasePerSecond: 2_000_000,
    allHugePerSecond: 4_000_000,
  },
  ...{
    nsPerAccess: { think: 100, translation: 20.25, fault: 3.5, stall: 1 },
    accessTime: { p50Ns: 12, p99Ns: 999, p999Ns: 1000, worstNs: 5e6 },
  },
  ...{ worstGapNs: 2_500_000, majorFaults: 4 },
};

const kdamond = (more: Partial<KdamondOutcome>): KdamondOutcome => ({ name: 'k0', operations: 'vaddr', running: true, cpuMs: 1.25, regions: 10.04, hotBytes: 5 * MIB, touchedBytes: 6 * MIB, schemes: [], ...more }); // biome-ignore format: one row

const scheme = (action: string, order: number) => ({ action, order, tried: 7, triedBytes: 8 * MIB, applied: 5, appliedBytes: 4 * MIB, quotaExceeds: 3, passes: 9 }); // biome-ignore format: one row

const agent = (more: Partial<AgentOutcome['splits']> = {}): AgentOutcome => ({
  ...{ turns: 2, met: 30, notMet: 1 },
  splits: {
    blocks: 30,
    returnedBytes: 50 * MIB,
    hugeAgain: 10,
    takenBackByKernelBytes: 26 * MIB,
    takenBackByProcessBytes: MIB,
    ...more,
  },
});

const outcome = (more: Partial<SimulationOutcome> = {}): SimulationOutcome => ({
  ...{
    octavo: 'outcome',
    version: 1,
    scenario: 'small',
    about: 'a small one',
    seed: 7,
    cpu: 'zen3',
    pageBytes: 4096,
    blockBytes: 2 * MIB,
  },
  ...{
    durationMs: 2500,
    timeline: [row(500), row(1000)],
    processes: [store],
    tlb: tlb(2000),
    usedBytes: GIB,
    meanUsedBytes: GIB / 2,
    peakUsedBytes: 2 * GIB,
  },
  costs: {
    splits: 40,
    collapses: 12,
    khugepagedCollapses: 10,
    callNs: 1_500_000,
    khugepagedNs: 2_000_000,
    kernelThreadsNs: 3_000_000,
    octavoNs: 4000,
    shootdowns: 77,
    heldNs: 8,
    faultNs: 9_000_000,
  },
  ...{
    events: { pgfault: 600, thp_fault_alloc: 5, thp_split_page: 33, thp_underused_split_page: 2 },
    pmu: undefined,
    agent: undefined,
    damon: [],
    notes: [],
  },
  ...more,
});

test('an outcome: its timeline, processes, times and machine', () => {
  assertGolden('simulation/plain.txt', seen(showOutcome(outcome())));
});

test('an outcome with an agent, kdamonds, a PMU and notes', () => {
  const damon = [
    kdamond({ schemes: [scheme('split', 2), scheme('stat', 0)] }),
    kdamond({ name: 'k1', running: false, operations: 'paddr' }),
  ];
  const whole = outcome({
    agent: agent(),
    damon,
    pmu: { samples: 100, collisions: 3 },
    notes: ['first note', 'second note'],
  });
  assertGolden('simulation/whole.txt', seen(showOutcome(whole)));
});

test('kdamonds without schemes only monitor', () => {
  assert.match(showOutcome(outcome({ damon: [kdamond({})] })), /^no schemes: monitoring only$/m);
});

test('of a long timeline 24 rows are shown at most, each of several joined', () => {
  const rows = Array.from({ length: 49 }, (_, at) => row(100 * (at + 1)));
  const lines = seen(showOutcome(outcome({ timeline: rows }))).split('\n');
  const shown = lines.filter((line) => / store /.test(line) && !line.includes('zipf'));
  assert.equal(shown.length, 17);
  assert.match(shown[0], /^300 ms +store +3 MiB +2 MiB +1 MiB +200 k +6 +3 +25\.00 % +2\.00 %$/);
  assert.match(shown[16], /^4\.90 s +store .* 4\.90 M +2 +1 /, 'the last one stands alone');
  const short = seen(showOutcome(outcome({ timeline: rows.slice(0, 24) })));
  assert.match(short, /^100 ms /m);
});

test('the mean of a rate is over the rows in which there were accesses', () => {
  const none = row(100, { processes: [{ name: 'store', rss: 0, huge: 0, bloat: 0, perSecond: 0 }] });
  const rows = [...Array.from({ length: 23 }, () => none), row(200), none];
  const text = seen(showOutcome(outcome({ timeline: rows })));
  assert.match(text, /store +3 MiB|store +0 B/);
  assert.match(text, / – {2}/, 'a row without any has no rate');
  assert.match(text, /200 k/);
});

test('what Octavo’s splits came to at the end', () => {
  const told = (given: AgentOutcome) => showOutcome(outcome({ agent: given })).split('\n').filter((line) => /Octavo took|Its splits|At the end|What keeps/.test(line)); // biome-ignore format: one row
  assert.deepEqual(told(agent()), [
    'Octavo took 2 turns: 30 steps met, 1 not met.',
    'Its splits of 30 blocks returned 50 MiB; until the end 10 blocks collapsed again by khugepaged took back 26 MiB, the process itself 1 MiB.',
    'At the end 23 MiB of it is still returned.',
    'docs/using.md, “What keeps a split”, tells how to keep khugepaged from it.',
  ]);
  assert.deepEqual(told({ ...agent({ blocks: 0 }), turns: 1, notMet: 0 }), [
    'Octavo took 1 turn: 30 steps met.',
  ]);
  assert.equal(told(agent({ takenBackByKernelBytes: 25 * MIB })).length, 3, 'half of it is no reason yet');
  assert.equal(
    told(agent({ takenBackByKernelBytes: 60 * MIB }))[2],
    'At the end 0 B of it is still returned.',
  );
});

test('a sweep: each run a line, with the heads of its pages where all are alike', () => {
  const runs = [
    outcome({ scenario: 'seed=1' }),
    outcome({ scenario: 'seed=2', damon: [kdamond({ schemes: [scheme('split', 0)] })] }),
  ];
  assertGolden('simulation/sweep.txt', seen(showSweep(runs)));
  const mixed = [outcome(), outcome({ pageBytes: 65_536, blockBytes: 512 * MIB })];
  assert.match(seen(showSweep(mixed)), /× all base +× all huge/);
  assert.match(seen(showSweep([outcome()])), /× all-4K +× all-2M/);
  assert.match(seen(showSweep([])), /× all base/);
});
