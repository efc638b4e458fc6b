/** What verification promises, wherever it looks: sizes as they are, and verdicts that follow from them alone. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actuatorsOf } from '../../src/config/assemble.js';
import { applyPlan } from '../../src/cycle/apply-plan.js';
import { planTurn } from '../../src/cycle/plan-turn.js';
import type { Host } from '../../src/host/host.js';
import { DEFAULT_BUDGETS } from '../../src/planning/budgets.js';
import { POLICIES } from '../../src/policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../../src/policies/policy.js';
import { identityOf, observe } from '../../src/verification/observe.js';
import type { OctavoError } from '../../src/vocabulary/errors.js';
import { MAPPING_LEVEL, rowOfBlock } from '../../src/vocabulary/page-sizes.js';
import { type Plan, type Verdict, VerdictSchema } from '../../src/vocabulary/plan.js';
import { ordersOfRegion } from '../differential/picture.js';
import type { Machine } from '../differential/test-machine.js';
import { fourBlocks, must, type Prepared, recordingOf, type Stage } from './stages.js';

const BUDGETS = { ...DEFAULT_BUDGETS, maxPressure: 100, minFreeBytes: 0 };

/** What is done to a block before or between plan and apply, and the verdict that must follow. */
interface VerdictCase {
  readonly name: string;
  readonly action: 'split' | 'collapse';
  readonly block: number;
  readonly prepare?: (machine: Machine) => Promise<void>;
  readonly between?: (machine: Machine) => Promise<void>;
  readonly outcome: Verdict['outcome'];
  readonly cause: Verdict['cause'];
  /** Change of resident pages, where it is certain. */
  readonly residentPages?: number;
}

const FULL = { from: 512, pages: 512 };

const CASES: readonly VerdictCase[] = [
  { name: 'a full huge page splits and stays resident', action: 'split', block: 1, outcome: 'met', cause: 'none', residentPages: 0 },
  { name: 'a sparse huge page splits and gives its zeroes back', action: 'split', block: 0, outcome: 'met', cause: 'none', residentPages: 8 - 512 },
  { name: 'base pages collapse and their holes are filled', action: 'collapse', block: 2, outcome: 'met', cause: 'none', residentPages: 412 },
  { name: 'a pinned huge page does not split', action: 'split', block: 1, prepare: (m) => must(m.pin({ from: 517, pages: 1 })), outcome: 'not-met', cause: 'pinned', residentPages: 0 },
  { name: 'a fork-shared huge page does not split', action: 'split', block: 1, prepare: (m) => must(m.fork()), outcome: 'not-met', cause: 'shared', residentPages: 0 },
  { name: 'a locked huge page does not split', action: 'split', block: 1, prepare: (m) => must(m.lock(FULL)), outcome: 'not-met', cause: 'mlocked', residentPages: 0 },
  { name: 'pinned base pages do not collapse', action: 'collapse', block: 2, prepare: (m) => must(m.pin({ from: 1029, pages: 1 })), outcome: 'not-met', cause: 'pinned', residentPages: 0 },
  { name: 'memory advised against does not collapse', action: 'collapse', block: 2, prepare: (m) => must(m.advise({ from: 1024, pages: 512 }, 'MADV_NOHUGEPAGE')), outcome: 'not-met', cause: 'nohugepage', residentPages: 0 },
  { name: 'a process that disabled THP does not collapse', action: 'collapse', block: 2, prepare: async (m) => { await must(m.thpDisable('complete')); }, outcome: 'not-met', cause: 'thp-disabled', residentPages: 0 },
  { name: 'what was unmapped since the plan', action: 'collapse', block: 2, between: (m) => must(m.unmap({ from: 1024, pages: 512 })), outcome: 'not-met', cause: 'unmapped-since' },
  { name: 'what somebody else split since the plan', action: 'split', block: 1, between: (m) => must(m.advise({ from: 512, pages: 1 }, 'MADV_COLD')), outcome: 'met', cause: 'none' },
  { name: 'a process that ended since the plan', action: 'split', block: 1, between: (m) => m.end(), outcome: 'not-met', cause: 'target-gone' },
]; // biome-ignore format: a table

