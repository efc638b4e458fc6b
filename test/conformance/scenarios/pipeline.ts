import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import type { TurnRequest } from '../../../src/config/assemble.js';
import type { PolicyName } from '../../../src/policies/catalogue.js';
import type { SourceName } from '../../../src/sources/catalogue.js';
import type { Verdict } from '../../../src/vocabulary/plan.js';
import { drawBlocks, must } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { THP_FILES, withThp } from '../thp-settings.js';

const SPARSE = 3;
const DENSE = 3;
const WATCH_MS = 60_000;
const HOT_PAGES_EVERY = 128;

/** Everything together: what is sparse is found, split and stays split; what is dense is collapsed and stays so. */
export const pipeline: Scenario = {
  name: 'pipeline',
  says: 'probe → plan → split and DAMOS collapse → verified → khugepaged on, memory in use, unchanged after 60 s',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'always', scanSleep: '600000' }, () => wholeTurn(stage)),
  expected: ({ collapseAction }) => ({
    'sparse before': 'H×3',
    'dense before': '0×3',
    'split turn': 'met×3',
    'split by': 'debugfs-split',
    'collapse turn': 'met×3',
    'collapsed by': collapseAction ? 'damos' : 'madvise',
    'sparse split, dense huge': true,
    'sparse after 60 s': 'as split',
    'dense after 60 s': 'H×3',
    'content kept': true,
  }),
};

async function wholeTurn(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const sparse = await workload.map(SPARSE, 'anon');
  await workload.touch(sparse, 1);
  // From here on khugepaged has no say until both turns are over: it would take the dense blocks by itself.
  must(host.files.writeKernelFile(THP_FILES.enabled, 'never'));
  const dense = await workload.map(DENSE, 'anon');
  await workload.touch(dense, 1);
  const contents = async () => `${await workload.checksum(sparse)} ${await workload.checksum(dense)}`;
  const before = await contents();
  const drawn = () => [drawBlocks(host, workload.pid, sparse), drawBlocks(host, workload.pid, dense)];
  const [sparseBefore, denseBefore] = drawn();
  await workload.keepReading([
    { range: sparse, every: HOT_PAGES_EVERY },
    { range: dense, every: 1 },
  ]);
  const address = (page: number) => `0x${(page * host.identity.geometry.pageBytes).toString(16)}`;
  const splits = await turn(stage, workload.pid, 'split-sparse', ['probe'], ['debugfs-split']);
  const collapses = await turn(
    stage,
    workload.pid,
    'named-blocks',
    [],
    [damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }).abilities[0].missing ? 'madvise' : 'damos'],
    `${address(dense.start)}-${address(dense.end)}`,
  );
  const [sparseSplit, denseHuge] = drawn();
  stage.note(`after both turns: sparse ${sparseSplit}, dense ${denseHuge}`);
  await withThp(host, { enabled: 'always', scanSleep: '1000' }, () => host.clock.sleep(WATCH_MS));
  const [sparseLater, denseLater] = drawn();
  await workload.rest();
  const after = await contents();
  await workload.end();
  return {
    'sparse before': sparseBefore,
    'dense before': denseBefore,
    'split turn': splits.outcome,
    'split by': splits.actuators,
    'collapse turn': collapses.outcome,
    'collapsed by': collapses.actuators,
    'sparse split, dense huge': !sparseSplit.includes('H') && denseHuge === `H×${DENSE}`,
    'sparse after 60 s': sparseLater === sparseSplit ? 'as split' : sparseLater,
    'dense after 60 s': denseLater,
    'content kept': before === after,
  };
}

async function turn(
  stage: Stage,
  pid: number,
  policy: PolicyName,
  sources: readonly SourceName[],
  actuators: TurnRequest['actuators'],
  collapse?: string,
) {
  const { host } = stage;
  // Loaded when needed: an emulated machine takes half a minute for all that a turn consists of.
  const { assembleTurn } = await import('../../../src/config/assemble.js');
  const { applyPlan, runName } = await import('../../../src/cycle/apply-plan.js');
  const { planTurn } = await import('../../../src/cycle/plan-turn.js');
  const signal = new AbortController().signal;
  const request: TurnRequest = {
    ...{ target: String(pid), scope: {}, policy, sources, actuators, parameters: {}, split: [] },
    collapse: collapse === undefined ? [] : [collapse],
    // A tenth of a lock's time would have an emulated machine wait for minutes.
    budgets: { minFreeBlocks: 8, lockUsPerSecond: 900_000 },
    acting: { allowSticky: true, shareDamon: false, askDamon: true },
    probe: { sampleBlocks: 16, windowMs: 3000, restoreAll: true },
  };
  const assembled = await assembleTurn(host, request);
  const id = `plan-${runName(host)}`;
  const progress = () => undefined;
  const planned = await planTurn({ ...assembled, host, id, feuds: new Map(), signal, progress });
  for (const note of planned.plan.notes) stage.note(`${policy}: ${note}`);
  for (const { why, blocks } of planned.plan.passedOver)
    stage.note(`${policy}: ${blocks} passed over: ${why}`);
  for (const { why } of planned.plan.refused) stage.note(`${policy} refused: ${why}`);
  const place = { host, directory: host.identity.stateDirectory };
  const applied = await applyPlan({
    place,
    plan: planned.plan,
    actuators: assembled.actuators,
    signal,
    progress,
  });
  return { outcome: tally(applied.verdicts), actuators: namesOf(applied.receipts) };
}

function tally(verdicts: readonly Verdict[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of verdicts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${outcome}×${count}`).join(' ');
}

function namesOf(receipts: readonly { readonly actuator: string }[]): string {
  return [...new Set(receipts.map(({ actuator }) => actuator))].join(' ');
}
