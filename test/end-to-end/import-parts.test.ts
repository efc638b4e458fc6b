/** Parts of recordings, and everything that can be written or printed of them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { documentProblem } from '../../src/cli/documents.js';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { octavo } from './in-process.js';
import { MAIN } from './octavo.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-parts-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

const HEAP = 0x7f00_0000_0000n;
const BLOCK = 0x20_0000n;
const FIELDS = F.tid | F.time | F.addr | F.cpu | F.cgroup;

/** Samples of two CPUs and three cgroups: block n of the heap for CPU n, or for cgroup n + 10. */
function recording(
  name: string,
  { isBig = false, fields = FIELDS, isPipe = false, start = 1000n } = {},
): string {
  const builder = new PerfBuilder(isBig).attr({ sampleType: fields });
  for (const [id, path] of [[10, '/db'], [11, '/db/shard'], [12, '/web']] as const) // biome-ignore format: pairs
    builder.record(19, builder.bytes().u64(id).text(path).raw(builder.trailer(0, 0)).done());
  builder.comm(7, 7, 'db').mmap2(7, HEAP, 8n * BLOCK, '//anon');
  let time = start;
  for (let cpu = 0; cpu < 3; cpu++) {
    for (let i = 0; i < 10 * (cpu + 1); i++)
      builder.sample({
        pid: 7,
        time: ++time,
        cpu,
        cgroup: 10 + cpu,
        addr: HEAP + BLOCK * BigInt(cpu) + BigInt(4096 * i),
      });
  }
  writeFileSync(at(name), isPipe ? builder.pipe() : builder.file());
  return at(name);
}

async function read(file: string, ...words: readonly string[]) {
  const told = await octavo(['import', file, '--page-size', '4K', '--json', ...words]);
  return { ...told, document: JSON.parse(told.stdout) };
}

test('filters by CPU and cgroup take theirs, in either byte order, from a file and a pipe', async () => {
  for (const isBig of [false, true]) {
    for (const isPipe of [false, true]) {
      const file = recording('places.data', { isBig, isPipe });
      for (const [words, samples] of [
        [['--cpu', '0'], 10],
        [['--cpu', '0-1'], 30],
        [['--cpu', '2,9'], 30],
        [['--cgroup', '/db'], 30],
        [['--cgroup', 'cgroup:/db/shard/'], 20],
        [['--cgroup', '/web', '--cgroup', '/db/shard'], 50],
        [['--cgroup', '/db', '--cpu', '1'], 20],
        [['--cgroup', '/'], 60],
      ] as const) {
        const { document } = await read(file, ...words);
        assert.equal(document.samples, samples, words.join(' '));
        assert.equal(document.nothing, null);
        const left = document.losses['samples of CPUs or cgroups not asked for'] ?? 0;
        assert.equal(left, 60 - samples);
      }
    }
  }
});

test('when filters leave nothing, that is what is told', async () => {
  const file = recording('none.data');
  for (const words of [
    ['--cpu', '77'],
    ['--cgroup', '/other'],
    ['--time', '9,10'],
    ['--tid', '9'],
    ['--comm', 'x'],
  ]) {
    const { document, code } = await read(file, ...words);
    assert.equal(code, 0);
    assert.equal(document.samples, 0);
    assert.match(
      document.nothing.why,
      /none of its samples is of what was asked for: 60 samples/,
      words.join(' '),
    );
  }
  const { document } = await read(file, '--pid', '99');
  assert.match(document.nothing.why, /all 60 samples are of processes that --pid does not name/);
});

test('a recording that says neither CPU nor cgroup is refused with the option that makes it say so', async () => {
  const file = recording('bare.data', { fields: F.tid | F.time | F.addr });
  for (const [words, option] of [
    [['--cpu', '0'], /--sample-cpu/],
    [['--cgroup', '/db'], /--all-cgroups/],
  ] as const) {
    const { document, code } = await read(file, ...words);
    assert.equal(code, 3);
    assert.equal(document.code, 'FIELD_ABSENT');
    assert.match(JSON.stringify(document), option);
  }
});

