import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type BuiltAttr, PerfBuilder } from '../../test/support/perf-builder.js';
import { hostOf, streamOf } from '../../test/support/perf-rows.js';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { isNamed } from './event-sorter.js';
import { PerfFileSource, type PerfInput } from './perf-file.js';

const sampleType = F.identifier | F.tid | F.time | F.addr;
const PAGE = 4096n;

interface Event {
  readonly name: string;
  readonly attr: Partial<BuiltAttr>;
}

/** A recording of events with the samples `[event, page, time]`. */
function recording(
  events: readonly Event[],
  samples: readonly (readonly [number, number, number])[],
): PerfBuilder {
  const builder = new PerfBuilder();
  for (const [index, { name, attr }] of events.entries())
    builder.attr({ sampleType, ids: [index + 1], name, ...attr });
  builder.describeEvents().describeMachine();
  for (const [event, page, time] of samples) {
    const addr = BigInt(page) * PAGE;
    builder.sample({ id: event + 1, pid: 5, addr, time: BigInt(time) }, builder.attrs[event]);
  }
  return builder;
}

/** Pages by nature, what was left out, and the source. */
async function sorted(bytes: Uint8Array, input: Partial<PerfInput> = {}) {
  const source = new PerfFileSource({ path: 'perf.data', geometry: GEOMETRY_4K, ...input });
  const context = {
    host: hostOf({ 'perf.data': bytes }),
    progress: () => {},
    signal: new AbortController().signal,
  };
  const pages: Record<string, number[]> = {};
  for await (const batch of source.batches(context)) {
    for (const { nature, batch: rows } of source.sorter.sort(batch)) {
      pages[nature] ??= [];
      pages[nature].push(...rows.virtualPage.subarray(0, rows.count));
    }
  }
  return { pages, leftOut: source.sorter.leftOut, source };
}

const LOADS = { name: 'mem_inst_retired.all_loads:pp', attr: { config: 0x81d0, period: 1009 } };
const STORES = { name: 'mem_inst_retired.all_stores:pp', attr: { config: 0x82d0, period: 1009 } };
const FAULTS = { name: 'page-faults', attr: { type: 1, config: 2, period: 1 } };
const MINOR = { name: 'minor-faults', attr: { type: 1, config: 5, period: 1 } };
const MISSES = { name: 'mem_inst_retired.stlb_miss_loads:pp', attr: { config: 0x11d0, period: 101 } };

test('samples of several natures are kept apart, and the best is the origin', async () => {
  const { pages, source } = await sorted(
    recording([FAULTS, MISSES, LOADS], [[0, 1, 1], [1, 2, 2], [2, 3, 3], [0, 4, 4], [2, 5, 5]]).file(), // biome-ignore format: samples
  );
  assert.deepEqual(pages, { 'first-touches': [1, 4], 'tlb-misses': [2], loads: [3, 5] });
  assert.equal(source.origin.nature, 'loads');
  assert.equal(source.origin.event, LOADS.name);
  assert.deepEqual(
    source.origins().map(({ nature }) => nature),
    ['first-touches', 'tlb-misses', 'loads'],
  );
  assert.match(
    source.account().notes.join(),
    /samples of all loads .*kept apart: page faults, accesses that missed the TLB/,
  );
});

test('all loads and stores by one period are samples of all accesses', async () => {
  const { pages, source } = await sorted(recording([LOADS, STORES], [[0, 1, 1], [1, 2, 2]]).file()); // biome-ignore format: samples
  assert.deepEqual(pages, { 'all-accesses': [1, 2] });
  assert.equal(source.origin.event, `${LOADS.name} + ${STORES.name}`);
});

test('of an access that both events sampled one sample counts', async () => {
  const { pages, leftOut } = await sorted(
    recording([LOADS, STORES], [[0, 1, 7], [1, 1, 7], [1, 2, 7], [1, 1, 8], [0, 1, 9], [0, 1, 9]]).file(), // biome-ignore format: samples
  );
  assert.deepEqual(pages, { 'all-accesses': [1, 2, 1, 1, 1] });
  assert.deepEqual(leftOut, { 'samples of an access that another event sampled, too': 1 });
});

