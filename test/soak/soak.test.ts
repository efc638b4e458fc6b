/** `node scripts/soak-agent.mjs` takes half an hour; this one shows that nothing is lost by a few of each fault. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { skipUnlessLive } from '../live/abilities.js';
import { rowText } from './report.js';
import { soak } from './soak.js';

const skip = process.geteuid?.() === 0 ? skipUnlessLive() : 'only root can start a process as another user';
/** What half a minute says nothing of, on a machine that does other things: rates, and times. */
const TOLD_ONLY =
  /^(own CPU|own memory|p99|SIGTERM|end of the other|still returned|target restarted|steps met)/;

describe('an agent that is soaked for a moment', { skip }, () => {
  it('loses nothing and touches nothing foreign', async () => {
    const report = await soak({
      ...{ minutes: 0.4, kills: 3, reloads: 4, restarts: 1, watched: 2, seed: 5 },
      tell: (row) => console.log(`# ${rowText(row)}`),
    });
    const wrong = report.failed.filter(({ what }) => !TOLD_ONLY.test(what));
    assert.deepEqual(wrong.map(rowText), []);
  });
});
