import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { policyKind } from '../policies/policy.js';
import { share, toggle } from '../vocabulary/kind.js';
import { ablationsOf } from './contenders/ablations.js';
import { CONTENDERS } from './contenders/catalogue.js';
import { dress, placeOf } from './dress.js';
import { tableScenarios } from './workload-table.js';

const kind = policyKind({
  brief: 'for tests',
  parameters: z.strictObject({
    orders: toggle({ brief: 'orders between' }).default(true),
    bothWays: toggle({ brief: 'collapse as well' }).default(true),
    wild: toggle({ brief: 'off by itself' }).default(false),
    least: share({ brief: 'a number' }).default(0.5),
  }),
  make: () => ({ name: 'whole', propose: () => ({ proposals: [], passedOver: [] }) }),
});

test('each switch that is on by itself is switched off once', () => {
  const chain = CONTENDERS.find(({ name }) => name === 'chain');
  assert.ok(chain !== undefined);
  const parts = ablationsOf({ ...chain, name: 'whole' }, kind);
  assert.deepEqual(
    parts.map(({ name }) => name),
    ['whole-without-orders', 'whole-without-both-ways'],
  );
  const [{ scenario }] = tableScenarios();
  assert.deepEqual(dress(scenario, parts[1]).agent?.parameters, { bothWays: false });
  const rule = parts[1].rule?.(placeOf(scenario));
  assert.deepEqual(rule?.kind.parameters.parse(rule.parameters), {
    orders: true,
    bothWays: false,
    wild: false,
    least: 0.5,
  });
  assert.deepEqual(ablationsOf({ ...chain, name: 'no-such-policy' }), []);
});
