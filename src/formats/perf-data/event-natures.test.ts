import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventAttr } from './attr.js';
import { natureOfEvent, naturesTogether, overlap } from './event-natures.js';

/** perf inherits unless told otherwise. */
const INHERIT = 1 << 1;
const EXCLUDE_USER = 1 << 4;
const EXCLUDE_KERNEL = 1 << 5;
const EXCLUDE_HOST = 1 << 19;
const INTEL = 'GenuineIntel,6,143,8';

function attr(fields: Partial<EventAttr>): EventAttr {
  return {
    type: 4,
    size: 136,
    config: 0n,
    samplePeriod: 10_007,
    isFrequency: false,
    sampleType: 0,
    readFormat: 0,
    sampleIdAll: true,
    branchSampleType: 0,
    userRegisters: 0,
    interruptRegisters: 0,
    clockId: undefined,
    config1: 0n,
    config2: 0n,
    config3: 0n,
    config4: 0n,
    preciseIp: 2,
    watched: INHERIT,
    ...fields,
  };
}

function nature(fields: Partial<EventAttr>, context: { pmu?: string; cpuId?: string; name?: string } = {}) {
  const { pmu = '', cpuId = INTEL, name = '' } = context;
  const found = natureOfEvent(attr(fields), { name, pmu, cpuId, isSpe: false });
  return found.side === 'both' ? found.nature : `${found.nature} of ${found.side}`;
}

test('software events, breakpoints, tracepoints and counters of cycles are no samples of accesses', () => {
  for (const config of [2n, 5n, 6n]) assert.equal(nature({ type: 1, config }), 'first-touches');
  for (const config of [0n, 1n, 3n, 4n, 7n, 8n, 9n, 10n, 11n])
    assert.equal(nature({ type: 1, config }), 'nothing');
  assert.equal(nature({ type: 5 }), 'nothing');
  assert.equal(nature({ type: 2 }, { name: 'sched:sched_switch' }), 'nothing');
  assert.equal(nature({ type: 2 }, { name: 'damon:damon_aggregated' }), 'access-bits');
  for (const config of [0n, 1n, 2n, 3n]) assert.equal(nature({ type: 0, config }), 'nothing');
  assert.equal(nature({ config: 0x3cn }), 'nothing');
  assert.equal(nature({ config: 0xc0n }), 'nothing');
});

test('Intel: retired loads and stores are whole, load latency above three cycles is slow accesses', () => {
  assert.equal(nature({ config: 0x81d0n }), 'loads of loads');
  assert.equal(nature({ config: 0x82d0n }), 'stores of stores');
  assert.equal(nature({ config: 0x83d0n }), 'all-accesses');
  for (const config of [0x1cdn, 0x5d0n]) {
    assert.equal(nature({ config, config1: 0n }), 'loads of loads');
    assert.equal(nature({ config, config1: 3n }), 'loads of loads');
    assert.equal(nature({ config, config1: 4n }), 'slow-accesses of loads');
    assert.equal(nature({ config, config1: 30n }), 'slow-accesses of loads');
    // Only the low 16 bits are the threshold.
    assert.equal(nature({ config, config1: 0x10003n }), 'loads of loads');
  }
  assert.equal(nature({ config: 0x2cdn }), 'stores of stores');
  assert.equal(nature({ config: 0x6d0n }), 'stores of stores');
  assert.equal(nature({ config: 0x8203n }), 'nothing');
  for (const umask of [2, 4, 8, 0x10, 0x20, 0x40]) {
    assert.equal(nature({ config: BigInt((umask << 8) | 0xd1) }), 'slow-accesses of loads');
  }
  assert.equal(nature({ config: 0x01d1n }), 'nothing');
  assert.equal(nature({ config: 0x01d3n }), 'slow-accesses of loads');
  assert.equal(nature({ config: 0x41d0n }), 'nothing', 'split loads only');
});

test('Intel: misses of the second-level TLB', () => {
  assert.equal(nature({ config: 0x11d0n }), 'tlb-misses of loads');
  assert.equal(nature({ config: 0x12d0n }), 'tlb-misses of stores');
  assert.equal(nature({ config: 0x13d0n }), 'tlb-misses');
});

test('cache events have addresses by precise sampling on Intel only', () => {
  const cache = (id: number, op: number, miss: number) => ({
    type: 3,
    config: BigInt(id | (op << 8) | (miss << 16)),
  });
  assert.equal(nature(cache(0, 0, 0)), 'loads of loads');
  assert.equal(nature(cache(0, 1, 0)), 'stores of stores');
  assert.equal(nature(cache(0, 0, 1)), 'slow-accesses of loads');
  assert.equal(nature(cache(2, 0, 1)), 'slow-accesses of loads');
  assert.equal(nature(cache(3, 0, 1)), 'tlb-misses of loads');
  assert.equal(nature(cache(3, 1, 1)), 'tlb-misses of stores');
  assert.equal(nature(cache(0, 2, 0)), 'nothing');
  assert.equal(nature(cache(5, 0, 1)), 'nothing');
  assert.equal(nature({ ...cache(0, 0, 0), preciseIp: 0 }), 'nothing');
  assert.equal(nature(cache(0, 0, 0), { cpuId: 'AuthenticAMD,25,17,1' }), 'nothing');
});

