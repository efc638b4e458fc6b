import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import type { Plan } from '../../src/vocabulary/plan.js';
import { skipUnlessLive } from '../live/abilities.js';
import { type BlockTruth, blocksOf, isOneFolio, smapsKb } from '../live/page-truth.js';
import type { WorkloadClient } from '../live/workload-client.js';
import type { RunDocument } from './documents.js';
import { blockAddress, hugeRegion, MIB, quietWorkload } from './live-target.js';
import { OctavoRunner } from './octavo.js';

const BYTES = 256 * MIB;
const CHOSEN = 77;
const NAME = 'one block';

describe('one block of 256 MiB, split and taken back', { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  let workload: WorkloadClient;
  let region: MapAnswer;
  let original: readonly BlockTruth[];
  let checksum: string;
  let hugeOrder: number;

  before(async () => {
    workload = await quietWorkload();
    region = await hugeRegion(workload, NAME, BYTES);
    hugeOrder = Math.log2(region.blockBytes / region.pageBytes);
    // Full of data, so that the split has no zero-filled pages to give back and every frame can stay.
    await workload.ask('fill', { name: NAME, pattern: { all: true } });
    checksum = (await workload.ask('checksum', { name: NAME })).checksum;
    original = blocksOf(workload.pid, region);
  });

  after(async () => {
    await workload?.end();
    octavo.remove();
  });

  it('plans that block and nothing else, and changes nothing by planning', async () => {
    const words = [
      'plan',
      String(workload.pid),
      '--split',
      blockAddress(region, CHOSEN),
      '--actuator',
      'madvise',
    ];
    const plan = await octavo.json<Plan>([...words, '--out', octavo.path('plan.json')]);
    assert.deepEqual(
      plan.steps.map(({ proposal }) => [proposal.block, proposal.action, proposal.targetOrder]),
      [[Number(blockAddress(region, CHOSEN)) / region.blockBytes, 'split', 0]],
    );
    const dry = await octavo.run(['apply', octavo.path('plan.json'), '--dry-run']);
    assert.equal(dry.code, 0);
    assert.match(dry.stdout, /MADV_COLD/);
    assert.deepEqual(blocksOf(workload.pid, region), original);
  });

  it('splits it in place and leaves every other block on its frames', async () => {
    const huge = smapsKb(workload.pid, region, 'AnonHugePages');
    const applied = await octavo.json<RunDocument>(['apply', octavo.path('plan.json')]);
    assert.deepEqual(
      applied.verdicts.map(({ outcome }) => outcome),
      ['met'],
    );
    assert.equal(smapsKb(workload.pid, region, 'AnonHugePages') - huge, -2048);
    const now = blocksOf(workload.pid, region);
    assert.deepEqual(now[CHOSEN].frames, original[CHOSEN].frames);
    assert.deepEqual(now[CHOSEN].orders, Array(512).fill(0));
    for (const [index, block] of now.entries()) {
      if (index === CHOSEN) continue;
      assert.ok(isOneFolio(block, hugeOrder), `block ${index} is no longer one folio`);
      assert.equal(block.frames[0], original[index].frames[0], `block ${index} has moved`);
    }
    const content = await workload.ask('checksum', { name: NAME });
    assert.deepEqual([content.intact, content.checksum], [true, checksum]);
  });

  it('collapses it back by undo, onto other frames', async () => {
    const huge = smapsKb(workload.pid, region, 'AnonHugePages');
    const { runs } = await octavo.json<{ runs: { run: string }[] }>(['runs']);
    const undone = await octavo.json<RunDocument>(['undo', runs[0].run]);
    assert.deepEqual(
      undone.verdicts.map(({ outcome }) => outcome),
      ['met'],
    );
    assert.equal(smapsKb(workload.pid, region, 'AnonHugePages') - huge, 2048);
    const now = blocksOf(workload.pid, region);
    assert.ok(isOneFolio(now[CHOSEN], hugeOrder));
    assert.notEqual(now[CHOSEN].frames[0], original[CHOSEN].frames[0]);
    const others = (blocks: readonly BlockTruth[]) => blocks.filter((_, index) => index !== CHOSEN);
    assert.deepEqual(others(now), others(original));
    const content = await workload.ask('checksum', { name: NAME });
    assert.deepEqual([content.intact, content.checksum], [true, checksum]);
  });
});
