import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS } from '../../test/support/drawing.js';
import { hostOf } from '../../test/support/perf-rows.js';
import type { HeatFacts } from '../formats/heat-file/facts.js';
import { HEAT_VERSION } from '../formats/heat-file/schema.js';
import { writeHeatFile } from '../formats/heat-file/write.js';
import type { Files } from '../host/host.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import type { OctavoError } from '../vocabulary/errors.js';
import { SAMPLE_FLAG } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { HeatFileSource } from './heat-file.js';

const GRANULARITY = { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false };
const ORIGIN: HeatFacts['origins'][number] = {
  ...{ source: 'perf-file', detail: 'a', granularity: GRANULARITY, tells: 'heat', windowNs: 5e9 },
  ...{ nature: 'loads', event: 'mem-loads', unseenShare: 0.1 },
};
const RECORDING: HeatFacts['recordings'][number] = {
  ...{
    name: 'a',
    fingerprint: 'f',
    sketch: [],
    samples: 3,
    event: 'mem-loads',
    period: 100,
    nature: 'loads',
  },
  ...{ unseenShare: 0.1, span: { fromMs: 1000, toMs: 3000, isExact: true }, bootId: 'b' },
  ...{ host: 'h', kernel: 'k', cpu: 'c' },
};
const FACTS: HeatFacts = {
  ...{ octavo: 'heat', version: HEAT_VERSION, page_bytes: 4096, block_bytes: 2 << 20, nature: 'loads' },
  origins: [ORIGIN],
  recordings: [RECORDING],
  processes: [
    { pid: PROCESS.pid, command: 'db', startTicks: 7 },
    { pid: 5, command: 'x', startTicks: null },
  ],
  slices: { clock: 'none', widthMs: null },
  ...{ thinned_to: 1, written_as: HEAT_VERSION, samples: 9, unplaced: {}, losses: { 'damaged samples': 2 } },
};

function opened(facts: Partial<HeatFacts> = {}, pages = 3): HeatFileSource {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  for (let page = 0; page < pages; page++) builder.addCount(1000 * 512 + page, page + 1, (page + 1) * 10);
  builder.addTlbMisses(1000 * 512 + 1, 1, 10);
  builder.addTlbMisses(1000 * 512 + 2, 3, 30);
  const bytes = writeHeatFile([builder.build([])], { ...FACTS, ...facts }, () => ({
    name: 'm',
    end: 2 ** 50,
  }));
  return open(bytes);
}

function open(bytes: Uint8Array): HeatFileSource {
  const readBytes: Files['readBytes'] = (path) =>
    path === '/h'
      ? { ok: true, value: Buffer.from(bytes) }
      : { ok: false, error: { errno: 'ENOENT', call: path } };
  return HeatFileSource.open({ ...hostOf({}).files, readBytes }, '/h');
}

async function rowsOf(source: HeatFileSource, signal = new AbortController().signal) {
  const rows: number[][] = [];
  const batches: number[] = [];
  const progress: number[][] = [];
  for await (const reading of source.read({
    signal,
    progress: (done, all) => void progress.push([done, all]),
  })) {
    assert.ok(reading.kind === 'samples');
    const { batch } = reading;
    batches.push(batch.count);
    for (let row = 0; row < batch.count; row++) {
      assert.ok(Number.isNaN(batch.time[row]));
      assert.deepEqual([batch.tid[row], batch.physicalPage[row], batch.kind[row]], [-1, -1, 0]);
      const page = batch.virtualPage[row] - 1000 * 512;
      rows.push([batch.pid[row], page, batch.times?.[row] ?? 0, batch.weight[row], batch.flags[row]]);
    }
  }
  return { rows, batches, progress };
}

test('a page has a row for its samples, and one for those of them that missed the TLB', async () => {
  const source = opened();
  const { rows, progress } = await rowsOf(source);
  assert.deepEqual(rows, [
    [PROCESS.pid, 0, 1, 10, 0],
    [PROCESS.pid, 1, 1, 10, 0],
    [PROCESS.pid, 1, 1, 10, SAMPLE_FLAG.tlbMiss],
    [PROCESS.pid, 2, 3, 30, SAMPLE_FLAG.tlbMiss],
  ]);
  assert.deepEqual(progress, [[3, 3]]);
  assert.deepEqual([...source.commands], [[PROCESS.pid, 'db']]);
});

test('all pages of a large file come, in batches that hold both rows of each', async () => {
  const { rows, batches } = await rowsOf(opened({}, 20_000));
  assert.equal(new Set(rows.map(([, page]) => page)).size, 20_000);
  assert.equal(
    rows.reduce((sum, [, , samples]) => sum + samples, 0),
    (20_000 * 20_001) / 2,
  );
  assert.ok(batches.length >= 3 && batches.every((count) => count >= 1 && count <= 8192), batches.join(' '));
  assert.ok(batches[0] >= 8191);
});

test('a stop ends it before the first row', async () => {
  const stop = new AbortController();
  stop.abort();
  assert.deepEqual((await rowsOf(opened(), stop.signal)).rows, []);
});