test('of two events that could sample one access the first counts', async () => {
  const { pages, leftOut } = await sorted(
    recording([FAULTS, MINOR], [[0, 1, 1], [1, 1, 2], [0, 2, 3], [1, 2, 4]]).file(), // biome-ignore format: samples
  );
  assert.deepEqual(pages, { 'first-touches': [1, 2] });
  assert.deepEqual(leftOut, { 'samples of minor-faults, which samples the same accesses as page-faults': 2 });
});

test('an event without addresses does not stand in the way of one with them', async () => {
  const { pages } = await sorted(recording([FAULTS, MINOR], [[0, 0, 1], [1, 3, 2]]).file()); // biome-ignore format: samples
  assert.deepEqual(pages, { 'first-touches': [-1, 3] });
});

test('--event takes one event, told by what is left out, and refuses names that are not there', async () => {
  const bytes = recording([FAULTS, LOADS], [[0, 1, 1], [1, 2, 2]]).file(); // biome-ignore format: samples
  const { pages, leftOut } = await sorted(bytes, { event: 'page-faults' });
  assert.deepEqual(pages, { 'first-touches': [1] });
  assert.deepEqual(leftOut, { [`samples of ${LOADS.name}, which was not asked for`]: 1 });
  await assert.rejects(sorted(bytes, { event: 'cycles' }), (problem: { code?: string; message?: string }) => {
    assert.equal(problem.code, 'EVENT_ABSENT');
    assert.match(problem.message ?? '', /no event cycles, but page-faults, mem_inst_retired\.all_loads/);
    return true;
  });
});

test('names are taken with and without modifiers, or as the PMU', () => {
  assert.ok(isNamed('mem_inst_retired.all_loads:pp', 'mem_inst_retired.all_loads'));
  assert.ok(isNamed('mem_inst_retired.all_loads:pp', 'MEM_INST_RETIRED.ALL_LOADS:PP'));
  assert.ok(isNamed('ibs_op/cnt_ctl=1/', 'ibs_op'));
  assert.ok(!isNamed('page-faults', 'faults'));
});

test('an event whose PMU is named behind its samples gets its nature at the end', async () => {
  const pmus = new PerfBuilder().bytes();
  const builder = recording([{ name: 'x', attr: { type: 11, config: 1 << 19 } }], [[0, 1, 1]]);
  builder.feature(16, pmus.u32(1).u32(11).featureText('ibs_op').done());
  const { pages, source } = await sorted(builder.file(), { stream: streamOf(builder.file(), 64) });
  assert.deepEqual(pages, { unknown: [1] });
  assert.deepEqual(source.settled(), { from: 'unknown', to: 'all-accesses' });
  assert.equal(source.origin.nature, 'all-accesses');
  const whole = await sorted(builder.file());
  assert.deepEqual(whole.pages, { 'all-accesses': [1] });
  assert.equal(whole.source.settled(), undefined);
});

test('a real recording of two fault events counts each fault once', async () => {
  const bytes = readFileSync(new URL('../../../test/fixtures/natures/two-events.data', import.meta.url));
  const { pages, leftOut } = await sorted(bytes);
  const [[why, left]] = Object.entries(leftOut);
  assert.match(why, /minor-faults, which samples the same accesses as page-faults/);
  assert.ok(left > 1000 && pages['first-touches'].length >= left);
});

test('thousands of samples of one event pass batch by batch, also those that are left out', async () => {
  const samples = Array.from(
    { length: 20_000 },
    (_, at) => [at < 12_000 ? 0 : 1, 1 + (at % 50), at] as const,
  );
  const bytes = recording([LOADS, FAULTS], samples).file();
  const { pages } = await sorted(bytes);
  assert.deepEqual([pages.loads.length, pages['first-touches'].length], [12_000, 8000]);
  const chosen = await sorted(bytes, { event: FAULTS.name });
  assert.deepEqual(Object.keys(chosen.pages), ['first-touches']);
  assert.equal(chosen.pages['first-touches'].length, 8000);
  assert.deepEqual(Object.values(chosen.leftOut), [12_000]);
});

test('before any event is known, samples are of an unknown one', async () => {
  const { source } = await sorted(recording([LOADS], []).file());
  assert.equal(source.sorter.natureOf(7), 'unknown');
  assert.equal(source.origin.nature, 'unknown');
  assert.deepEqual(
    source.origins().map(({ nature }) => nature),
    ['unknown'],
  );
  assert.equal(source.sorter.settle(), undefined);
});
