/** The scenarios of the lab on the model kernel: the same rows, held to the same table of differences. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS } from './catalogue.js';
import { traitsOf } from './differences.js';
import { type ModelRelease, modelStage } from './model-stage.js';
import { compareRows } from './scenario.js';
import { guestMemory } from './scenarios/guest-memory.js';

const RELEASES: readonly ModelRelease[] = ['7.3', '7.2', '6.12', 'octavo'];

for (const release of RELEASES) {
  for (const scenario of [...SCENARIOS, guestMemory]) {
    test(`model ${release}: ${scenario.name}`, async () => {
      const stage = modelStage(release, () => undefined, scenario);
      const rows = await scenario.run(stage);
      assert.deepEqual(compareRows(scenario.expected(traitsOf(stage.kernel)), rows), []);
    });
  }
}
