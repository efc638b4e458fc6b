import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamOf } from '../../test/support/perf-rows.js';
import { GEOMETRY_4K, pageGeometry } from '../vocabulary/units.js';
import { PerfScriptSource, type ScriptInput } from './perf-script.js';

const ACTIVE = new AbortController().signal;

/** What `perf script -F comm,pid,tid,cpu,time,period,event,addr` prints. */
const line = (given: {
  comm?: string;
  who?: string;
  cpu?: number;
  at?: string;
  event?: string;
  addr?: string;
}) => {
  const { comm = 'redis', who = '7/8', cpu = 1, at = '10.000000', event = 'page-faults', addr = '7f0000001234' } = given; // biome-ignore format: defaults
  return `${comm} ${who} [00${cpu}] ${at}: 1 ${event}: ${addr}`;
};

interface Script {
  readonly source: PerfScriptSource;
  readonly pages: Record<string, number[]>;
  readonly sizes: number[];
}

async function script(
  lines: readonly string[],
  more: Partial<ScriptInput> = {},
  chunk = 100,
): Promise<Script> {
  const stream = streamOf(new TextEncoder().encode(lines.join('\n')), chunk);
  const source = new PerfScriptSource({ path: 'x.txt', stream, geometry: GEOMETRY_4K, ...more });
  const pages: Record<string, number[]> = {};
  const sizes: number[] = [];
  for await (const { nature, batch } of source.batches(ACTIVE)) {
    pages[nature] ??= [];
    pages[nature].push(...batch.virtualPage.subarray(0, batch.count));
    sizes.push(batch.count);
  }
  return { source, pages, sizes };
}

test('every column of a line arrives, addresses in two words and as pages', async () => {
  const text =
    'my server 7/8 [003] 12.000000345: 17 page-faults: ffff8000abcde123 |OP LOAD| 55 main+0x1 (/bin/x) 1234567890ab';
  const stream = streamOf(new TextEncoder().encode(text), 9);
  const source = new PerfScriptSource({ path: 'x', stream, geometry: pageGeometry(65_536, 2 ** 29) });
  const found: unknown[] = [];
  for await (const { batch } of source.batches(ACTIVE)) {
    const { pid, tid, time, kind, weight, flags, virtualPage, physicalPage } = batch;
    found.push([batch.count, pid[0], tid[0], time[0], kind[0], weight[0], flags[0], virtualPage[0]]);
    found.push([physicalPage[0], batch.addressLow[0], batch.addressHigh[0]]);
    found.push([batch.physicalLow[0], batch.physicalHigh[0]]);
  }
  assert.deepEqual(found, [
    [1, 7, 8, 12e9 + 345, 0, 17, 1, 0xffff8000abcd],
    [0x12345678, 0xabcde123, 0xffff8000],
    [0x567890ab, 0x1234],
  ]);
  assert.equal(source.bytesRead, text.length);
});

test('an address of user space has no kernel flag, and a line without one has no page', async () => {
  const { source, pages } = await script([line({}), line({ addr: '0' }), line({ addr: '7fffffffffffffff' })]);
  assert.deepEqual(pages, { 'first-touches': [0x7f0000001, -1, 2 ** 51 - 1] });
  assert.equal(source.facts().samples, 2, 'a sample without a place does not count');
});

test('the half of the addresses that begins at 2^63 is the kernel’s', async () => {
  const flags: number[] = [];
  const lines = ['8000000000000000', '7fffffffffffffff'].map((addr) => line({ addr }));
  const stream = streamOf(new TextEncoder().encode(lines.join('\n')), 4096);
  const source = new PerfScriptSource({ path: 'x', stream, geometry: GEOMETRY_4K });
  for await (const { batch } of source.batches(ACTIVE)) flags.push(...batch.flags.subarray(0, batch.count));
  assert.deepEqual(flags, [1, 0]);
});