test('core events of other vendors have no data addresses; unnamed PMUs are not known', () => {
  assert.equal(nature({ config: 0x81d0n }, { cpuId: 'AuthenticAMD,25,17,1' }), 'nothing');
  assert.equal(nature({ config: 0x81d0n }, { cpuId: '' }), 'loads of loads');
  assert.equal(nature({ type: 9, config: 0x81d0n }, { pmu: 'cpu_atom' }), 'loads of loads');
  assert.equal(nature({ type: 9 }), 'unknown');
  assert.equal(nature({ type: 9 }, { pmu: 'intel_pt' }), 'nothing');
});

test('AMD IBS: all accesses unless only slow ones are kept', () => {
  const ibs = (fields: Partial<EventAttr>) =>
    nature({ type: 11, ...fields }, { pmu: 'ibs_op', cpuId: 'AuthenticAMD,26' });
  assert.equal(ibs({ config: 1n << 19n }), 'all-accesses');
  assert.equal(ibs({}), 'slow-accesses', 'by cycles what stalls shows more often');
  assert.equal(ibs({ config: (1n << 19n) | (1n << 16n) }), 'slow-accesses');
  assert.equal(ibs({ config: 1n << 19n, config1: 128n }), 'slow-accesses');
  assert.equal(nature({ type: 12 }, { pmu: 'ibs_fetch' }), 'nothing');
  assert.equal(nature({ type: 11, config: 1n << 19n }, { name: 'ibs_op/cnt_ctl=1/' }), 'all-accesses');
});

test('Arm SPE: its filters decide', () => {
  const spe = (fields: Partial<EventAttr>) =>
    nature({ type: 12, ...fields }, { pmu: 'arm_spe_0', cpuId: '' });
  const [branches, loads, stores] = [1n << 32n, 1n << 33n, 1n << 34n];
  assert.equal(spe({}), 'all-accesses');
  assert.equal(spe({ config: loads | stores }), 'all-accesses');
  assert.equal(spe({ config: loads }), 'loads of loads');
  assert.equal(spe({ config: stores | branches }), 'stores of stores');
  assert.equal(spe({ config: branches }), 'nothing');
  assert.equal(spe({ config: loads | stores | (1n << 35n) }), 'nothing', 'discarded');
  assert.equal(spe({ config: 1n << 39n }), 'nothing', 'vectors only');
  // Masks: a load that must be one, and one that must not.
  assert.equal(spe({ config: loads | (1n << 37n) }), 'loads of loads');
  assert.equal(spe({ config: 1n << 37n }), 'stores of stores');
  assert.equal(spe({ config: stores | (1n << 38n) }), 'stores of stores');
  assert.equal(spe({ config: 1n << 38n }), 'loads of loads');
  assert.equal(spe({ config: loads | (3n << 37n) }), 'loads of loads');
  assert.equal(spe({ config: stores | (3n << 37n) }), 'stores of stores');
  assert.equal(spe({ config: loads | stores | (3n << 37n) }), 'nothing');
  assert.equal(spe({ config: branches | (1n << 36n) }), 'nothing');
  // Latency and events.
  assert.equal(spe({ config2: 1n }), 'all-accesses');
  assert.equal(spe({ config2: 2n }), 'slow-accesses');
  assert.equal(spe({ config2: 0xfffn }), 'slow-accesses');
  assert.equal(spe({ config1: 1n << 1n }), 'all-accesses', 'retired');
  assert.equal(spe({ config1: 1n << 5n }), 'tlb-misses');
  assert.equal(spe({ config1: (1n << 5n) | (1n << 3n) }), 'tlb-misses');
  for (const bit of [3n, 8n, 9n, 10n, 19n, 20n]) assert.equal(spe({ config1: 1n << bit }), 'slow-accesses');
  assert.equal(spe({ config1: 1n << 11n }), 'nothing', 'misaligned');
  assert.equal(spe({ config3: 2n }), 'nothing');
  assert.equal(spe({ config4: 1n }), 'nothing');
});

function weighed(index: number, config: bigint, more: Partial<EventAttr> = {}) {
  const own = attr({ config, ...more });
  return { index, attr: own, nature: natureOfEvent(own, { name: '', pmu: '', cpuId: INTEL, isSpe: false }) };
}

