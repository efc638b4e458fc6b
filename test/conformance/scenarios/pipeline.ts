import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import type { TurnRequest } from '../../../src/config/assemble.js';
import type { JournalPlace } from '../../../src/cycle/journal.js';
import type { PolicyName } from '../../../src/policies/kinds/catalogue.js';
import type { SourceName } from '../../../src/sources/kinds/catalogue.js';
import type { Verdict } from '../../../src/vocabulary/plan.js';
import { MIB, type PageRange } from '../../../src/vocabulary/units.js';
import { drawBlocks, must } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { THP_FILES, withThp } from '../thp-stage.js';

const SPARSE = 3;
const DENSE = 3;
const SMALL = 3;
const WATCH_MS = 60_000;
const HOT_PAGES_EVERY = 128;

/** Everything together: what is sparse is found, split and stays split; what is dense is kept huge or made so. */
export const pipeline: Scenario = {
  name: 'pipeline',
  says: 'sparse and dense THPs → probe → plan → split and DAMOS collapse → verified → khugepaged on, unchanged after 60 s',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'always', scanSleep: '600000' }, () => wholeTurn(stage)),
  expected: ({ collapseAction }) => ({
    'before: sparse, dense, small': 'H×3, H×3, 0×3',
    'split turn': 'met×3',
    'split by': 'debugfs-split',
    'after the split turn: sparse without THP, others as before': true,
    'collapse turn, of the small': 'met×3',
    'collapsed by': collapseAction ? 'damos' : 'madvise',
    'after both turns: dense, small': 'H×3, H×3',
    'after 60 s: sparse': 'as split',
    'after 60 s: dense, small': 'H×3, H×3',
    'content kept': true,
  }),
};

interface Areas {
  /** Huge pages of which a few sub-pages are read. */
  readonly sparse: PageRange;
  /** Huge pages that are read all over. */
  readonly dense: PageRange;
  /** Base pages that are read all over. */
  readonly small: PageRange;
}

async function wholeTurn(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const areas = await prepare(stage, workload);
  const contents = async () => {
    const hashes: string[] = [];
    for (const range of Object.values(areas)) hashes.push(await workload.checksum(range));
    return hashes.join(' ');
  };
  const before = await contents();
  const drawn = (...names: readonly (keyof Areas)[]) =>
    names.map((name) => drawBlocks(host, workload.pid, areas[name])).join(', ');
  const atFirst = drawn('sparse', 'dense', 'small');
  await workload.keepReading([
    { range: areas.sparse, every: HOT_PAGES_EVERY },
    { range: areas.dense, every: 1 },
    { range: areas.small, every: 1 },
  ]);
  const splits = await turn(stage, workload.pid, areas.sparse, 'split-sparse', 'probe', ['debugfs-split']);
  const sparseSplit = drawn('sparse');
  const othersKept = drawn('dense', 'small') === 'H×3, 0×3';
  const [collapse] = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }).abilities;
  const collapser = collapse.missing ? 'madvise' : 'damos';
  const collapses = await turn(stage, workload.pid, areas.small, 'collapse-dense', 'smaps', [collapser]);
  const atLast = drawn('dense', 'small');
  stage.note(`after both turns: sparse ${drawn('sparse')}; dense, small ${atLast}`);
  await withThp(host, { enabled: 'always', scanSleep: '1000' }, () => host.clock.sleep(WATCH_MS));
  const sparseLater = drawn('sparse');
  const denseLater = drawn('dense', 'small');
  await workload.rest();
  const after = await contents();
  await workload.end();
  return {
    'before: sparse, dense, small': atFirst,
    'split turn': splits.outcome,
    'split by': splits.actuators,
    'after the split turn: sparse without THP, others as before': !sparseSplit.includes('H') && othersKept,
    'collapse turn, of the small': collapses.outcome,
    'collapsed by': collapses.actuators,
    'after both turns: dense, small': atLast,
    'after 60 s: sparse': sparseLater === sparseSplit ? 'as split' : sparseLater,
    'after 60 s: dense, small': denseLater,
    'content kept': before === after,
  };
}

