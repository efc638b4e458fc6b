/** IBS registers, bit by bit: what each says of an access, and what is not to be trusted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DATA_SOURCE, SAMPLE_FLAG, SAMPLE_KIND, sourceOf } from '../../vocabulary/sample.js';
import { hasErratum1293, type IbsRules, ibsOp, readIbsOp } from './op-sample.js';

const bit = (at: number): number => 1 << at;
const [LOAD, STORE, L1_MISS, L2_MISS, CACHE_MISS] = [0, 1, 2, 3, 7].map(bit);
const [NO_MAB, LINEAR, PHYSICAL, L2C_MISS, PREFETCH] = [16, 17, 18, 20, 21].map(bit);
const REMOTE = bit(4);
const PLAIN: IbsRules = { physicalNeedsLinear: false, erratum1293: false };

interface Registers {
  readonly data3?: number;
  readonly data2?: number;
  readonly latency?: number;
  readonly control?: number;
  readonly size?: number;
  readonly end?: number;
}

function opOf(registers: Registers, rules = PLAIN) {
  const { data3 = 0, data2 = 0, latency = 0, control = bit(17) | bit(18), size = 60, end = 64 } = registers;
  const low: Record<number, number> = { 8: control, 32: data2, 40: data3, 48: 0x1234, 56: 0x5678 };
  const high: Record<number, number> = { 40: latency, 48: 1, 56: 2 };
  const op = ibsOp();
  const words = { low: (at: number) => low[at] ?? 0, high: (at: number) => high[at] ?? 0, u32: () => size };
  return readIbsOp(words, 0, end, rules, op) ? op : undefined;
}

test('an op is read when its registers are all there and valid', () => {
  assert.notEqual(opOf({}), undefined);
  assert.equal(opOf({ size: 59 }), undefined);
  assert.equal(opOf({ end: 63 }), undefined);
  assert.equal(opOf({ control: bit(17) }), undefined);
  assert.equal(opOf({ control: bit(18) }), undefined);
});

test('addresses count as far as the op calls them valid', () => {
  const of = (data3: number, rules = PLAIN) => {
    const op = opOf({ data3 }, rules);
    return [op?.addressLow, op?.addressHigh, op?.physicalLow, op?.physicalHigh];
  };
  assert.deepEqual(of(LINEAR | PHYSICAL), [0x1234, 1, 0x5678, 2]);
  assert.deepEqual(of(LINEAR), [0x1234, 1, 0, 0]);
  assert.deepEqual(of(PHYSICAL), [0, 0, 0x5678, 2]);
  assert.deepEqual(of(PHYSICAL, { ...PLAIN, physicalNeedsLinear: true }), [0, 0, 0, 0]);
  assert.deepEqual(of(PHYSICAL | LINEAR, { ...PLAIN, physicalNeedsLinear: true }), [0x1234, 1, 0x5678, 2]);
});

test('loads, stores, both and prefetches are told apart', () => {
  const kinds = [0, LOAD, STORE, LOAD | STORE, LOAD | PREFETCH].map((data3) => opOf({ data3 })?.kind);
  const { unknown, load, store, update, prefetch } = SAMPLE_KIND;
  assert.deepEqual(kinds, [unknown, load, store, update, prefetch]);
});

test('the latency is that of a load that missed', () => {
  const latency = 0x1ffff;
  assert.equal(opOf({ data3: LOAD | CACHE_MISS, latency })?.latency, 0xffff);
  assert.equal(opOf({ data3: LOAD, latency })?.latency, 0);
  assert.equal(opOf({ data3: STORE | CACHE_MISS, latency })?.latency, 0);
});

test('the TLB level of an op is known when its address was translated', () => {
  const tlb = SAMPLE_FLAG.tlbMiss | SAMPLE_FLAG.tlbFirst | SAMPLE_FLAG.tlbSecond;
  const of = (data3: number) => (opOf({ data3 })?.flags ?? 0) & tlb;
  assert.equal(of(LINEAR), SAMPLE_FLAG.tlbFirst);
  assert.equal(of(LINEAR | L1_MISS), SAMPLE_FLAG.tlbSecond);
  assert.equal(of(LINEAR | L1_MISS | L2_MISS), SAMPLE_FLAG.tlbMiss);
  assert.equal(of(L1_MISS), 0);
  for (const huge of [4, 5, 6, 19]) {
    assert.ok((opOf({ data3: bit(huge) })?.flags ?? 0) & SAMPLE_FLAG.hugeMapped, `bit ${huge}`);
  }
  assert.equal((opOf({ data3: LINEAR })?.flags ?? 0) & SAMPLE_FLAG.hugeMapped, 0);
});

test('where the data of a load came from follows its misses', () => {
  const missed = LOAD | CACHE_MISS | L2C_MISS;
  const of = (data3: number, data2 = 0) => sourceOf(opOf({ data3, data2 })?.flags ?? 0);
  assert.equal(of(STORE | CACHE_MISS, 1), DATA_SOURCE.unknown);
  assert.equal(of(LOAD, 3), DATA_SOURCE.l1);
  assert.equal(of(LOAD | CACHE_MISS, 3), DATA_SOURCE.l2);
  assert.equal(of(missed | NO_MAB, 3), DATA_SOURCE.fillBuffer);
  const { l3, peerCache, memory, remoteCache, remoteMemory, pmem, device, cxl, unknown } = DATA_SOURCE;
  const bySource = [0, 1, 2, 3, 4, 5, 6, 7, 0x40, 0x84].map((data2) => of(missed, data2));
  assert.deepEqual(bySource, [
    unknown,
    l3,
    peerCache,
    memory,
    unknown,
    remoteCache,
    pmem,
    device,
    cxl,
    unknown,
  ]);
  const remote = [1, 2, 3, 6].map((data2) => of(missed, data2 | REMOTE));
  assert.deepEqual(remote, [remoteCache, remoteCache, remoteMemory, pmem]);
});

test('memory of another node is flagged, unless erratum 1293 makes the register doubtful', () => {
  const isRemote = (data3: number, data2: number, erratum1293 = false) =>
    ((opOf({ data3, data2 }, { ...PLAIN, erratum1293 })?.flags ?? 0) & SAMPLE_FLAG.remoteMemory) !== 0;
  assert.equal(isRemote(LOAD, 3), false);
  for (const remote of [bit(4), bit(9)]) assert.equal(isRemote(LOAD, remote), true);
  for (const doubtful of [NO_MAB, PREFETCH]) {
    assert.equal(isRemote(LOAD | doubtful, REMOTE), true);
    assert.equal(isRemote(LOAD | doubtful, REMOTE, true), false);
  }
  assert.equal(isRemote(LOAD, REMOTE, true), true);
  const models = [
    'AuthenticAMD,25,15',
    'HygonGenuine,25,0',
    'AuthenticAMD,25,16',
    'AuthenticAMD,23,1',
    'GenuineIntel,25,1',
  ];
  assert.deepEqual(models.map(hasErratum1293), [true, true, false, false, false]);
  assert.equal(hasErratum1293(undefined), false);
});