export function describeVerification(stage: Stage): void {
  describe(`verification on ${stage.name}`, { skip: stage.skip }, () => {
    it('sees what the page tables and frame flags say', () =>
      on(stage, async ({ machine, firstBlock }) => {
        assert.deepEqual(seen(machine.host, machine.pid, firstBlock), toldByFlags(machine));
      }));

    it('looks at a part and finds there what a look at everything finds', () =>
      on(stage, async ({ machine: { host, pid, firstPage }, firstBlock }) => {
        const ranges = [{ start: firstPage + 512, end: firstPage + 1024 }];
        const { blocks } = observe(host, pid, { ranges }).sizes;
        assert.deepEqual([...blocks.block.subarray(0, blocks.count)], [firstBlock + 1]);
        assert.equal(blocks.level[0], MAPPING_LEVEL.pmd);
      }));

    it('changes nothing by looking', () =>
      on(stage, async ({ machine, firstBlock }) => {
        const first = seen(machine.host, machine.pid, firstBlock);
        assert.deepEqual(seen(machine.host, machine.pid, firstBlock), first);
      }));

    it('sees the same on a recording', () =>
      on(stage, async ({ machine: { host, pid }, firstBlock }) => {
        let live: unknown;
        const recorded = await recordingOf(host, async (recorder) => {
          live = seen(recorder, pid, firstBlock);
        });
        assert.deepEqual(seen(recorded, pid, firstBlock), live);
      }));

    it('says of a process that ended that it is gone', () =>
      on(stage, async ({ machine }) => {
        await machine.end();
        assert.throws(
          () => observe(machine.host, machine.pid),
          (problem: OctavoError) => problem.code === 'TARGET_GONE',
        );
      }));

    for (const one of CASES) it(`judges ${one.name}: ${one.outcome}, ${one.cause}`, () => judge(stage, one));
  });
}

async function judge(stage: Stage, one: VerdictCase): Promise<void> {
  const prepared = await fourBlocks(stage);
  const { machine, firstBlock } = prepared;
  try {
    await one.prepare?.(machine);
    const plan = await planOne(machine, one.action, firstBlock + one.block);
    await one.between?.(machine);
    const directory = stage.stateDirectory();
    machine.host.files.makeDirectory(directory);
    const { verdicts } = await applyPlan({
      place: { host: machine.host, directory },
      plan,
      actuators: actuatorsOf(machine.host, ['madvise']),
      signal: new AbortController().signal,
      progress: () => undefined,
    });
    assert.equal(verdicts.length, 1);
    const [verdict] = verdicts;
    assert.deepEqual(VerdictSchema.parse(verdict), verdict);
    assert.deepEqual([verdict.outcome, verdict.cause], [one.outcome, one.cause], verdict.why);
    assert.ok(verdict.why.length > 10);
    if (one.residentPages !== undefined)
      assert.equal(verdict.residentDelta, one.residentPages * machine.host.identity.geometry.pageBytes);
  } finally {
    await machine.end();
  }
}

async function planOne(machine: Machine, action: 'split' | 'collapse', block: number): Promise<Plan> {
  const { host, pid } = machine;
  const { plan } = await planTurn({
    host,
    id: 'contract',
    target: String(pid),
    processes: [identityOf(host, pid)],
    sources: [],
    policy: policyOf(POLICIES['named-blocks']),
    parameters: {
      ...DEFAULT_PARAMETERS,
      named: [
        { pid, split: action === 'split' ? [block] : [], collapse: action === 'collapse' ? [block] : [] },
      ],
    },
    actuators: actuatorsOf(host, ['madvise']),
    budgets: BUDGETS,
    feuds: new Map(),
    insist: true,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  assert.equal(plan.steps.length, 1, JSON.stringify(plan.refused));
  return plan;
}

/** Pages by order of each of the four blocks, and whether a PMD maps it, as Octavo sees them. */
function seen(host: Host, pid: number, firstBlock: number): unknown {
  const { blocks } = observe(host, pid).sizes;
  return [0, 1, 2, 3].map((i) => {
    const row = rowOfBlock(blocks, firstBlock + i);
    if (row < 0) return { pmd: false, orders: {} };
    const counts = [...blocks.pagesByOrder.subarray(row * blocks.orders, (row + 1) * blocks.orders)];
    const orders = Object.fromEntries(counts.flatMap((pages, order) => (pages > 0 ? [[order, pages]] : [])));
    return { pmd: blocks.level[row] === MAPPING_LEVEL.pmd, orders };
  });
}

/** The same, counted page by page from pagemap, kpageflags and smaps, independently of Octavo's readers. */
function toldByFlags(machine: Machine): unknown {
  const { pagesPerBlock } = machine.host.identity.geometry;
  const { orders, huge } = ordersOfRegion(machine);
  return [0, 1, 2, 3].map((block) => {
    const counts: Record<string, number> = {};
    for (const order of orders.slice(block * pagesPerBlock, (block + 1) * pagesPerBlock))
      if (order !== '-') counts[order] = (counts[order] ?? 0) + 1;
    return { pmd: huge[block * pagesPerBlock], orders: counts };
  });
}

async function on(stage: Stage, act: (prepared: Prepared) => Promise<void>): Promise<void> {
  const prepared = await fourBlocks(stage);
  try {
    await act(prepared);
  } finally {
    await prepared.machine.end();
  }
}
