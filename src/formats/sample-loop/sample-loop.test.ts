/** The loop against the decoders that go record by record: both have to give the same rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BuiltSample, PerfBuilder } from '../../../test/support/perf-builder.js';
import { type Row, readRows } from '../../../test/support/perf-rows.js';
import fc from '../../../test/support/properties.js';
import { SpeBuilder } from '../../../test/support/spe-builder.js';
import { SpeRecordDecoder } from '../arm-spe/record-decoder.js';
import { nanosecondsOf } from '../arm-spe/time-conversion.js';
import { SAMPLE_FIELD as F } from '../perf-abi/constants.js';
import { kindOf } from '../perf-data/spe-rows.js';
import { SampleLoop } from './sample-loop.js';

const CLOCK = { shift: 10, mult: 40960n, zero: 1_000_000_000n, short: undefined };
/** Counter of the first record, which the times of a recording count from. */
const FIRST_COUNT = 5;
const ORIGIN = nanosecondsOf(CLOCK, BigInt(FIRST_COUNT));
const wide = (low: number, high: number) => (BigInt(high) << 32n) | BigInt(low);

const COMMON = F.identifier | F.ip | F.tid | F.time | F.addr | F.cpu | F.period;
const any64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const sample: fc.Arbitrary<BuiltSample> = fc.record({
  id: fc.constantFrom(11, 12, 21, 31, 99),
  pid: fc.constantFrom(70, 71, 4000),
  tid: fc.nat(5000),
  time: fc.bigInt({ min: 0n, max: 1n << 50n }),
  addr: fc.oneof(any64, fc.constant(0n)),
  period: fc.nat(2 ** 31),
  physAddr: any64,
  weight: any64,
  dataSource: any64,
  dataPageSize: fc.constantFrom(4096, 2 << 20, 2 ** 30),
  mode: fc.nat(5),
}) as never;

/** Three events of different fields; the loop leaves files of the other byte order alone. */
function recording(isBig: boolean, samples: readonly BuiltSample[]): Uint8Array {
  const builder = new PerfBuilder(isBig);
  const memory = COMMON | F.weightStruct | F.dataSource | F.physAddr | F.dataPageSize;
  builder.attr({ sampleType: memory, ids: [11, 12], name: 'loads', period: 100 });
  builder.attr({ sampleType: COMMON, ids: [21], name: 'stores', config: 7, period: 200 });
  builder.attr({ sampleType: COMMON | F.weight | F.dataSource, ids: [31], name: 'others', config: 8 });
  const layouts: Record<number, number> = { 11: 0, 12: 0, 21: 1, 31: 2 };
  for (const each of samples) builder.sample(each, builder.attrs[layouts[each.id ?? 0] ?? 0]);
  return builder.describeEvents().file();
}

test('samples of several events and processes make the same rows in the loop and one by one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sample, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(undefined, new Set([70, 4000])),
      fc.constantFrom(Number.POSITIVE_INFINITY, 1000, 61),
      async (samples, pids, chunk) => {
        const options = { chunk, ...(pids === undefined ? {} : { pids }) };
        const fast = await readRows(recording(false, samples), options);
        const slow = await readRows(recording(true, samples), options);
        assert.deepEqual(fast.rows, slow.rows);
        assert.deepEqual(fast.source.session.samples.losses, slow.source.session.samples.losses);
        assert.equal(fast.source.session.samples.seen, samples.length);
      },
    ),
    { numRuns: 150 },
  );
});

const packet: fc.Arbitrary<(spe: SpeBuilder) => SpeBuilder> = fc.oneof(
  any64.map((value) => (spe: SpeBuilder) => spe.pc(value, Number(value & 3n))),
  any64.map((value) => (spe: SpeBuilder) => spe.data(value, value & 0xffn)),
  any64.map((value) => (spe: SpeBuilder) => spe.physical(value)),
  fc.nat(255).map((value) => (spe: SpeBuilder) => spe.raw(0x49, value)),
  fc.nat(255).map((value) => (spe: SpeBuilder) => spe.raw(0x4a, value)),
  fc.tuple(fc.nat(0xffff), fc.constantFrom(1, 2, 4, 8)).map(
    ([bits, size]) =>
      (spe: SpeBuilder) =>
        spe.payload(0x42, bits & (size === 1 ? 0xff : 0xffff), size as 1),
  ),
  fc.tuple(fc.nat(255), fc.constantFrom(1, 2, 4, 8)).map(
    ([value, size]) =>
      (spe: SpeBuilder) =>
        spe.payload(0x43, value, size as 1),
  ),
  fc.nat(0xffff).map((value) => (spe: SpeBuilder) => spe.payload(0x88, value, 2)),
  fc.nat(0xffff).map((value) => (spe: SpeBuilder) => spe.payload(0x89, value, 2)),
  fc.constantFrom(901, 902).map((tid) => (spe: SpeBuilder) => spe.context(tid)),
  fc.nat(70).map((count) => (spe: SpeBuilder) => spe.pad(count)),
  fc.nat(255).map((byte) => (spe: SpeBuilder) => spe.raw(byte)),
);

/** Records in the order that processors keep, with parts left out, or packets in any order. */
const record = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(any64, fc.nat(0xfff)).map(usualRecord) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.array(packet, { maxLength: 9 }), fc.nat(1 << 30))
      .map(([packets, time]) => (spe: SpeBuilder) => {
        for (const put of packets) put(spe);
        return time % 9 === 0 ? spe.end() : spe.time(time);
      }),
  },
);