test('the origin says what the file says of it', () => {
  const { origin } = opened();
  assert.deepEqual(origin, {
    ...{ source: 'heat-file', detail: '/h (perf-file: a)', tells: 'heat', granularity: GRANULARITY },
    ...{ nature: 'loads', event: 'mem-loads', unseenShare: 0.1, fade: 1, windowNs: 2e9 },
  });
});

test('of several origins the least seeing one speaks, and those of other natures do not', () => {
  const blind = { pages: 512, blindInsideHugePages: true, blindToCachedTranslations: true };
  const other = { ...ORIGIN, detail: 'b', event: 'stores', unseenShare: 0.5, granularity: blind };
  const { origin } = opened({ origins: [ORIGIN, other, ORIGIN] });
  assert.deepEqual(
    [origin.detail, origin.event, origin.unseenShare, origin.granularity],
    ['/h (perf-file: a and 2 more)', 'mem-loads, stores', 0.5, blind],
  );
  assert.equal(opened({ origins: [ORIGIN, other] }).origin.detail, '/h (perf-file: a and 1 more)');
  const apart = opened({ origins: [{ ...other, nature: 'stores' }, ORIGIN] }).origin;
  assert.deepEqual(
    [apart.detail, apart.granularity, apart.unseenShare],
    ['/h (perf-file: a)', GRANULARITY, 0.1],
  );
  const one = opened({ origins: [{ ...other, nature: 'stores', tells: 'content' }], recordings: [] }).origin;
  assert.deepEqual(
    [one.detail, one.tells, one.windowNs, one.unseenShare],
    ['/h (perf-file: b)', 'content', 5e9, 0],
  );
  assert.deepEqual(one.granularity, GRANULARITY);
  const none = opened({ origins: [], recordings: [] }).origin;
  assert.deepEqual([none.detail, none.tells, none.windowNs, none.event], ['/h', 'heat', undefined, '']);
  assert.equal(
    opened({ origins: [{ ...ORIGIN, windowNs: null }], recordings: [] }).origin.windowNs,
    undefined,
  );
});

test('recordings and processes are known as far as the file knows them', async () => {
  assert.deepEqual(opened().provenance(), {
    recordings: [{ ...RECORDING, name: '/h (a)' }],
    processes: [
      { pid: PROCESS.pid, command: 'db', startTicks: 7 },
      { pid: 5, command: 'x', startTicks: undefined },
    ],
    unknown: '',
  });
  const bare = { ...RECORDING, period: null, bootId: null, span: null };
  const [first, second] = opened({
    recordings: [bare, { ...bare, span: { fromMs: null, toMs: 3, isExact: false } }],
  }).provenance().recordings;
  assert.deepEqual([first.period, first.bootId, first.span], [undefined, undefined, undefined]);
  assert.deepEqual(second.span, { fromMs: undefined, toMs: 3, isExact: false });
  const old = opened({ written_as: 1 });
  await rowsOf(old);
  const { processes, unknown } = old.provenance();
  assert.deepEqual(processes, [{ pid: PROCESS.pid, command: 'db', startTicks: undefined }]);
  assert.match(unknown, /version 1/);
});

test('the account says what the samples are, and what was left out', () => {
  const account = opened().account();
  assert.deepEqual(account.losses, FACTS.losses);
  assert.ok(account.bytesRead > 500);
  assert.equal(account.notes.length, 1);
  assert.match(account.notes[0], /^\/h: samples of .*\(mem-loads\)\.$/);
  const thinned = opened({ thinned_to: 2, origins: [] }).account().notes;
  assert.match(thinned[0], /event not recorded/);
  assert.match(thinned[1], /1 of 2 blocks was kept/);
});

test('a file that cannot be read, is another one, or is damaged is told with its place', async () => {
  const code = (act: () => unknown) => {
    try {
      act();
    } catch (problem) {
      return (problem as OctavoError).code;
    }
    return 'none';
  };
  assert.equal(code(() => HeatFileSource.open({ readBytes: () => ({ ok: false, error: { errno: 'EACCES', call: '' } }) } as never, '/h')), 'FILE_UNREADABLE'); // biome-ignore format: one line
  assert.equal(
    code(() => open(new Uint8Array(40))),
    'FILE_MALFORMED',
  );
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  for (let page = 0; page < 400; page++) builder.addCount(page * 513, page + 1, page + 1);
  const whole = writeHeatFile([builder.build([])], FACTS, () => ({ name: '', end: 2 ** 50 }));
  let damaged = 0;
  for (let at = 8; at < 600; at++) {
    const bytes = whole.slice();
    bytes[at] ^= 0xff;
    try {
      await rowsOf(open(bytes));
    } catch (problem) {
      const { code, message } = problem as OctavoError;
      assert.equal(code, 'FILE_MALFORMED', String(problem));
      assert.match(message, /\/h/);
      damaged++;
    }
  }
  assert.ok(damaged > 20, `${damaged}`);
});

test('periods of all recordings in a heat file may have been in step', () => {
  const periods = (...each: readonly (readonly number[] | undefined)[]) =>
    opened({ origins: each.map((stepPeriods) => ({ ...ORIGIN, stepPeriods })) }).origin.stepPeriods;
  assert.deepEqual(periods([1009, 10_000], undefined, [10_000, 4096]), [1009, 10_000, 4096]);
  assert.equal(periods(undefined, undefined), undefined);
});
