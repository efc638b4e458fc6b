import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ExerciseReport, MapAnswer } from '../../demo/protocol.js';
import type { Plan } from '../../src/vocabulary/plan.js';
import { skipUnlessLive } from '../live/abilities.js';
import { smapsKb } from '../live/page-truth.js';
import type { WorkloadClient } from '../live/workload-client.js';
import type { RunDocument } from './documents.js';
import { addressRange, firstBlock, hugeBlocks, hugeRegion, MIB, quietWorkload } from './live-target.js';
import { OctavoRunner } from './octavo.js';

const BLOCKS = 128;
const NAME = 'counted';
/** Known numbers of used sub-pages, from 1 to all 512. */
const USED = Array.from({ length: BLOCKS }, (_, block) => 1 + Math.round((block * 511) / (BLOCKS - 1)));
/** The rule as documented: more than 409 of 512 sub-pages zero. */
const NAMED = USED.map((used) => 512 - used > 409);

describe('return-empty on 128 huge pages with 1 to 512 used sub-pages', { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  let workload: WorkloadClient;
  let region: MapAnswer;
  let control: MapAnswer;
  let rssBefore: number;
  let report: ExerciseReport;

  before(async () => {
    workload = await quietWorkload();
    region = await hugeRegion(workload, NAME, BLOCKS * 2 * MIB);
    control = await hugeRegion(workload, 'control', 2 * MIB);
    await workload.ask('fill', { name: NAME, pattern: { perBlock: USED } });
    await workload.ask('fill', { name: 'control', pattern: { all: true } });
  });

  after(async () => {
    await workload?.end();
    octavo.remove();
  });

  it('plans just the blocks that its rule names, with the bytes each brings', async () => {
    const words = [
      'plan',
      String(workload.pid),
      '--policy',
      'return-empty',
      '--out',
      octavo.path('plan.json'),
    ];
    const plan = await octavo.json<Plan>(words);
    const first = firstBlock(region);
    const planned = plan.steps.map(({ proposal }) => proposal.block - first).sort((a, b) => a - b);
    const named = NAMED.flatMap((is, block) => (is ? [block] : []));
    assert.deepEqual(planned, named);
    for (const { proposal } of plan.steps) {
      const zero = 512 - USED[proposal.block - first];
      assert.equal(proposal.gain.returnedBytes, zero * region.pageBytes);
    }
  });

  it('splits exactly those while two threads read and write, and RSS falls by exactly their zero pages', async () => {
    rssBefore = smapsKb(workload.pid, region, 'Rss');
    const controlBefore = hugeBlocks(workload.pid, control);
    await workload.ask('start', { name: NAME, readers: 1, writers: 1, restUs: 300 });
    const applied = await octavo.json<RunDocument>(['apply', octavo.path('plan.json')]);
    report = await workload.ask('stop', { name: NAME });
    assert.ok(applied.verdicts.every(({ outcome }) => outcome === 'met'));
    assert.deepEqual(
      hugeBlocks(workload.pid, region),
      NAMED.map((is) => !is),
    );
    const zeroPages = USED.reduce((sum, used, block) => sum + (NAMED[block] ? 512 - used : 0), 0);
    assert.equal(rssBefore - smapsKb(workload.pid, region, 'Rss'), zeroPages * 4);
    assert.equal(
      applied.verdicts.reduce((sum, { residentDelta }) => sum + residentDelta, 0),
      -zeroPages * 4096,
    );
    assert.deepEqual(hugeBlocks(workload.pid, control), controlBefore);
  });

  it('loses and changes nothing', async () => {
    assert.equal(report.errors, 0, report.firstErrors.join('; '));
    assert.ok(report.reads > 1000 && report.writes > 1000, `${report.reads} reads, ${report.writes} writes`);
    for (const name of [NAME, 'control']) {
      const content = await workload.ask('checksum', { name });
      assert.ok(content.intact, content.firstWrong.join('; '));
    }
  });

  it('has nothing left to do at a second look', async () => {
    const plan = await octavo.json<Plan>(['plan', String(workload.pid), '--policy', 'return-empty']);
    assert.deepEqual(plan.steps, []);
    assert.ok(
      plan.passedOver.some(({ code, blocks }) => code === 'no-gain' && blocks > 0),
      addressRange(region),
    );
  });
});
