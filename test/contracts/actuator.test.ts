/** What every actuator promises, on a host that acts like Linux and keeps every call. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Actuator } from '../../src/actuators/actuator.js';
import { dryRun } from '../../src/actuators/dry-run.js';
import { ACTUATORS, type ActuatorName } from '../../src/actuators/kinds/catalogue.js';
import { actuatorsOf } from '../../src/config/assemble.js';
import { ReceiptSchema, type Step } from '../../src/vocabulary/plan.js';
import { PID, ScriptedHost } from '../support/scripted-host.js';
import { planFor } from '../support/turns.js';

interface Act {
  readonly host: ScriptedHost;
  readonly actuator: Actuator;
  readonly steps: readonly Step[];
}

/** Steps that an actuator can do, on four blocks: the action and order are the first of its abilities. */
async function prepared(name: ActuatorName): Promise<Act> {
  const ability = actuatorsOf(new ScriptedHost([9]), [name])[0].abilities[0];
  const host = new ScriptedHost(Array(4).fill(ability.action === 'split' ? 9 : 0));
  const plan = await planFor(host, { [ability.action]: [0, 1, 2, 3], order: ability.orders[0] });
  host.log.length = 0;
  return { host, actuator: actuatorsOf(host, [name])[0], steps: plan.steps };
}

function target(host: ScriptedHost) {
  const opened = host.calls.openProcess(PID);
  assert.ok(opened.ok);
  return opened.value;
}

/** What an actuator misses on the scripted host, which has no DAMON: that one acts in test/conformance, on the model. */
function lacking(name: ActuatorName): string | false {
  const missing = actuatorsOf(new ScriptedHost([9]), [name])[0].abilities.map((ability) => ability.missing);
  return missing.every((reason) => reason !== '') && `${missing[0]} (acts in test/conformance)`;
}

for (const name of Object.keys(ACTUATORS) as ActuatorName[]) {
  const skip = lacking(name);
  describe(`actuator ${name}`, () => {
    it('says its name, its abilities and what is missing', () => {
      const { abilities, name: own } = actuatorsOf(new ScriptedHost([9]), [name])[0];
      assert.equal(own, name);
      assert.ok(abilities.length > 0 && abilities.every(({ orders }) => orders.length > 0));
      assert.ok(abilities.every(({ orders }) => !orders.includes(1)));
    });

    it('gives one receipt for each step, in order, and changes just those blocks', { skip }, async () => {
      const { host, actuator, steps } = await prepared(name);
      const chosen = [steps[2], steps[0]];
      const receipts = await actuator.apply(chosen, { host, target: target(host) });
      assert.deepEqual(
        receipts.map(({ step }) => step),
        chosen.map(({ id }) => id),
      );
      for (const receipt of receipts) assert.deepEqual(ReceiptSchema.parse(receipt), receipt);
      assert.ok(receipts.every(({ tried, answer, calls }) => tried && answer === 'ok' && calls.length > 0));
      const before = steps[0].proposal.action === 'split' ? 9 : 0;
      assert.deepEqual([host.blocks[1].order, host.blocks[3].order], [before, before]);
      assert.notEqual(host.blocks[0].order, before);
    });

    it('turns a target that is gone into receipts, not exceptions', { skip }, async () => {
      const { host, actuator, steps } = await prepared(name);
      const handle = target(host);
      host.alive = false;
      const receipts = await actuator.apply(steps, { host, target: handle });
      assert.deepEqual(
        receipts.map(({ answer }) => answer),
        steps.map(() => 'ESRCH'),
      );
    });

    it('does nothing in a dry run but say what it would do', { skip }, async () => {
      const { host, actuator, steps } = await prepared(name);
      const receipts = await dryRun(actuator).apply(steps, { host, target: target(host) });
      assert.deepEqual(host.log, []);
      assert.ok(receipts.every(({ tried, calls }) => !tried && calls.length > 0));
      assert.ok(actuator.describe(steps, PID).length >= steps.length);
    });
  });
}