test('blocks of a recording are rows at once: the same as those of its heat file', async () => {
  const file = recording('rows.data');
  const heat = at('rows.parquet');
  assert.equal((await octavo(['import', file, '--page-size', '4K', '--out', heat])).code, 0);
  for (const format of ['csv', 'jsonl']) {
    const imported = await octavo(['import', file, '--page-size', '4K', '--format', format]);
    const reported = await octavo(['report', heat, '--format', format]);
    assert.equal(imported.stdout, reported.stdout);
    assert.equal(imported.stdout.trimEnd().split('\n').length, format === 'csv' ? 4 : 3);
    assert.match(imported.stderr, /samples of/, 'what the samples are is a remark');
  }
  const by = await octavo(['import', recording('kinds.data', { fields: FIELDS | F.dataSource }), '--page-size', '4K', '--by', 'kind', '--format', 'csv']); // biome-ignore format: one command
  assert.match(by.stderr, /VIEW_ABSENT/, 'no sample tells its kind');
  for (const words of [
    ['--json', '--format', 'csv'],
    ['--out', '-', '--format', 'csv'],
    ['--out', '-', '--json'],
  ]) {
    const { code, stderr } = await octavo(['import', file, ...words]);
    assert.equal(code, 2);
    assert.match(stderr, /both want standard output/);
  }
});

/** As bytes: a heat file on standard output, with what is told on the other. */
function piped(...words: readonly string[]) {
  const ended = spawnSync(process.execPath, [MAIN, ...words], { maxBuffer: 1 << 26 });
  return { code: ended.status, out: ended.stdout, err: ended.stderr.toString() };
}

test('--out - is the heat file on standard output, and nothing beside it, of import and of heat merge', () => {
  const [first, second] = [recording('first.data'), recording('second.data', { start: 5_000_000n })];
  for (const file of [first, second]) {
    const imported = piped('import', file, '--page-size', '4K', '--out', '-');
    assert.equal(imported.code, 0, imported.err);
    assert.match(imported.err, /written to standard output/);
    writeFileSync(`${file}.piped`, imported.out);
    assert.equal(piped('import', file, '--page-size', '4K', '--out', `${file}.saved`).code, 0);
    assert.ok(imported.out.equals(readFileSync(`${file}.saved`)));
  }
  const merged = piped('heat', 'merge', `${first}.piped`, `${second}.piped`, '--out', '-');
  assert.equal(merged.code, 0, merged.err);
  assert.match(merged.err, /120 samples of 1 processes written to standard output/);
  assert.equal(piped('heat', 'merge', `${first}.piped`, `${second}.piped`, '--out', at('merged')).code, 0);
  assert.ok(merged.out.equals(readFileSync(at('merged'))));
  const both = piped('heat', 'merge', `${first}.piped`, `${second}.piped`, '--out', '-', '--json');
  assert.equal(both.code, 2);
  const alone = piped('heat', 'merge', `${first}.piped`, '--out', at('alone'));
  assert.equal(alone.code, 2);
  assert.match(alone.err, /merging takes two heat files or more, and only one is given/);
});

test('every block of two heat files is a row of their difference', async () => {
  const names = ['before', 'after'];
  for (const [index, name] of names.entries()) {
    const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr });
    builder.comm(7, 7, 'db').mmap2(7, HEAP, 8n * BLOCK, '//anon');
    let time = BigInt(1 + 1e9 * index);
    const touch = (count: number, block: bigint) => {
      for (let i = 0; i < count; i++)
        builder.sample({ pid: 7, time: ++time, addr: HEAP + BLOCK * block + BigInt((i % 4) * 4096) });
    };
    touch(500, 0n);
    touch(index === 0 ? 30 : 500, 1n);
    touch(2, 2n);
    if (index === 0) touch(100, 3n);
    writeFileSync(at(`${name}.data`), builder.file());
    await octavo(['import', at(`${name}.data`), '--page-size', '4K', '--out', at(`${name}.heat`)]);
  }
  const diff = ['heat', 'diff', ...names.map((name) => at(`${name}.heat`))];
  const jsonl = await octavo([...diff, '--format', 'jsonl']);
  const rows = jsonl.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const row of rows) assert.equal(documentProblem(row), '');
  const found = new Map(rows.map((row) => [Number((BigInt(row.address) - HEAP) / BLOCK), row]));
  assert.deepEqual([...found.keys()].sort(), [0, 1, 2, 3]);
  assert.deepEqual(
    [found.get(1)?.heat, found.get(2)?.heat, found.get(3)?.heat],
    ['hotter', 'unknown', 'colder'],
  );
  assert.deepEqual(
    [found.get(3)?.samples_after, found.get(3)?.ratio_low, found.get(2)?.ratio_high === null],
    [0, 0, false],
  );
  const csv = await octavo([...diff, '--format', 'csv']);
  assert.equal(csv.stdout.trimEnd().split('\n').length, 5);
  assert.equal((await octavo([...diff, '--format', 'csv', '--json'])).code, 2);
});

