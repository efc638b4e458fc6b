import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BuiltSample,
  Bytes,
  joined,
  PerfBuilder,
  zstdFlushes,
} from '../../../test/support/perf-builder.js';
import { type Row, readRows } from '../../../test/support/perf-rows.js';
import fc from '../../../test/support/properties.js';
import { SpeBuilder } from '../../../test/support/spe-builder.js';
import { damagedBytes } from '../../sources/perf-account.js';
import { DATA_SOURCE, SAMPLE_FLAG, SAMPLE_KIND, sourceFlag } from '../../vocabulary/sample.js';
import { BRANCH_FORMAT, SAMPLE_FIELD as F, FEATURE } from '../perf-abi/constants.js';

const COMMON = F.identifier | F.ip | F.tid | F.time | F.addr | F.cpu | F.period;
const MEMORY = COMMON | F.weightStruct | F.dataSource | F.physAddr | F.dataPageSize;
const LOAD = 2n | (8n << 5n);
const STORE_REMOTE_RAM = 4n | (0x100n << 5n) | (4n << 26n);

function memoryFile(isBig: boolean, sampleType = MEMORY): PerfBuilder {
  const builder = new PerfBuilder(isBig);
  builder.attr({ sampleType, ids: [11, 12], name: 'loads', period: 100 });
  builder.attr({ sampleType, ids: [21], name: 'stores', config: 7, period: 200 });
  return builder.describeEvents();
}

function someSamples(builder: PerfBuilder): PerfBuilder {
  const common = { pid: 70, ip: 0x401000n, cpu: 3 };
  return builder
    .comm(70, 70, 'worker')
    .mmap2(70, 0x7f0000000000n, 0x400000n, '//anon')
    .sample({
      ...common,
      id: 12,
      tid: 71,
      time: 5_000_000_001n,
      addr: 0x7f0000123456n,
      period: 9,
      dataSource: LOAD,
    })
    .finishedRound()
    .sample({
      ...common,
      id: 21,
      time: 5_000_000_777n,
      addr: 0xffff888012345678n,
      physAddr: 0x12345678n,
      weight: (7n << 32n) | 321n,
      dataSource: STORE_REMOTE_RAM,
      dataPageSize: 2 << 20,
      mode: 1,
    })
    .sample({ ...common, id: 11, time: 5_000_001_000n, addr: 0n });
}

const EXPECTED: Partial<Row>[] = [
  {
    pid: 70,
    tid: 71,
    address: 0x7f0000123456n,
    page: 0x7f0000123,
    event: 0,
    weight: 9,
    kind: SAMPLE_KIND.load,
    time: 5_000_000_001,
    flags: sourceFlag(DATA_SOURCE.l1),
  },
  {
    pid: 70,
    tid: 70,
    address: 0xffff888012345678n,
    page: 0xffff888012345,
    physical: 0x12345678n,
    frame: 0x12345,
    event: 1,
    latency: 321,
    kind: SAMPLE_KIND.store,
    time: 5_000_000_777,
    flags:
      SAMPLE_FLAG.kernel |
      SAMPLE_FLAG.tlbMiss |
      SAMPLE_FLAG.cacheMiss |
      SAMPLE_FLAG.remoteMemory |
      SAMPLE_FLAG.hugeMapped |
      sourceFlag(DATA_SOURCE.remoteMemory),
  },
  { address: 0n, page: -1, frame: -1, event: 0, time: 5_000_001_000 },
];

function assertRows(rows: readonly Row[], expected: readonly Partial<Row>[]): void {
  assert.equal(rows.length, expected.length);
  expected.forEach((want, index) => {
    for (const [key, value] of Object.entries(want))
      assert.equal(rows[index][key as keyof Row], value, `${index}.${key}`);
  });
}

for (const isBig of [false, true]) {
  const order = isBig ? 'big' : 'little';

  test(`a ${order}-endian file, its pipe and the file through a pipe give the same rows`, async () => {
    const builder = someSamples(memoryFile(isBig));
    for (const [bytes, stream] of [
      [builder.file(), false],
      [builder.pipe(), false],
      [builder.pipe(), true],
      [builder.file(), true],
    ] as const) {
      const { rows, source } = await readRows(bytes, { stream });
      assertRows(rows, EXPECTED);
      assert.equal(damagedBytes(source.session), 0);
      assert.equal(source.session.state.threads.nameOf(70), 'worker');
      assert.equal(source.session.state.mappings.find(70, 0x7f0000123)?.name, '//anon');
    }
  });

  test(`${order}-endian records may be cut at every byte`, async () => {
    const builder = someSamples(memoryFile(isBig));
    const whole = await readRows(builder.pipe());
    for (const chunk of [1, 2, 3, 5, 7, 11, 13, 61]) {
      for (const stream of [false, true]) {
        const { rows } = await readRows(builder.pipe(), { chunk, stream });
        assert.deepEqual(rows, whole.rows, `chunks of ${chunk}`);
      }
    }
  });
}

