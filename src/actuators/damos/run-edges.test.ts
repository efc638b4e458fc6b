/** What a run by DAMOS is told to have taken, and how long it is waited for, to the last poll. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepsFor } from '../../../test/conformance/steps.js';
import { btfOf, statLine, writtenHost } from '../../../test/support/written-host.js';
import { KDAMONDS } from '../../damon/kernel-files.js';
import type { Receipt } from '../../vocabulary/plan.js';
import { damosActuator } from '../damos.js';

const SCHEME = `${KDAMONDS}/0/contexts/0/schemes/0`;

/** A kernel whose DAMON makes a pass at once, or never. */
function kernel(files: Readonly<Record<string, string>> = {}, passes = true) {
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/proc/77/maps': '1400000-1c00000 rw-p\n',
    '/proc/77/stat': statLine(77, 5),
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_COLLAPSE', 'core_filters', 'max_nr_snapshots'),
    ...files,
  });
  world.react = (path, text) => {
    if (path.endsWith('/nr_kdamonds') && text === '1') {
      world.files.set(`${KDAMONDS}/0/state`, 'off\n');
      world.files.set(`${KDAMONDS}/0/contexts/nr_contexts`, '0\n');
    }
    if (text === 'on') world.files.set(`${KDAMONDS}/0/pid`, '31\n');
    if (text !== 'update_schemes_stats' || !passes) return;
    world.files.set(`${SCHEME}/stats/nr_snapshots`, '1\n');
    world.files.set(`${SCHEME}/stats/nr_tried`, '2\n');
  };
  return world;
}

async function applied(
  world: ReturnType<typeof kernel>,
  { blocks = [10, 11], isAlive = true } = {},
): Promise<readonly Receipt[]> {
  const wanted = { action: 'collapse', targetOrder: 9, actuator: 'damos' } as const;
  const steps = stepsFor(world.host, 77, blocks, wanted);
  const target = { pid: 77, isAlive: () => isAlive, close: () => undefined };
  return damosActuator(world.host).apply(steps, { host: world.host, target });
}

test('steps share the CPU time of the kdamond, or the time that passed where that is not told', async () => {
  const told = await applied(kernel({ '/proc/31/schedstat': '8000000 1 1\n' }));
  assert.deepEqual(
    told.map(({ durationUs }) => durationUs),
    [4000, 4000],
  );
  const untold = await applied(kernel());
  assert.deepEqual(
    untold.map(({ durationUs }) => durationUs),
    [30_000, 30_000],
  );
});

test('a step that was not tried took no time and made no call', async () => {
  for (const receipt of await applied(kernel(), { isAlive: false }))
    assert.deepEqual([receipt.tried, receipt.durationUs, receipt.calls], [false, 0, []]);
  const [cut] = await applied(kernel(), { blocks: [99] });
  assert.deepEqual([cut.tried, cut.durationUs, cut.calls], [false, 0, []]);
});

test('a pass that does not come is asked for until its time is over, and not once more', async () => {
  const world = kernel({}, false);
  const receipts = await applied(world);
  assert.match(receipts[0].answer, /^no pass was completed in time/);
  // Ten seconds and a tenth for each of two blocks, by polls of 60 ms.
  assert.deepEqual([world.sleeps.length, new Set(world.sleeps)], [170, new Set([60])]);
});
