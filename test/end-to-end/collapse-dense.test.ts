import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import type { Plan } from '../../src/vocabulary/plan.js';
import { skipUnlessLive } from '../live/abilities.js';
import { smapsKb } from '../live/page-truth.js';
import type { WorkloadClient } from '../live/workload-client.js';
import type { RunDocument } from './documents.js';
import { firstBlock, hugeBlocks, MIB, quietWorkload } from './live-target.js';
import { OctavoRunner } from './octavo.js';

describe('collapse-dense on small pages', { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  let workload: WorkloadClient;
  let dense: MapAnswer;
  let sparse: MapAnswer;
  let plan: Plan;

  before(async () => {
    workload = await quietWorkload();
    dense = await workload.ask('map', { name: 'dense', bytes: 64 * MIB });
    await workload.ask('fill', { name: 'dense', pattern: { all: true } });
    sparse = await workload.ask('map', { name: 'sparse', bytes: 16 * MIB });
    await workload.ask('fill', { name: 'sparse', pattern: { every: 512, first: 100 } });
    assert.equal(smapsKb(workload.pid, dense, 'AnonHugePages'), 0);
    const words = [
      'plan',
      String(workload.pid),
      '--policy',
      'collapse-dense',
      '--out',
      octavo.path('plan.json'),
    ];
    plan = await octavo.json<Plan>([...words, '--max-pressure', '100', '--min-free-blocks', '0']);
  });

  after(async () => {
    await workload?.end();
    octavo.remove();
  });

  it('refuses a range with one page in 512, because 4 kB would become 2048 kB', () => {
    assert.deepEqual(stepsIn(plan, sparse), []);
    const passed = plan.passedOver.find(({ why }) => why.includes('4 kB would become 2048 kB'));
    assert.equal(passed?.code, 'would-grow');
    assert.ok((passed?.blocks ?? 0) >= 8);
  });

  it('collapses 64 MiB of dense pages to +65536 kB, content unchanged', async () => {
    assert.equal(stepsIn(plan, dense).length, 32);
    const before = await workload.ask('checksum', { name: 'dense' });
    // The plan may hold a full block of the workload's own heap as well, which can shrink before it is applied.
    const applied = await octavo.json<RunDocument>(['apply', octavo.path('plan.json')], [0, 7]);
    const wanted = new Set(stepsIn(plan, dense).map(({ id }) => id));
    const verdicts = applied.verdicts.filter(({ step }) => wanted.has(step));
    assert.deepEqual([verdicts.length, verdicts.every(({ outcome }) => outcome === 'met')], [32, true]);
    assert.equal(smapsKb(workload.pid, dense, 'AnonHugePages'), 65_536);
    assert.equal(smapsKb(workload.pid, dense, 'Rss'), 65_536);
    assert.ok(hugeBlocks(workload.pid, dense).every(Boolean));
    assert.equal(smapsKb(workload.pid, sparse, 'Rss'), 8 * 4);
    const now = await workload.ask('checksum', { name: 'dense' });
    assert.deepEqual([now.intact, now.checksum], [true, before.checksum]);
  });
});

function stepsIn(plan: Plan, region: MapAnswer) {
  const first = firstBlock(region);
  const blocks = region.bytes / region.blockBytes;
  return plan.steps.filter(({ proposal }) => proposal.block >= first && proposal.block < first + blocks);
}
