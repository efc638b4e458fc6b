/** What every actuator promises, on the model kernel, judged by page sizes as on Linux. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Actuator } from '../../src/actuators/actuator.js';
import { dryRun } from '../../src/actuators/dry-run.js';
import { ACTUATORS, type ActuatorName } from '../../src/actuators/kinds/catalogue.js';
import { actuatorsOf } from '../../src/config/assemble.js';
import { planTurn } from '../../src/cycle/plan-turn.js';
import { type ModelHost, modelHost } from '../../src/model/host/model-host.js';
import { exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { boot } from '../../src/model/kernel/boot.js';
import { violations } from '../../src/model/kernel/checks/invariants.js';
import { installDamon } from '../../src/model/kernel/damon/on-model/model-damon.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { DEFAULT_BUDGETS } from '../../src/planning/budgets.js';
import { POLICIES } from '../../src/policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../../src/policies/policy.js';
import { identityOf, observe } from '../../src/verification/observe.js';
import { ReceiptSchema, type Step } from '../../src/vocabulary/plan.js';
import { MIB } from '../../src/vocabulary/units.js';
import { fill } from '../model/model-fixture.js';

interface Act {
  readonly host: ModelHost;
  readonly process: Process;
  readonly first: number;
  readonly actuator: Actuator;
  readonly steps: readonly Step[];
}

/** A process of four blocks full of data, huge where the actuator splits, and steps for all of them. */
async function prepared(name: ActuatorName): Promise<Act> {
  const kernel = boot({ memoryBytes: 512 * MIB });
  installDamon(kernel, { generation: '7.3-rfc' });
  const host = modelHost(kernel);
  // The model has no type information that tells what its DAMOS can do, so it is asked by a scratch scheme.
  const actuator = actuatorsOf(host, [name], { askDamon: true })[0];
  const { action, orders } = actuator.abilities.find(({ missing }) => missing === '')!;
  kernel.thp.enabled = action === 'split' ? 'always' : 'never';
  const process = spawn(kernel, { command: 'victim' });
  const base = mmap(kernel, process.mm!, { pages: 4 * 512, at: 0x100000000000 / 4096 }) as number;
  fill({ kernel, process, base }, base, 4 * 512);
  const first = base / 512;
  const named = [first, first + 1, first + 2, first + 3];
  const { plan } = await planTurn({
    host,
    id: 'plan-1',
    target: String(process.pid),
    processes: [identityOf(host, process.pid)],
    sources: [],
    policy: policyOf(POLICIES['named-blocks']),
    parameters: {
      ...DEFAULT_PARAMETERS,
      order: orders[0],
      named: [
        {
          pid: process.pid,
          split: action === 'split' ? named : [],
          collapse: action === 'collapse' ? named : [],
        },
      ],
    },
    actuators: [actuator],
    budgets: { ...DEFAULT_BUDGETS, maxBlocks: 16 },
    feuds: new Map(),
    insist: true,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  assert.equal(plan.steps.length, 4, JSON.stringify(plan.refused));
  return { host, process, first, actuator, steps: plan.steps };
}

/** Order by block: that of the largest folio in it. */
function orders({ host, process, first }: Act): number[] {
  const { blocks } = observe(host, process.pid).sizes;
  const row = [...blocks.block].indexOf(first);
  return [0, 1, 2, 3].map((i) => {
    const counts = blocks.pagesByOrder.slice((row + i) * blocks.orders, (row + i + 1) * blocks.orders);
    return counts.findLastIndex((pages) => pages > 0);
  });
}

for (const name of Object.keys(ACTUATORS) as ActuatorName[]) {
  describe(`actuator ${name} on the model`, () => {
    it('gives one receipt for each step, in order, and changes just those blocks', async () => {
      const act = await prepared(name);
      const before = orders(act)[0];
      const byBlock = [...act.steps].sort((a, b) => a.proposal.block - b.proposal.block);
      const chosen = [byBlock[2], byBlock[0]];
      const target = act.host.calls.openProcess(act.process.pid);
      assert.ok(target.ok);
      const receipts = await act.actuator.apply(chosen, { host: act.host, target: target.value });
      assert.deepEqual(
        receipts.map(({ step }) => step),
        chosen.map(({ id }) => id),
      );
      for (const receipt of receipts) {
        assert.deepEqual(ReceiptSchema.parse(receipt), receipt);
        assert.ok(receipt.tried && receipt.durationUs > 0, JSON.stringify(receipt));
      }
      const { targetOrder } = chosen[0].proposal;
      assert.deepEqual(orders(act), [targetOrder, before, targetOrder, before]);
      assert.deepEqual(violations(act.host.kernel), []);
    });

    it('turns a target that is gone into receipts, not exceptions', async () => {
      const act = await prepared(name);
      const target = act.host.calls.openProcess(act.process.pid);
      assert.ok(target.ok);
      exit(act.host.kernel, act.process);
      const receipts = await act.actuator.apply(act.steps, { host: act.host, target: target.value });
      assert.equal(receipts.length, act.steps.length);
      assert.ok(
        receipts.every(({ answer }) => answer !== 'ok'),
        receipts.map(({ answer }) => answer).join(),
      );
    });

    it('does nothing in a dry run', async () => {
      const act = await prepared(name);
      const before = orders(act);
      const target = act.host.calls.openProcess(act.process.pid);
      assert.ok(target.ok);
      await dryRun(act.actuator).apply(act.steps, { host: act.host, target: target.value });
      assert.deepEqual(orders(act), before);
    });
  });
}