test('fields behind variable ones are found by walking over them', async () => {
  const sampleType =
    MEMORY |
    F.read |
    F.callchain |
    F.raw |
    F.branchStack |
    F.regsUser |
    F.stackUser |
    F.transaction |
    F.regsIntr |
    F.cgroup |
    F.codePageSize |
    F.aux;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        isBig: fc.boolean(),
        chain: fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), { maxLength: 5 }),
        raw: fc.uint8Array({ maxLength: 40 }),
        branches: fc.nat(4),
        stack: fc.constantFrom(0, 8, 64),
        registers: fc.boolean(),
        branchType: fc.constantFrom(0, BRANCH_FORMAT.hardwareIndex, BRANCH_FORMAT.counters),
        readFormat: fc.nat(31),
        aux: fc.constantFrom(0, 16),
      }),
      async (made) => {
        const builder = new PerfBuilder(made.isBig).attr({
          sampleType,
          readFormat: made.readFormat,
          branchType: made.branchType,
          userRegisters: 0xffn,
          interruptRegisters: 0x7n,
          ids: [5],
        });
        const values: BuiltSample = {
          pid: 9,
          addr: 0x1000n,
          physAddr: 0xabc000n,
          dataSource: LOAD,
          weight: 55n,
          callchain: made.chain,
          raw: made.raw,
          branches: made.branches,
          stack: made.stack,
          userRegisters: made.registers ? 8 : 0,
          interruptRegisters: made.registers ? 3 : 0,
          dataPageSize: 4096,
          aux: made.aux,
        };
        const { rows, source } = await readRows(
          builder
            .sample(values)
            .sample({ ...values, pid: 10 })
            .file(),
        );
        assertRows(rows, [
          { pid: 9, address: 0x1000n, physical: 0xabc000n, kind: SAMPLE_KIND.load, latency: 55 },
          { pid: 10, physical: 0xabc000n },
        ]);
        assert.equal(damagedBytes(source.session), 0);
      },
    ),
    { numRuns: 100 },
  );
});

test('compressed records of both kinds, straddled by records and with padding, read as plain ones', async () => {
  const builder = someSamples(memoryFile(false));
  const plain = (await readRows(builder.pipe())).rows;
  for (const type of [81, 83]) {
    for (const cut of [1, 9, 50, 120]) {
      const packed = memoryFile(false);
      const data = builder.data();
      const parts = [];
      for (let at = 0; at < data.length; at += cut) parts.push(data.subarray(at, at + cut));
      for (const part of zstdFlushes(parts)) {
        const padding = (8 - (part.length % 8)) % 8;
        const body = new Bytes();
        if (type === 81) body.raw(part);
        else body.u64(part.length).raw(part).zeros(padding);
        packed.record(type, body.done());
        packed.finishedRound();
      }
      const { rows, source } = await readRows(packed.pipe());
      assert.deepEqual(rows, plain, `type ${type}, pieces of ${cut}`);
      assert.equal(damagedBytes(source.session), 0);
    }
  }
});

test('damaged compressed data end what is compressed, not what is plain', async () => {
  const builder = memoryFile(false);
  builder.record(83, new Bytes().u64(16).raw([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]).done());
  builder.sample({ pid: 3, addr: 0x5000n, id: 11 });
  const { rows, source } = await readRows(builder.pipe());
  assertRows(rows, [{ pid: 3, address: 0x5000n }]);
  assert.match(source.session.damage.places[0].reason, /not a zstd frame/);
});

test('a directory of several threads is read through all its files', async () => {
  const main = memoryFile(false).comm(70, 70, 'worker');
  const sample = (tid: number) => memoryFile(false).sample({ id: 11, pid: 70, tid, addr: 0x1000n }).data();
  const files = {
    'perf.dir/data': main.file(),
    'perf.dir/data.0': sample(1),
    'perf.dir/data.10': sample(3),
    'perf.dir/data.2': sample(2),
  };
  const { rows } = await readRows(files);
  assert.deepEqual(
    rows.map((row) => row.tid),
    [1, 2, 3],
  );
});

test('an id that matches nothing makes no row and is counted', async () => {
  const { rows, source } = await readRows(memoryFile(false).sample({ id: 99, pid: 1, addr: 1n }).file());
  assert.equal(rows.length, 0);
  assert.equal(source.session.samples.losses.unknownId, 1);
});

test('attrs of any size are read', async () => {
  for (const size of [64, 72, 80, 96, 104, 112, 120, 128, 136, 144, 200]) {
    const builder = new PerfBuilder()
      .attr({ sampleType: F.tid | F.addr, size })
      .sample({ pid: 4, addr: 0x2000n });
    for (const bytes of [builder.file(), builder.pipe()])
      assertRows((await readRows(bytes)).rows, [{ pid: 4, address: 0x2000n }]);
  }
});