test('all loads and all stores by one fixed period are together all accesses, nothing else is', () => {
  const of = (...events: ReturnType<typeof weighed>[]) => [...naturesTogether(events).values()];
  assert.deepEqual(of(weighed(0, 0x81d0n), weighed(1, 0x82d0n)), ['all-accesses', 'all-accesses']);
  assert.deepEqual(of(weighed(0, 0x81d0n), weighed(1, 0x82d0n, { samplePeriod: 5 })), ['loads', 'stores']);
  assert.deepEqual(
    of(weighed(0, 0x81d0n, { isFrequency: true }), weighed(1, 0x82d0n, { isFrequency: true })),
    ['loads', 'stores'],
  );
  assert.deepEqual(of(weighed(0, 0x81d0n), weighed(1, 0x82d0n, { isFrequency: true })), ['loads', 'stores']);
  // Load latency counts tagged loads: its rate is not that of the stores.
  assert.deepEqual(of(weighed(0, 0x1cdn, { config1: 3n }), weighed(1, 0x82d0n)), ['loads', 'stores']);
  assert.deepEqual(of(weighed(0, 0x81d0n), weighed(1, 0x2cdn)), ['loads', 'stores']);
  assert.deepEqual(of(weighed(0, 0x1cdn, { config1: 30n }), weighed(1, 0x82d0n)), [
    'slow-accesses',
    'stores',
  ]);
  assert.deepEqual(of(weighed(0, 0x81d0n), weighed(1, 0x82d0n, { type: 9 })), ['loads', 'unknown']);
});

test('two events overlap unless one is of loads and the other of stores, or they are of different cores', () => {
  assert.equal(overlap(weighed(0, 0x81d0n), weighed(1, 0x81d0n)), true);
  assert.equal(overlap(weighed(0, 0x81d0n), weighed(1, 0x82d0n)), false);
  assert.equal(overlap(weighed(0, 0x83d0n), weighed(1, 0x82d0n)), true);
  assert.equal(overlap(weighed(0, 0x82d0n), weighed(1, 0x83d0n)), true);
  assert.equal(overlap(weighed(0, 0x81d0n), weighed(1, 0x81d0n, { type: 9 })), false);
});

test('what the kernel or a guest did says nothing of the accesses of programs', () => {
  for (const watched of [EXCLUDE_USER, INHERIT | EXCLUDE_USER, EXCLUDE_HOST]) {
    assert.equal(nature({ config: 0x83d0n, watched }), 'nothing');
    assert.equal(nature({ config: 0x1cdn, config1: 3n, watched }), 'nothing');
    assert.equal(nature({ type: 12, config: 6n << 32n, watched }, { pmu: 'arm_spe_0' }), 'nothing');
    assert.equal(nature({ type: 11, watched }, { pmu: 'ibs_op' }), 'nothing');
    assert.equal(nature({ type: 1, config: 2n, watched }), 'nothing');
    assert.equal(nature({ type: 2, watched }, { name: 'damon:damon_aggregated' }), 'access-bits');
  }
  const user = natureOfEvent(attr({ config: 0x83d0n, watched: INHERIT | EXCLUDE_KERNEL }), {
    ...{ name: '', pmu: 'cpu', cpuId: INTEL, isSpe: false },
  });
  assert.equal(user.nature, 'all-accesses');
  assert.match(user.why, /in user space only/);
});

test('cmask, inv, edge, transactions and wider umasks make of accesses something else', () => {
  for (const bit of [16n, 18n, 21n, 23n, 24n, 31n, 32n, 33n, 40n])
    assert.equal(nature({ config: 0x83d0n | (1n << bit) }), 'nothing', `bit ${bit}`);
  assert.equal(nature({ config: 0x83d0n | (1n << 19n) }), 'all-accesses', 'pin control');
  assert.equal(nature({ config: 0x13d0n | (1n << 24n) }), 'nothing');
  assert.equal(nature({ config: 0x1cdn | (1n << 23n), config1: 3n }), 'nothing');
});

test('loads and stores seen of different programs or PMUs are not put together', () => {
  const weighed = (index: number, fields: Partial<EventAttr>) => {
    const each = attr(fields);
    const context = { name: '', pmu: 'cpu', cpuId: INTEL, isSpe: false };
    return { index, attr: each, nature: natureOfEvent(each, context) };
  };
  const together = (...all: Partial<EventAttr>[]) =>
    [...naturesTogether(all.map((fields, index) => weighed(index, fields))).values()].join();
  const [loads, stores] = [{ config: 0x81d0n }, { config: 0x82d0n }];
  assert.equal(together(loads, stores), 'all-accesses,all-accesses');
  assert.equal(together(loads, { ...stores, watched: INHERIT | EXCLUDE_KERNEL }), 'loads,stores');
  assert.equal(together({ ...loads, watched: 0 }, stores), 'loads,stores');
  // Cache events of hybrid CPUs: L1 data reads and writes, of cpu_core (4) and cpu_atom (10).
  const cache = (pmu: bigint, operation: bigint) => ({ type: 3, config: (pmu << 32n) | (operation << 8n) });
  assert.equal(together(cache(4n, 0n), cache(10n, 1n)), 'loads,stores');
  assert.equal(together(cache(4n, 0n), cache(4n, 1n)), 'all-accesses,all-accesses');
  assert.equal(overlap(weighed(0, cache(4n, 0n)), weighed(1, cache(10n, 0n))), false);
  assert.equal(overlap(weighed(0, cache(4n, 0n)), weighed(1, cache(4n, 0n))), true);
});
