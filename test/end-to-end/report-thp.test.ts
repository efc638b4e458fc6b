/** The histogram of live huge pages: which share of their sub-pages is accessed, and of how many that is unknown. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { skipUnlessLive } from '../live/abilities.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { hugeBlocks, hugeRegion, MIB, quietWorkload } from './live-target.js';
import { OctavoRunner } from './octavo.js';

interface Report {
  readonly histogram: {
    readonly blocks: number;
    readonly unknown: number;
    readonly bins: readonly { readonly least: number; readonly most: number }[];
  };
  readonly huge?: { readonly blocks: number; readonly withoutSamples: number };
}

describe('report --thp', { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  let workload: WorkloadClient;
  let huge: MapAnswer;
  let small: MapAnswer;

  before(async () => {
    workload = await quietWorkload();
    huge = await hugeRegion(workload, 'huge', 8 * MIB);
    small = await workload.ask('map', { name: 'small', bytes: 8 * MIB, huge: 'never', populate: true });
    const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr, name: 'loads' });
    const touch = (page: number, times: number) => {
      for (let i = 0; i < times; i++)
        builder.sample({ pid: workload.pid, addr: BigInt(page) * BigInt(huge.pageBytes) });
    };
    const perBlock = huge.blockBytes / huge.pageBytes;
    // The first block is used all over, the second on five pages, the third was seen once, the fourth never.
    for (let page = 0; page < perBlock; page++) touch(huge.firstPage + page, 8);
    for (let page = 0; page < 5; page++) touch(huge.firstPage + perBlock + 100 * page, 200);
    touch(huge.firstPage + 2 * perBlock, 1);
    for (let page = 0; page < 5; page++) touch(small.firstPage + page, 200);
    writeFileSync(octavo.path('perf.data'), builder.describeEvents().file());
    const words = ['import', octavo.path('perf.data'), '--out', octavo.path('heat.parquet')];
    assert.equal((await octavo.run(words)).code, 0);
  });

  after(async () => {
    await workload?.end();
    octavo.remove();
  });

  it('counts huge pages only, those without samples as unknown', async () => {
    assert.ok(hugeBlocks(workload.pid, huge).every((isHuge) => isHuge));
    const { histogram, huge: counted } = await octavo.json<Report>([
      'report',
      octavo.path('heat.parquet'),
      '--thp',
    ]);
    assert.ok(counted !== undefined && counted.blocks >= 4);
    assert.equal(counted.withoutSamples, counted.blocks - 3);
    assert.equal(histogram.blocks, counted.blocks);
    assert.deepEqual([histogram.bins[0].least, histogram.bins[9].least], [1, 1]);
    assert.equal(histogram.unknown, counted.blocks - 2);
    assert.ok(histogram.bins.every(({ least, most }) => most === least + histogram.unknown));
  });

  it('without it every block with samples counts, whatever its pages', async () => {
    const { histogram, huge: counted } = await octavo.json<Report>(['report', octavo.path('heat.parquet')]);
    assert.equal(counted, undefined);
    assert.deepEqual([histogram.blocks, histogram.bins[0].least, histogram.bins[9].least], [4, 2, 1]);
  });

  it('is refused when the processes have ended', async () => {
    await workload.end();
    const ended = await octavo.run(['report', octavo.path('heat.parquet'), '--thp']);
    assert.equal(ended.code, 4);
    assert.match(ended.stderr, /RECORDED_GONE/);
  });
});
