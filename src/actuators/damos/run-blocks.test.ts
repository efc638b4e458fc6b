import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mappingsIn } from '../../../test/conformance/measure.js';
import { type ModelRelease, modelStage } from '../../../test/conformance/model-stage.js';
import { blocksOf, upTo } from '../../../test/conformance/steps.js';
import { QUIET, withThp } from '../../../test/conformance/thp-stage.js';
import { DamonSlot } from '../../damon/slot.js';
import { NO_PACING, type Pacing } from './block-context.js';
import { runOnBlocks } from './run-blocks.js';

const BLOCKS = 8;

async function run(release: ModelRelease, pacing: Pacing, kill = false) {
  const stage = modelStage(release, () => undefined);
  const { host } = stage;
  return withThp(host, { enabled: 'never', ...QUIET }, async () => {
    const workload = await stage.startWorkload();
    const range = await workload.map(BLOCKS, 'anon');
    await workload.touch(range, 512);
    const slot = await DamonSlot.open(host, { share: false });
    assert.ok(slot.ok);
    const began = host.clock.monotonicNs();
    const blocks = blocksOf(host, range, upTo(1, 7));
    if (kill) await workload.end();
    const order = { pid: workload.pid, action: 'hugepage', targetOrder: undefined, blocks };
    const outcome = await runOnBlocks(slot.value, order, pacing);
    const seconds = (host.clock.monotonicNs() - began) / 1e9;
    await slot.value.close();
    const marked = kill
      ? []
      : mappingsIn(host, workload.pid, range).map(({ range: { start, end }, flags }) =>
          flags.includes('hg') ? (end - start) / 512 : 0,
        );
    return { outcome, seconds, marked };
  });
}

for (const release of ['7.3', '6.12'] as const) {
  test(`${release}: without a pace all blocks are done in one pass`, async () => {
    const { outcome, seconds, marked } = await run(release, NO_PACING);
    assert.deepEqual([outcome.end, outcome.statistics.applied], ['done', 6n]);
    assert.deepEqual(marked, [0, 6, 0]);
    assert.ok(seconds < 2.5, `${seconds} s`);
  });

  test(`${release}: two blocks a second take two seconds more, and still just those blocks are done`, async () => {
    const { outcome, seconds, marked } = await run(release, { blocksPerSecond: 2, minFreePermil: 0 });
    assert.equal(outcome.end, 'done');
    assert.equal(outcome.statistics.applied, 6n);
    assert.deepEqual(marked, [0, 6, 0]);
    assert.ok(seconds >= 2, `${seconds} s`);
  });

  test(`${release}: while memory is scarcer than the reserve nothing is done`, async () => {
    const { outcome, marked } = await run(release, { blocksPerSecond: 0, minFreePermil: 999 });
    assert.deepEqual([outcome.end, outcome.statistics.tried], ['no-pass', 0n]);
    assert.deepEqual(marked, [0]);
  });

  test(`${release}: a target that is gone is refused, not thrown`, async () => {
    const { outcome } = await run(release, NO_PACING, true);
    assert.deepEqual([outcome.end, outcome.refusal?.errno], ['refused', 'EINVAL']);
  });
}