test('natures are kept apart by the names of events, and the best is named', async () => {
  const lines = [
    line({}),
    line({ event: 'mem_inst_retired.all_loads', addr: '2000' }),
    line({ event: 'minor-faults', addr: '3000' }),
  ];
  const { source, pages } = await script(lines);
  assert.deepEqual(pages, { 'first-touches': [0x7f0000001, 3], loads: [2] });
  assert.deepEqual(source.origins().map(({ nature, event }) => [nature, event]), [
    ['first-touches', 'page-faults + minor-faults'],
    ['loads', 'mem_inst_retired.all_loads'],
  ]); // biome-ignore format: rows
  const [origin] = source.origins();
  assert.deepEqual(
    [origin.source, origin.detail, origin.tells, origin.unseenShare, origin.fade, origin.windowNs],
    ['perf-script', 'x.txt', 'heat', 0, 1, undefined],
  );
  assert.deepEqual(origin.granularity, {
    pages: 1,
    blindInsideHugePages: false,
    blindToCachedTranslations: false,
  });
  assert.deepEqual(source.eventNames[1], {
    name: 'mem_inst_retired.all_loads',
    nature: 'loads',
    why: 'as far as its name tells',
  });
  const facts = source.facts();
  assert.deepEqual(
    [facts.nature, facts.event, facts.samples, facts.unseenShare],
    ['loads', 'mem_inst_retired.all_loads', 3, 0],
  );
  assert.deepEqual(
    [facts.name, facts.host, facts.kernel, facts.cpu, facts.period],
    ['x.txt', '', '', '', undefined],
  );
  assert.match(
    source.notes().join(),
    /^x\.txt: samples of all loads \(mem_inst_retired\.all_loads; a text says no more/,
  );
});

test('an event that was not printed has no name of its own', async () => {
  const { source } = await script(['redis 7/8 [001] 10.000000: 7f0000001234']);
  assert.deepEqual(
    source.origins().map(({ nature, event }) => [nature, event]),
    [['unknown', 'event not printed']],
  );
  assert.match(source.notes().join(), /an event that is not known \(event not printed;/);
});

test('what is not asked for is counted by the first reason', async () => {
  const lines = [
    line({ addr: '1000' }),
    line({ who: '9/8', addr: '2000' }),
    line({ event: 'cycles', addr: '3000' }),
    line({ who: '7/10', addr: '4000' }),
    line({ comm: 'java', addr: '5000' }),
    line({ cpu: 2, addr: '6000' }),
    line({ at: '9.999999', addr: '7000' }),
    line({ at: '20.000001', addr: '8000' }),
    line({ at: '20.000000', addr: '9000' }),
  ];
  const moment = (ns: number) => ({ kind: 'moment' as const, ns });
  const wish = {
    tids: new Set([8]),
    commands: new Set(['redis']),
    cpus: new Set([1]),
    time: { from: moment(10e9), to: moment(20e9) },
  };
  const { source, pages } = await script(lines, { pids: new Set([7]), event: 'page-faults', wish });
  assert.deepEqual(pages, { 'first-touches': [1, 9] });
  assert.deepEqual(source.losses, {
    'samples of processes not asked for': 1,
    'samples of events not asked for': 1,
    'samples of threads not asked for': 1,
    'samples of commands not asked for': 1,
    'samples of CPUs or cgroups not asked for': 1,
    'samples outside of the time asked for': 2,
  });
});

test('a range that is open on one side takes everything there', async () => {
  const lines = [line({ at: '1.000000', addr: '1000' }), line({ at: '9.000000', addr: '2000' })];
  const moment = { kind: 'moment' as const, ns: 5e9 };
  assert.deepEqual((await script(lines, { wish: { time: { from: moment } } })).pages, {
    'first-touches': [2],
  });
  assert.deepEqual((await script(lines, { wish: { time: { to: moment } } })).pages, { 'first-touches': [1] });
  assert.deepEqual((await script(lines, { wish: {} })).pages, { 'first-touches': [1, 2] });
});

test('what a text cannot say is refused before it is read', async () => {
  await assert.rejects(script([], { wish: { cgroups: ['/a'] } }), {
    code: 'FIELD_ABSENT',
    facts: { path: 'x.txt', field: 'cgroup', option: 'perf record --all-cgroups' },
  });
  const share = { kind: 'share' as const, share: 0.5 };
  for (const time of [{ from: share }, { to: share }])
    await assert.rejects(script([], { wish: { time } }), {
      code: 'TIME_UNBOUNDED',
      facts: { path: 'x.txt' },
    });
});

test('comments, call chains and other records are no losses; anything else is', async () => {
  const lines = [
    '# a comment',
    '',
    '   ',
    '\t    7f12 main+0x1 (/bin/x)',
    'redis 7/8 [001] 10.000000: PERF_RECORD_MMAP2 7/7: [0x1]',
    'nonsense',
    line({}),
  ];
  const { source, pages } = await script(lines);
  assert.deepEqual(pages, { 'first-touches': [0x7f0000001] });
  assert.deepEqual(source.losses, { 'lines that are no samples': 1 });
});

test('a line is read up to 4096 characters; a longer one is no sample, and the next one is', async () => {
  const padded = (length: number) => `${line({})} ${'z'.repeat(length)}`.slice(0, length);
  for (const [length, lost] of [
    [4096, 0],
    [4097, 1],
    [300_000, 1],
  ]) {
    // biome-ignore format: a table
    const { source, pages } = await script([padded(length), line({ addr: '5000' })], {}, 1000);
    assert.equal(source.losses['lines that are no samples'] ?? 0, lost, `${length}`);
    assert.equal(pages['first-touches'].length, 2 - lost, `${length}`);
  }
});

test('nothing sampled, and nothing with a place, have words of their own', async () => {
  assert.deepEqual((await script([])).source.notes(), ['x.txt: nothing was sampled.']);
  assert.deepEqual((await script([])).source.origins(), []);
  assert.equal((await script([])).source.facts().nature, 'unknown');
  const without = (await script([line({ addr: '' }), line({ addr: '' })])).source;
  assert.match(without.notes().join(), /^x\.txt: none of its 2 samples has an address/);
});

test('names are those of the threads that have the number of their process', async () => {
  const lines = [
    line({ comm: 'worker', who: '7/8' }),
    line({ comm: 'main', who: '7/7' }),
    line({ comm: '', who: '9/9' }),
  ];
  assert.deepEqual([...(await script(lines)).source.commands], [[7, 'main']]);
});

test('batches are full at 4096 rows, and all batches come', async () => {
  const lines = Array.from({ length: 9000 }, (_, at) =>
    line({ at: `${at}.000000`, addr: (4096 * (at + 1)).toString(16) }),
  );
  const { source, pages, sizes } = await script(lines, {}, 1 << 16);
  assert.deepEqual(sizes, [4096, 4096, 808]);
  assert.deepEqual([pages['first-touches'][0], pages['first-touches'].at(-1)], [1, 9000]);
  assert.deepEqual([source.facts().samples, source.origins()[0].windowNs], [9000, 8999e9]);
});

test('a stop ends the reading at the next line', async () => {
  const stop = new AbortController();
  const lines = Array.from({ length: 5000 }, () => line({}));
  const stream = streamOf(new TextEncoder().encode(lines.join('\n')), 1 << 20);
  const source = new PerfScriptSource({ path: 'x', stream, geometry: GEOMETRY_4K });
  let rows = 0;
  for await (const { batch } of source.batches(stop.signal)) {
    rows += batch.count;
    stop.abort();
  }
  assert.equal(rows, 4096);
});

test('letters of several bytes may be cut anywhere', async () => {
  const lines = [line({ comm: 'käse', who: '7/7' })];
  for (const chunk of [1, 2, 3])
    assert.equal((await script(lines, {}, chunk)).source.commands.get(7), 'käse');
});
