import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xorshift } from '../../test/support/random.js';
import { OctavoError } from '../vocabulary/errors.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { PerfScriptSource, type ScriptInput } from './perf-script.js';

async function* chunked(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Row {
  readonly nature: string;
  readonly pid: number;
  readonly tid: number;
  readonly page: number;
  readonly weight: number;
  readonly time: number;
}

async function read(text: string, input: Partial<ScriptInput> = {}, size = 1 << 16) {
  const source = new PerfScriptSource({
    path: 't',
    stream: chunked(text, size),
    geometry: GEOMETRY_4K,
    ...input,
  });
  const rows: Row[] = [];
  for await (const { nature, batch } of source.batches(new AbortController().signal)) {
    for (let row = 0; row < batch.count; row++)
      rows.push({ nature, pid: batch.pid[row], tid: batch.tid[row], page: batch.virtualPage[row], weight: batch.weight[row], time: batch.time[row] }); // biome-ignore format: one row
  }
  return { source, rows };
}

const line = (more: { readonly pid?: number; readonly cpu?: number; readonly at?: string; readonly event?: string; readonly addr?: string } = {}) =>
  `db ${more.pid ?? 7}/${more.pid ?? 7} [00${more.cpu ?? 1}] ${more.at ?? '12.500000001'}: 10 ${more.event ?? 'cpu/mem_inst_retired.any/P'}: ${more.addr ?? '7f0000001234'}\n`; // biome-ignore format: one line

test('lines become rows, wherever the bytes are cut', async () => {
  const text = line() + line({ pid: 8, at: '13.000000000', addr: '7f0000005000' }) + line({ addr: '0' });
  const whole = await read(text);
  assert.deepEqual(whole.rows.map(({ pid, page, weight, time }) => [pid, page, weight, time]), [
    [7, 0x7f0000001, 10, 12_500_000_001],
    [8, 0x7f0000005, 10, 13_000_000_000],
    [7, -1, 10, 12_500_000_001],
  ]); // biome-ignore format: rows
  for (const size of [1, 2, 3, 7, 64])
    assert.deepEqual((await read(text, {}, size)).rows, whole.rows, `by ${size}`);
  assert.deepEqual((await read(text.trimEnd())).rows, whole.rows, 'the last line needs no end');
  assert.equal(whole.source.bytesRead, text.length);
  assert.deepEqual([...whole.source.commands], [[7, 'db'], [8, 'db']]); // biome-ignore format: pairs
});

test('events are kept apart by nature, and the best is told', async () => {
  const text =
    line() +
    line({ event: 'page-faults' }) +
    line({ event: 'ibs_op//' }) +
    line({ event: 'ibs_op/cnt_ctl=1/' });
  const { rows, source } = await read(text);
  assert.deepEqual(rows.map(({ nature }) => nature).sort(), [
    'all-accesses',
    'first-touches',
    'slow-accesses',
    'unknown',
  ]);
  assert.equal(source.facts().nature, 'all-accesses');
  assert.equal(source.facts().event, 'ibs_op/cnt_ctl=1/');
});

test('filters by process, event, thread, command, CPU and time count what they leave out', async () => {
  const text = line() + line({ pid: 8 }) + line({ cpu: 2, at: '20.000000', event: 'page-faults' });
  const left = async (input: Partial<ScriptInput>) => {
    const { rows, source } = await read(text, input);
    return [rows.length, source.losses];
  };
  assert.deepEqual(await left({ pids: new Set([8]) }), [1, { 'samples of processes not asked for': 2 }]);
  assert.deepEqual(await left({ event: 'page-faults' }), [1, { 'samples of events not asked for': 2 }]);
  assert.deepEqual(await left({ wish: { tids: new Set([7]) } }), [
    2,
    { 'samples of threads not asked for': 1 },
  ]);
  assert.deepEqual(await left({ wish: { commands: new Set(['x']) } }), [
    0,
    { 'samples of commands not asked for': 3 },
  ]);
  assert.deepEqual(await left({ wish: { cpus: new Set([2]) } }), [
    1,
    { 'samples of CPUs or cgroups not asked for': 2 },
  ]);
  const time = { from: { kind: 'moment', ns: 13e9 } } as const;
  assert.deepEqual(await left({ wish: { time } }), [1, { 'samples outside of the time asked for': 2 }]);
});

test('what a text cannot tell is refused', async () => {
  const refused = (wish: NonNullable<ScriptInput['wish']>, code: string) =>
    assert.rejects(read(line(), { wish }), (error) => error instanceof OctavoError && error.code === code);
  await refused({ cgroups: ['/db'] }, 'FIELD_ABSENT');
  await refused({ time: { from: { kind: 'share', share: 0.5 } } }, 'TIME_UNBOUNDED');
});

test('comments, call chains and side records are passed over; what is no sample is counted', async () => {
  const text = `# cmdline : perf record\n\n${line()}\t    7f00 main+0x1 (db)\ndb 7 [001] 1.0: PERF_RECORD_COMM: db\nwhat is this\n${'x'.repeat(10_000)}\n`;
  const { rows, source } = await read(text);
  assert.equal(rows.length, 1);
  assert.deepEqual(source.losses, { 'lines that are no samples': 2 });
});

test('no samples, and none with an address, are told', async () => {
  assert.match((await read('# nothing\n')).source.notes()[0], /nothing was sampled/);
  const { source } = await read(line({ pid: 9 }), { pids: new Set([7]) });
  assert.match(source.notes()[0], /none of its 1 samples/);
});

test('the same text twice has the same fingerprint, another one another', async () => {
  const text = Array.from({ length: 400 }, (_, at) =>
    line({ at: `1.${String(at).padStart(9, '0')}`, addr: (0x7f0000000000 + at * 4096).toString(16) }),
  ).join('');
  const [once, again, other] = [
    await read(text),
    await read(text, {}, 100),
    await read(text.replaceAll(' 1.', ' 2.')),
  ];
  assert.equal(once.source.facts().fingerprint, again.source.facts().fingerprint);
  assert.deepEqual(once.source.facts().sketch, again.source.facts().sketch);
  assert.notEqual(once.source.facts().fingerprint, other.source.facts().fingerprint);
  assert.equal(once.source.facts().sketch.length, 256);
});

test('damaged texts give rows or are counted, whatever is in them', async () => {
  const draw = xorshift(33);
  const seed = line() + line({ pid: 8 }) + line({ addr: 'ffff888000000000', event: 'page-faults' });
  for (let number = 0; number < 1500; number++) {
    const bytes = new TextEncoder().encode(seed);
    for (let i = draw() % 8; i >= 0; i--) bytes[draw() % bytes.length] = draw() & 255;
    const cut = bytes.subarray(0, draw() % (bytes.length + 1));
    const text = new TextDecoder('latin1').decode(cut);
    const { rows } = await read(text, {}, 1 + (draw() % 97));
    assert.ok(rows.length <= text.split('\n').length);
    for (const { page, weight, time } of rows) {
      assert.ok(Number.isInteger(page) && page >= -1 && page < 2 ** 52, `${number}`);
      assert.ok(weight >= 0 && !Number.isNaN(weight), `${number}`);
      assert.ok(!Number.isNaN(time), `${number}`);
    }
  }
});
