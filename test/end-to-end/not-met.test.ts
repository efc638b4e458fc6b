import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import type { Verdict } from '../../src/vocabulary/plan.js';
import { skipUnlessLive } from '../live/abilities.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { DONE, NOT_ALL_MET, type RunDocument } from './documents.js';
import { blockAddress, hugeBlocks, hugeRegion, MIB, quietWorkload } from './live-target.js';
import { OctavoRunner } from './octavo.js';

const NAME = 'stubborn';

describe('memory that cannot be changed', { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  let workload: WorkloadClient;

  beforeEach(async () => {
    workload = await quietWorkload();
  });

  afterEach(() => workload.end());
  after(() => octavo.remove());

  it('fork-shared: not met, cause shared; met once the child is gone', async () => {
    const region = await hugeRegion(workload, NAME, 4 * MIB);
    await workload.ask('fill', { name: NAME, pattern: { all: true } });
    const { pid } = await workload.ask('fork', {});
    const verdict = await tryTo('split', region);
    assert.deepEqual([verdict.outcome, verdict.cause], ['not-met', 'shared']);
    await workload.ask('reap', { pid });
    assert.equal((await tryTo('split', region, DONE)).outcome, 'met');
    assert.deepEqual(hugeBlocks(workload.pid, region), [false, true]);
  });

  it('mlocked: not met, cause mlocked', async () => {
    const region = await hugeRegion(workload, NAME, 4 * MIB);
    await workload.ask('mlock', { name: NAME });
    const verdict = await tryTo('split', region);
    assert.deepEqual([verdict.outcome, verdict.cause], ['not-met', 'mlocked']);
    assert.deepEqual(hugeBlocks(workload.pid, region), [true, true]);
  });

  it('pinned by vmsplice: not met, cause pinned; met once the pipe is closed', async () => {
    const region = await hugeRegion(workload, NAME, 4 * MIB);
    await workload.ask('fill', { name: NAME, pattern: { all: true } });
    await workload.ask('pin', { name: NAME, from: 5, pages: 1 });
    const verdict = await tryTo('split', region);
    assert.deepEqual([verdict.outcome, verdict.cause], ['not-met', 'pinned']);
    await workload.ask('unpin', { name: NAME });
    assert.equal((await tryTo('split', region, DONE)).outcome, 'met');
  });

  it('NOHUGEPAGE: collapse not met, cause nohugepage', async () => {
    const region = await workload.ask('map', { name: NAME, bytes: 4 * MIB, huge: 'never' });
    await workload.ask('fill', { name: NAME, pattern: { all: true } });
    const verdict = await tryTo('collapse', region);
    assert.deepEqual([verdict.outcome, verdict.cause], ['not-met', 'nohugepage']);
    assert.deepEqual(hugeBlocks(workload.pid, region), [false, false]);
  });

  it('pinned small pages: collapse not met, cause pinned', async () => {
    const region = await workload.ask('map', { name: NAME, bytes: 4 * MIB });
    await workload.ask('fill', { name: NAME, pattern: { all: true } });
    await workload.ask('pin', { name: NAME, from: 5, pages: 1 });
    const verdict = await tryTo('collapse', region);
    assert.deepEqual([verdict.outcome, verdict.cause], ['not-met', 'pinned']);
  });

  /** Asks for the region's first block through madvise, checks that it was tried once, and answers the verdict. */
  async function tryTo(
    action: 'split' | 'collapse',
    region: MapAnswer,
    exit: number = NOT_ALL_MET,
  ): Promise<Verdict> {
    const words = [
      'plan',
      String(workload.pid),
      `--${action}`,
      blockAddress(region, 0),
      '--actuator',
      'madvise',
    ];
    const pressure = ['--max-pressure', '100', '--min-free-blocks', '0'];
    await octavo.json([...words, ...pressure, '--out', octavo.path('plan.json')]);
    const applied = await octavo.json<RunDocument>(['apply', octavo.path('plan.json')], [exit]);
    assert.deepEqual([applied.receipts.length, applied.verdicts.length], [1, 1]);
    const calls = applied.receipts[0].calls.length;
    assert.ok(calls <= 2, `${calls} calls for one block`);
    const content = await workload.ask('checksum', { name: NAME });
    assert.ok(content.intact, content.firstWrong.join('; '));
    return applied.verdicts[0];
  }
});