async function prepare({ host }: Stage, workload: Workload): Promise<Areas> {
  const sparse = await workload.map(SPARSE, 'anon');
  await workload.touch(sparse, 1);
  const dense = await workload.map(DENSE, 'anon');
  await workload.touch(dense, 1);
  // From here on khugepaged has no say until both turns are over: it would take the small blocks by itself.
  must(host.files.writeKernelFile(THP_FILES.enabled, 'never'));
  const small = await workload.map(SMALL, 'anon');
  await workload.touch(small, 1);
  return { sparse, dense, small };
}

/** One turn; its outcome is that of the steps in the range. */
async function turn(
  stage: Stage,
  pid: number,
  range: PageRange,
  policy: PolicyName,
  source: SourceName | 'probe',
  actuators: TurnRequest['actuators'],
) {
  const { host } = stage;
  // Loaded when needed: an emulated machine takes half a minute for all that a turn consists of.
  const { assembleTurn } = await import('../../../src/config/assemble.js');
  const { applyPlan, runName } = await import('../../../src/cycle/apply-plan.js');
  const { planTurn } = await import('../../../src/cycle/plan-turn.js');
  const signal = new AbortController().signal;
  const request: TurnRequest = {
    ...{ target: String(pid), scope: {}, policy, actuators, parameters: {}, split: [] },
    sources: source === 'probe' ? [] : [source],
    collapse: [],
    // A tenth of a lock's time would have an emulated machine wait for minutes.
    budgets: { minFreeBytes: 16 * MIB, lockUsPerSecond: 900_000 },
    ...{ actuatorParameters: { allowSticky: true }, askDamon: true },
  };
  const assembled = await assembleTurn(host, request);
  const id = `plan-${runName(host)}`;
  const progress = () => undefined;
  const place = { host, directory: host.identity.stateDirectory };
  const sources = source === 'probe' ? [await probeOf(place, pid, signal)] : assembled.sources;
  const planned = await planTurn({ ...assembled, sources, host, id, feuds: new Map(), signal, progress });
  for (const note of planned.plan.notes) stage.note(`${policy}: ${note}`);
  for (const { why, blocks } of planned.plan.passedOver)
    stage.note(`${policy}: ${blocks} passed over: ${why}`);
  for (const { why } of planned.plan.refused) stage.note(`${policy} refused: ${why}`);
  const applied = await applyPlan({
    place,
    plan: planned.plan,
    actuators: assembled.actuators,
    signal,
    progress,
  });
  const { pagesPerBlock } = host.identity.geometry;
  const isWithin = ({ block }: { readonly block: number }) =>
    block * pagesPerBlock >= range.start && block * pagesPerBlock < range.end;
  const within = applied.verdicts.filter(({ after }) => isWithin(after));
  stage.note(
    `${policy}: ${applied.verdicts.length} steps, ${within.length} of them in what the workload mapped`,
  );
  return { outcome: tally(within), actuators: namesOf(applied.receipts) };
}

async function probeOf(place: JournalPlace, pid: number, signal: AbortSignal) {
  const { assembleProbe } = await import('../../../src/config/assemble-probe.js');
  const parameters = { sample: 16, window: 3000, dense: 0.5 };
  const budgets = { minFreeBytes: 8 * place.host.identity.geometry.blockBytes, lockUsPerSecond: 900_000 };
  return assembleProbe(place, { target: String(pid), scope: {}, parameters, budgets, signal }).source;
}

function tally(verdicts: readonly Verdict[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of verdicts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${outcome}×${count}`).join(' ');
}

function namesOf(receipts: readonly { readonly actuator: string }[]): string {
  return [...new Set(receipts.map(({ actuator }) => actuator))].join(' ');
}