function usualRecord([value, parts]: [bigint, number]): (spe: SpeBuilder) => SpeBuilder {
  const has = (bit: number) => ((parts >>> bit) & 1) === 1;
  return (spe) => {
    if (has(0) || has(1)) spe.pc(value, has(0) ? 2 : 0);
    if (has(2)) spe.pad(5).context(has(3) ? 901 : 902);
    spe.raw(has(4) || has(5) ? 0x49 : 0x4a, Number(value & 0xffn));
    spe
      .events(Number(value & 0xffffn), has(6) ? 2 : 4)
      .raw(0x99, 7, 0)
      .latency(Number(value & 0xfffn));
    if (has(7) || has(8)) spe.data(value, value & 15n).raw(0x9a, 1, 0);
    if (has(8)) spe.physical(value);
    if (has(9)) spe.source(Number(value & 15n));
    if (has(10)) spe.pad(Number(value & 3n));
    return spe.time(value & 0xffffffffffn);
  };
}

interface Access {
  readonly address: bigint;
  readonly physical: bigint;
  readonly time: number;
  readonly tid: number;
  readonly kind: number;
  readonly latency: number;
  readonly flags: number;
}

/** The accesses in the bytes as SpeRecordDecoder alone reads them, and what it found damaged. */
function decodeOneByOne(bytes: Uint8Array): { accesses: Access[]; decoder: SpeRecordDecoder } {
  const decoder = new SpeRecordDecoder();
  decoder.attach(bytes);
  const accesses: Access[] = [];
  let tid = 0;
  for (let at = 0; ; ) {
    at = decoder.next(at, bytes.length, true);
    if (at <= 0) return { accesses, decoder };
    if (decoder.context >= 0) tid = decoder.context;
    if (decoder.operation < 0) continue;
    const count = wide(decoder.timeLow, decoder.timeHigh);
    accesses.push({
      address: wide(decoder.virtualLow, decoder.virtualHigh),
      physical: wide(decoder.physicalLow, decoder.physicalHigh),
      time: decoder.hasTime ? sinceOrigin(nanosecondsOf(CLOCK, count)) : -1,
      tid,
      kind: kindOf(decoder.operation),
      latency: decoder.latency,
      flags: expectedFlags(decoder),
    });
  }
}

/** As batches tell times: a double that counts from the first time met; beyond 2^53 it is not the nearest to the sum. */
function sinceOrigin(time: bigint): number {
  return Number(ORIGIN) + Number(BigInt.asIntN(64, time - ORIGIN));
}

function expectedFlags({ level, events }: SpeRecordDecoder): number {
  const bit = (number: number, flag: number) => ((events >>> number) & 1) * flag;
  // A translation that was looked up and not walked for was in some TLB; a first-level access without a refill hit.
  const tlbHit = (events & 0x30) === 0x10 ? 3 << 7 : 0;
  const levelOne = (events & 0xc) === 0x4 ? 1 << 9 : 0;
  return (level > 0 ? 1 : 0) | bit(5, 1 << 2) | bit(9, 1 << 6) | bit(10, 1 << 5) | tlbHit | levelOne;
}

const accessOf = ({ address, physical, time, tid, kind, latency, flags }: Row): Access => ({
  address,
  physical,
  time,
  tid,
  kind,
  latency,
  flags,
});

function speFile(bytes: Uint8Array): Uint8Array {
  const sampleType = F.identifier | F.ip | F.tid | F.time | F.cpu;
  const builder = new PerfBuilder(false).attr({ type: 1, config: 9, sampleType, ids: [7] });
  builder.attr({ type: 12, sampleType, ids: [8], period: 1024, name: 'arm_spe_0//' });
  builder.record(79, builder.bytes().u64(CLOCK.shift).u64(CLOCK.mult).u64(CLOCK.zero).done());
  builder.record(70, builder.bytes().u32(4).u32(0).u64(12).u64(1).done());
  return builder.comm(900, 901, 'thread').comm(900, 902, 'other').auxtrace(bytes).file();
}

test('SPE records make the same rows in the loop and one by one, whatever the bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 40 }),
      fc.constantFrom(Number.POSITIVE_INFINITY, 777),
      async (records, chunk) => {
        // The first record has a context, so that threads are known by contexts.
        const spe = new SpeBuilder().pc(1n).context(901).load().time(FIRST_COUNT);
        for (const put of records) put(spe);
        spe.pad((8 - (spe.length % 8)) % 8);
        const bytes = spe.done();
        const { accesses, decoder } = decodeOneByOne(bytes);
        const { rows, source } = await readRows(speFile(bytes), { chunk });
        assert.deepEqual(rows.map(accessOf), accesses);
        const { counts } = source.session.trace.records;
        // Where bytes come in pieces, what is damaged may be told in more than one part.
        if (chunk === Number.POSITIVE_INFINITY) assert.deepEqual(counts, decoder.counts);
      },
    ),
    { numRuns: 300 },
  );
});

test('a loop that was given back answers nobody, and serves the next reader from the beginning', () => {
  const host = {
    eventOf: () => 0,
    isWanted: () => 1,
    meaningOfSource: () => 0,
    processOf: () => 1,
    seekThread: () => 0,
  };
  const loop = SampleLoop.take(host);
  loop.columns.physicalPage[3] = 5;
  loop.sourceCounts[3] = 5;
  loop.giveBack();
  const again = SampleLoop.take(host);
  assert.equal(again, loop);
  assert.equal(again.columns.physicalPage[3], -1);
  assert.equal(again.sourceCounts[3], 0);
  again.giveBack();
});