test('a recording that was killed is read to its end', async () => {
  const builder = someSamples(memoryFile(false));
  const { rows } = await readRows(builder.file({ dataSize: 0 }).subarray(0, -1));
  assert.equal(rows.length >= 3, true);
});

test('only the processes asked for make rows', async () => {
  const builder = memoryFile(false);
  for (const pid of [5, 6, 5, 7]) builder.sample({ id: 11, pid, addr: 0x1000n });
  const { rows, source } = await readRows(builder.file(), { pids: new Set([5, 7]) });
  assert.deepEqual(
    rows.map((row) => row.pid),
    [5, 5, 7],
  );
  assert.equal(source.session.samples.losses.otherProcess, 1);
});

test('unknown records and payloads of other AUX data are passed over', async () => {
  const builder = memoryFile(false).record(199, new Uint8Array(24));
  builder.record(70, new Bytes().u32(1).u32(0).u64(0).done()).auxtrace(new Uint8Array(64).fill(9));
  const { rows, source } = await readRows(builder.sample({ id: 11, pid: 5, addr: 0x1000n }).file());
  assert.equal(rows.length, 1);
  assert.equal(source.session.foreignAuxBytes, 64);
});

test('a recording cut at any byte gives the rows before the cut and says what is missing', async () => {
  const bytes = someSamples(memoryFile(false)).pipe();
  const whole = (await readRows(bytes)).rows;
  for (let length = 16; length < bytes.length; length++) {
    const { rows, source } = await readRows(bytes.subarray(0, length));
    assert.deepEqual(rows, whole.slice(0, rows.length));
    const isAtRecord = damagedBytes(source.session) === 0;
    if (!isAtRecord) assert.equal(source.session.damage.places[0].offset <= length, true);
  }
});

test('a tail of zeros stops the reading and is counted whole', async () => {
  const bytes = joined([
    memoryFile(false).sample({ id: 11, pid: 5, addr: 0x1000n }).pipe(),
    new Uint8Array(4096),
  ]);
  const { rows, source } = await readRows(bytes);
  assert.equal(rows.length, 1);
  assert.equal(source.session.damage.bytes, 4096);
  assert.equal(source.session.damage.places[0].offset, bytes.length - 4096);
});

test('absurd counts inside a sample damage that sample only', async () => {
  const sampleType = F.tid | F.addr | F.callchain | F.dataSource;
  const builder = new PerfBuilder().attr({ sampleType });
  builder.record(
    9,
    new Bytes()
      .u32(1)
      .u32(1)
      .u64(0x1000)
      .u64(2n ** 61n)
      .u64(0)
      .done(),
  );
  builder.sample({ pid: 2, addr: 0x2000n });
  const { rows, source } = await readRows(builder.file());
  assertRows(rows, [{ pid: 2, address: 0x2000n }]);
  assert.deepEqual(
    [source.session.samples.losses.damaged, source.session.samples.losses.damagedBytes],
    [1, 40],
  );
});

test('IBS registers in RAW give address, kind and latency; Zen 4 doubts a lone physical address', async () => {
  const registers = (data3: bigint) =>
    new Bytes()
      .u32(0)
      .u64((1n << 17n) | (1n << 18n))
      .u64(0)
      .u64(0)
      .u64(1n << 4n)
      .u64(data3)
      .u64(0x7f00000000f0n)
      .u64(0x12345000n)
      .done();
  const valid = (1n << 17n) | (1n << 18n);
  const builder = new PerfBuilder().attr({
    type: 11,
    sampleType: F.tid | F.raw,
    period: 1000,
    name: 'ibs_op/cnt_ctl=1/',
  });
  builder.feature(FEATURE.pmuMappings, new Bytes().u32(1).u32(11).featureText('ibs_op').done());
  builder.feature(
    FEATURE.pmuCaps,
    new Bytes()
      .u32(1)
      .u32(1)
      .featureText('zen4_ibs_extensions')
      .featureText('1')
      .featureText('ibs_op')
      .done(),
  );
  const load = 1n | (1n << 7n) | (1n << 6n) | (300n << 32n);
  for (const data3 of [load | valid, 2n | (1n << 18n), 0n]) builder.sample({ pid: 8, raw: registers(data3) });
  const { rows } = await readRows(builder.describeEvents().file());
  assertRows(rows, [
    {
      address: 0x7f00000000f0n,
      physical: 0x12345000n,
      kind: SAMPLE_KIND.load,
      latency: 300,
      weight: 1000,
      flags:
        SAMPLE_FLAG.cacheMiss |
        SAMPLE_FLAG.remoteMemory |
        SAMPLE_FLAG.hugeMapped |
        SAMPLE_FLAG.tlbFirst |
        sourceFlag(DATA_SOURCE.l2),
    },
    { address: 0n, frame: -1, kind: SAMPLE_KIND.store },
    { address: 0n, frame: -1, kind: SAMPLE_KIND.unknown },
  ]);
});