test('RSS and VSZ of damo’s footprint files, by process and together', async () => {
  const snapshot = (time: number, pids: readonly (readonly [number | null, number, number])[]) => ({
    time,
    footprints: pids.map(([pid, size, resident]) => ({
      pid,
      footprint: { size, resident, shared: 0, trs: 1, lrs: 0, drs: 2, dt: 0 },
    })),
  });
  const system = { pid: null, footprint: { total: 9, free: 3 } };
  const snapshots = [snapshot(100.5, [[7, 1000, 10], [8, 500, 5]]), snapshot(101, [[7, 1000, 30]])]; // biome-ignore format: pids
  snapshots[1].footprints.push(system as never);
  writeFileSync(at('sizes'), JSON.stringify(snapshots, undefined, 4));
  const pageBytes = Number(spawnSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }).stdout);
  const { stdout } = await octavo(['report', at('sizes'), '--distribution', 'rss', '--json']);
  const document = JSON.parse(stdout);
  assert.equal(documentProblem(document), '');
  const points = Object.fromEntries(document.groups.map((group: { who: string; points: readonly { ms: number; bytes: number }[] }) => [group.who, group.points.map(({ ms, bytes }) => [ms, bytes / pageBytes])])); // biome-ignore format: one table
  assert.deepEqual(points, { 'all processes': [[0, 15], [500, 30]], 'process 7': [[0, 10], [500, 30]], 'process 8': [[0, 5]] }); // biome-ignore format: one table
  const vsz = await octavo(['report', at('sizes'), '--distribution', 'vsz', '--pid', '8', '--format', 'csv']);
  assert.deepEqual(vsz.stdout.trimEnd().split('\n'), [
    'distribution,who,at_ms,idle_ms,bytes',
    `vsz,process 8,0,,${500 * pageBytes}`,
  ]);
  for (const [text, problem] of [
    ['[{"time": 1, "footprints": [{"pid": 1, "footprint": {"size": -1, "resident": 2}}]}]', /holds no sizes/],
    ['[{"time": 1, "foot', /FILE_MALFORMED/],
    ['{}', /holds no sizes of processes/],
  ] as const) {
    writeFileSync(at('bad'), text);
    const told = await octavo(['report', at('bad'), '--distribution', 'rss']);
    assert.equal(told.code, 3);
    assert.match(told.stderr, problem);
  }
});

test('a recording of a frequency keeps its times, alone and merged, and its slices have one rate', async () => {
  const files = [0, 1].map((which) => {
    const builder = new PerfBuilder().attr({
      sampleType: F.tid | F.time | F.addr | F.period,
      isFrequency: true,
    });
    builder.comm(7, 7, 'db').mmap2(7, HEAP, 8n * BLOCK, '//anon');
    for (let second = 0; second < 4; second++) {
      const period = second === 0 ? 1000 : 8000;
      for (let i = 0; i < 500; i++) {
        const time = BigInt(100 * which + second) * 1_000_000_000n + BigInt(i + 1);
        builder.sample({
          pid: 7,
          time,
          period,
          addr: HEAP + BigInt(second) * BLOCK + BigInt((i % 16) * 4096),
        });
      }
    }
    builder.feature(29, builder.bytes().u32(1).u32(1).u64(1_700_000_000_000_000_000n).u64(0).done());
    writeFileSync(at(`f${which}.data`), builder.file());
    return at(`f${which}.data`);
  });
  for (const [index, file] of files.entries()) {
    const { document } = await read(file, '--out', at(`f${index}.heat`));
    assert.ok(!/Times are not kept/.test(document.notes.join(' ')), document.notes.join(' '));
  }
  await octavo(['heat', 'merge', at('f0.heat'), at('f1.heat'), '--out', at('both.heat')]);
  for (const [heat, times] of [
    ['f0.heat', 1],
    ['both.heat', 2],
  ] as const) {
    const moments = JSON.parse(
      (await octavo(['report', at(heat), '--distribution', 'wss', '--json'])).stdout,
    );
    assert.ok(moments.groups[0].points.length >= 4 * times, heat);
    assert.ok(
      moments.groups[0].points.every(({ ms }: { ms: number | null }) => ms !== null),
      heat,
    );
    const { hottest } = JSON.parse((await octavo(['report', at(heat), '--json'])).stdout);
    const samples = new Map(hottest.map((line: { address: string; samples: number }) => [Number((BigInt(line.address) - HEAP) / BLOCK), line.samples])); // biome-ignore format: one table
    // The first second's samples stand for an eighth of what the others stand for.
    assert.deepEqual([samples.get(1), samples.get(2), samples.get(3)], Array(3).fill(500 * times), heat);
    const first = Number(samples.get(0)) / times;
    assert.ok(first > 30 && first < 100, `${heat}: ${first}`);
  }
});
