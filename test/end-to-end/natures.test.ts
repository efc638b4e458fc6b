/** What plan makes of recordings of every nature, and of recordings that it must not believe. */
import assert from 'node:assert/strict';
import { copyFileSync, utimesSync, writeFileSync } from 'node:fs';
import { after, before, describe, it, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { MapAnswer } from '../../demo/protocol.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { skipUnlessLive } from '../live/abilities.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { type BuiltAttr, PerfBuilder } from '../support/perf-builder.js';
import { hugeRegion, MIB, quietWorkload } from './live-target.js';
import { OctavoRunner } from './octavo.js';

interface PlanDocument {
  readonly steps: readonly unknown[];
  readonly notes: readonly string[];
  readonly passedOver: readonly { readonly code: string; readonly why: string; readonly blocks: number }[];
}

const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/natures/', import.meta.url));
const sampleType = F.identifier | F.tid | F.time | F.addr;

/** By nature: the event, whether plan may split by it, and what it says where it may not. */
const NATURES: Readonly<Record<string, { attr: Partial<BuiltAttr>; splits: boolean; why?: RegExp }>> = {
  'all accesses': { attr: { config: 0x83d0 }, splits: true },
  loads: { attr: { config: 0x81d0 }, splits: false, why: /all loads cannot tell: a page may be written/ },
  stores: { attr: { config: 0x82d0 }, splits: false, why: /all stores cannot tell: a page may be read/ },
  'slow loads': { attr: { config: 0x20d1 }, splits: false, why: /slow accesses cannot tell/ },
  'TLB misses': { attr: { config: 0x11d0 }, splits: false, why: /missed the TLB cannot tell/ },
  'page faults': { attr: { type: 1, config: 2 }, splits: false, why: /page faults cannot tell/ },
  breakpoint: { attr: { type: 5 }, splits: false, why: /no sample of memory accesses/ },
  cycles: { attr: { type: 0, config: 0 }, splits: false, why: /no sample of memory accesses/ },
  'context switches': { attr: { type: 1, config: 3 }, splits: false, why: /no sample of memory accesses/ },
};

describe('plan by recordings of every nature', { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  let workload: WorkloadClient;
  let region: MapAnswer;

  before(async () => {
    workload = await quietWorkload();
    region = await hugeRegion(workload, 'huge', 4 * MIB);
  });

  after(async () => {
    await workload?.end();
    octavo.remove();
  });

  /** A recording in which each block is accessed on five pages only, 400 times each, from `time` on. */
  function sparse(attrs: readonly Partial<BuiltAttr>[], { time = 1000, command = 'node' } = {}): PerfBuilder {
    const builder = new PerfBuilder();
    for (const [index, attr] of attrs.entries())
      builder.attr({ sampleType, ids: [index + 1], name: `event${index}`, period: 1009, ...attr });
    builder.describeEvents().describeMachine();
    if (command !== '') builder.comm(workload.pid, workload.pid, command);
    const perBlock = region.blockBytes / region.pageBytes;
    for (let round = 0; round < 400; round++) {
      for (const page of [0, 60, 130, 400, 511]) {
        for (const block of [0, 1]) {
          const addr = BigInt(region.firstPage + block * perBlock + page) * BigInt(region.pageBytes);
          for (const [index] of attrs.entries()) {
            const at = BigInt(time + round * 100 + page * 10 + block * 5 + index);
            builder.sample({ id: index + 1, pid: workload.pid, addr, time: at }, builder.attrs[index]);
          }
        }
      }
    }
    return builder;
  }

  function written(name: string, builder: PerfBuilder): string {
    writeFileSync(octavo.path(name), builder.file());
    return octavo.path(name);
  }

  const plan = (...words: readonly string[]) =>
    octavo.json<PlanDocument>(['plan', String(workload.pid), '--policy', 'split-sparse', ...words]);

  async function refused(code: string, words: RegExp, ...options: readonly string[]): Promise<void> {
    const ended = await octavo.run(['plan', String(workload.pid), ...options]);
    assert.match(ended.stderr, new RegExp(code));
    assert.match(ended.stderr, words);
    assert.notEqual(ended.code, 0);
  }

  for (const [name, { attr, splits, why }] of Object.entries(NATURES)) {
    it(`${name}: ${splits ? 'splits what is sparse' : 'leaves everything unknown, with the reason'}`, async () => {
      const { steps, passedOver } = await plan('--perf', written(`${name}.data`, sparse([attr])));
      assert.equal(steps.length, splits ? 2 : 0);
      if (why === undefined) return;
      const unknown = passedOver.filter((each) => why.test(each.why));
      assert.deepEqual([unknown[0]?.code, unknown[0]?.blocks], ['unknown-heat', 2]);
    });
  }

  it('heat files allow what their recording allowed', async () => {
    for (const [name, splits] of [
      ['all accesses', 2],
      ['slow loads', 0],
    ] as const) {
      const heat = octavo.path(`${name}.parquet`);
      const { code } = await octavo.run(['import', octavo.path(`${name}.data`), '--out', heat]);
      assert.equal(code, 0);
      assert.equal((await plan('--heat', heat)).steps.length, splits);
    }
  });

  it('several natures in a file: the best is used and named, --event chooses another', async () => {
    const both = written('both.data', sparse([{ type: 1, config: 2 }, { config: 0x83d0 }]));
    const best = await plan('--perf', both);
    assert.equal(best.steps.length, 2);
    assert.match(best.notes.join('\n'), /all loads and stores \(event1; .*kept apart: page faults/);
    assert.equal((await plan('--perf', both, '--event', 'event0')).steps.length, 0);
    await refused('EVENT_ABSENT', /no event cycles, but event0, event1/, '--perf', both, '--event', 'cycles');
    await refused('USAGE', /--event is for the samples of --perf/, '--event', 'event0');
  });

  it('the same samples twice are refused in every way they can come', async () => {
    const data = octavo.path('all accesses.data');
    const heat = octavo.path('all accesses.parquet');
    copyFileSync(data, octavo.path('copy.data'));
    const merged = octavo.path('merged.parquet');
    const later = written('later.data', sparse([{ config: 0x83d0 }], { time: 500_007 }));
    assert.equal((await octavo.run(['import', data, later, '--out', merged])).code, 0);
    const again = /repeats samples of .* \(all of them\)/;
    await refused('HEAT_REPEATED', again, '--perf', data, '--perf', octavo.path('copy.data'));
    await refused('HEAT_REPEATED', again, '--perf', data, '--heat', heat);
    await refused('HEAT_REPEATED', again, '--heat', heat, '--heat', heat);
    await refused('HEAT_REPEATED', again, '--heat', merged, '--heat', heat);
    const imported = await octavo.run(['import', data, octavo.path('copy.data'), '--json']);
    assert.deepEqual([imported.code, /HEAT_REPEATED/.test(imported.stderr)], [3, true], imported.stderr);
    assert.equal((await plan('--perf', data, '--perf', later)).steps.length, 2, 'independent ones add up');
  });

  it('two events for one access are one sample', async () => {
    const twice = written('twice.data', sparse([{ config: 0x83d0 }, { config: 0x83d0 }]));
    const heat = octavo.path('twice.parquet');
    const imported = await octavo.json<{ losses: Record<string, number> }>(['import', twice, '--out', heat]);
    assert.deepEqual(imported.losses, {
      'samples of event1, which samples the same accesses as event0': 4000,
    });
    const report = await octavo.json<{ hottest: { samples: number }[] }>(['report', heat]);
    assert.deepEqual(
      report.hottest.map(({ samples }) => samples),
      [2000, 2000],
    );
  });

  it('heat of another command, or from before the process started, is refused', async () => {
    const other = written('other.data', sparse([{ config: 0x83d0 }], { command: 'postgres' }));
    await refused('HEAT_OTHER_PROCESS', /recorded as postgres, and is now node/, '--perf', other);
    assert.equal((await octavo.run(['import', other, '--out', octavo.path('other.parquet')])).code, 0);
    await refused('HEAT_OTHER_PROCESS', /recorded as postgres/, '--heat', octavo.path('other.parquet'));
    const old = written('old.data', sparse([{ config: 0x83d0 }]));
    utimesSync(old, new Date('2020-01-01'), new Date('2020-01-01'));
    await refused('HEAT_OTHER_PROCESS', /before the process started/, '--perf', old);
  });

  it('says how old heat is, and weighs old heat less', async () => {
    const heat = octavo.path('all accesses.parquet');
    const { notes, steps } = await plan('--heat', heat);
    assert.match(
      notes.join('\n'),
      /recorded at least [\d.]+ (s|min) ago .* half-life of 1 h it still weighs/,
    );
    assert.equal(steps.length, 2);
    const short = await plan('--heat', heat, '--half-life', '100ms');
    assert.equal(short.steps.length, 0, 'faded heat proves nothing');
  });
});

for (const [file, events] of [
  ['page-faults.data', ['first-touches']],
  ['breakpoint.data', ['nothing']],
  ['two-events.data', ['first-touches', 'first-touches']],
] as const) {
  test(`what perf recorded as ${file} is no heat`, async (context) => {
    const octavo = new OctavoRunner();
    context.after(() => octavo.remove());
    const heat = octavo.path('heat.parquet');
    const imported = await octavo.json<{ events: { nature: string }[] }>([
      'import',
      `${FIXTURES}${file}`,
      '--out',
      heat,
    ]);
    assert.deepEqual(
      imported.events.map(({ nature }) => nature).filter((nature) => nature !== 'unknown'),
      [...events],
    );
    const report = await octavo.json<{ sparse: { certain: number; unknown: number }; cannotTell: object }>([
      'report',
      heat,
    ]);
    assert.equal(report.sparse.certain, 0);
    assert.ok(report.sparse.unknown > 0);
    assert.ok(Object.values(report.cannotTell).every((why) => why !== ''));
    const text = await octavo.run(['report', heat]);
    assert.match(text.stdout, /which blocks are hotter than others is unknown/);
  });
}

test('load latency above 400 cycles is slow accesses; its blocks may be sparse or not', async (context) => {
  const octavo = new OctavoRunner();
  context.after(() => octavo.remove());
  const builder = new PerfBuilder().attr({
    sampleType,
    ids: [1],
    name: 'cpu/mem-loads,ldlat=400/P',
    config: 0x1cd,
    config1: 400,
  });
  builder.describeEvents().describeMachine();
  for (let at = 0; at < 2000; at++)
    builder.sample({ id: 1, pid: 5, time: BigInt(at), addr: 0x7f0000000000n + BigInt(at % 20) * 4096n });
  writeFileSync(octavo.path('slow.data'), builder.file());
  const heat = octavo.path('heat.parquet');
  assert.equal((await octavo.run(['import', octavo.path('slow.data'), '--out', heat])).code, 0);
  const { stdout } = await octavo.run(['report', heat]);
  assert.match(stdout, /samples of slow accesses \(cpu\/mem-loads,ldlat=400\/P\)/);
  assert.match(stdout, /which blocks are sparse is unknown/);
  assert.match(stdout, /at least 0\.0 %, at most 100\.0 % of the blocks/);
});