test('guests are marked, so that their addresses enter no host map', async () => {
  const builder = memoryFile(false);
  for (const mode of [4, 5]) builder.sample({ id: 11, pid: 5, addr: 0x1000n, mode });
  const { rows } = await readRows(builder.file());
  assert.deepEqual(
    rows.map((row) => row.flags),
    [SAMPLE_FLAG.guest | SAMPLE_FLAG.kernel, SAMPLE_FLAG.guest],
  );
});

function speFile(isBig = false): PerfBuilder {
  const sampleType = F.identifier | F.ip | F.tid | F.time | F.cpu;
  const builder = new PerfBuilder(isBig).attr({ type: 1, config: 9, sampleType, ids: [7] });
  builder.attr({ type: 12, sampleType, ids: [8], period: 1024, name: 'arm_spe_0//' });
  builder.record(79, builder.bytes().u64(10).u64(40960).u64(1_000_000_000).done());
  return builder.record(70, builder.bytes().u32(4).u32(0).u64(12).u64(1).done()).comm(900, 901, 'thread');
}

test('SPE: one record is one row, with thread by context, time by conversion and canonical addresses', async () => {
  const spe = new SpeBuilder().pc(0xaaaa00000000n).context(901).load().events(0x216).latency(44);
  spe.data(0xffff80001000n, 0x0an).physical(0x9000n).source(0xe).pad(3).time(200_000);
  spe.pc(0xffff800008000000n, 2).store().events(0x20, 1).data(0xfff80000000000n).time(200_025);
  spe.pc(0xaaaa00000004n).raw(0x4a, 0).time(200_030);
  for (const isBig of [false, true]) {
    const { rows, source } = await readRows(speFile(isBig).auxtrace(spe.done()).file());
    assertRows(rows, [
      {
        pid: 900,
        tid: 901,
        address: 0xffff80001000n,
        physical: 0x9000n,
        kind: SAMPLE_KIND.load,
        latency: 44,
        weight: 1024,
        event: 1,
        time: 1_000_000_000 + 200_000 * 40,
        flags:
          SAMPLE_FLAG.cacheMiss | SAMPLE_FLAG.tlbFirst | SAMPLE_FLAG.tlbSecond | sourceFlag(DATA_SOURCE.l1),
      },
      {
        address: 0xfffff80000000000n,
        kind: SAMPLE_KIND.store,
        time: 1_000_000_000 + 200_025 * 40,
        flags: SAMPLE_FLAG.kernel | SAMPLE_FLAG.tlbMiss,
      },
    ]);
    assert.equal(source.session.trace.otherOperations, 1);
  }
});

test('SPE without context: threads follow the switches of the CPU, also those written later', async () => {
  const record = (count: number) => new SpeBuilder().load().data(0x1000n).time(count).done();
  const ns = (count: number) => BigInt(1_000_000_000 + count * 40);
  const builder = speFile().switchTo(ns(50), 0, 900, 901);
  builder.auxtrace(joined([record(100), record(200), record(300)]));
  builder.finishedRound().switchTo(ns(250), 0, 500, 501).finishedRound().finishedRound();
  const { rows } = await readRows(builder.file());
  assert.deepEqual(
    rows.map((row) => [row.pid, row.tid, row.flags]),
    [
      [900, 901, SAMPLE_FLAG.guessedThread],
      [900, 901, SAMPLE_FLAG.guessedThread],
      [500, 501, SAMPLE_FLAG.guessedThread],
    ],
  );
});

test('SPE of one thread: the buffer says which', async () => {
  const data = new SpeBuilder().load().data(0x1000n).end().done();
  const { rows } = await readRows(speFile().auxtrace(data, { tid: 901, cpu: 0xffffffff }).file());
  assertRows(rows, [{ pid: 900, tid: 901, time: -1 }]);
});

test('SPE buffers may be cut at every byte', async () => {
  const spe = new SpeBuilder();
  for (let i = 0; i < 40; i++)
    spe
      .pc(0x1000n)
      .pad(i % 5)
      .context(901)
      .load()
      .latency(i)
      .data(BigInt(i) << 12n)
      .time(1000 + i);
  const bytes = speFile().auxtrace(spe.done()).file();
  const whole = (await readRows(bytes)).rows;
  assert.equal(whole.length, 40);
  for (const chunk of [1, 3, 17, 64]) assert.deepEqual((await readRows(bytes, { chunk })).rows, whole);
});
