/** Accesses by data source, latency, TLB outcome, NUMA node and kind, on a recording and on a heat file of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { documentProblem } from '../../src/cli/documents.js';
import type { View } from '../../src/cli/samples/view.js';
import { SAMPLE_FIELD as F, FEATURE } from '../../src/formats/perf-abi/constants.js';
import { type BuiltSample, PerfBuilder } from '../support/perf-builder.js';
import { SpeBuilder } from '../support/spe-builder.js';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-views-'));
after(() => rmSync(directory, { recursive: true }));

const at = (name: string) => join(directory, name);
const HEAP = 0x5500_0000_0000n;
const FILE = 0x7f00_0000_0000n;

/** perf_mem_data_src: operation, mem_lvl bits, mem_dtlb bits, mem_lvl_num, remote. */
function dataSource(op: number, level: number, tlb: number, number = 0, remote = 0): bigint {
  return (
    BigInt(op) |
    (BigInt(level) << 5n) |
    (BigInt(tlb) << 26n) |
    (BigInt(number) << 33n) |
    (BigInt(remote) << 37n)
  );
}

const LOAD = 2;
const STORE = 4;
const SAMPLES: readonly BuiltSample[] = [
  // HIT | L1, first-level TLB hit, 5 cycles, node 0.
  { addr: HEAP, dataSource: dataSource(LOAD, 2 | 8, 2 | 8), weight: 5n, physAddr: 0x1000n },
  { addr: HEAP, dataSource: dataSource(LOAD, 2 | 8, 2 | 8), weight: 7n, physAddr: 0x1000n },
  // Remote RAM by number, TLB miss, 300 cycles, node 1.
  { addr: FILE, dataSource: dataSource(LOAD, 0, 4 | 0x10, 13, 1), weight: 300n, physAddr: 0x8000_0000n },
  // Local RAM by bit, second-level TLB hit; no physical address.
  { addr: FILE + 4096n, dataSource: dataSource(LOAD, 2 | 0x80, 2 | 0x10), weight: 200n, physAddr: 0n },
  // A store that missed the first level: where its line came from is not said.
  { addr: HEAP, dataSource: dataSource(STORE, 4 | 8, 0), weight: 0n, physAddr: 0x2000n },
];

function memoryRecording(name: string): string {
  const sampleType = F.identifier | F.tid | F.time | F.addr | F.dataSource | F.weight | F.physAddr;
  const builder = new PerfBuilder().attr({ sampleType, ids: [1], name: 'mem', period: 10, config: 0x83d0 });
  builder.describeEvents().describeMachine();
  const topology = builder.bytes().u64(1).u64(0x4000_0000).u64(2);
  topology.u64(0).u64(4).u64(4).u64(0b0011).u64(1).u64(4).u64(4).u64(0b1100);
  builder.feature(FEATURE.memoryTopology, topology.done());
  builder.comm(7, 7, 'db').mmap2(7, HEAP, 0x100000n, '[heap]').mmap2(7, FILE, 0x100000n, '/data');
  for (const [index, sample] of SAMPLES.entries())
    builder.sample({ id: 1, pid: 7, time: BigInt(1000 + index), ...sample });
  writeFileSync(at(name), builder.file());
  return at(name);
}

const EXPECTED: Readonly<Record<string, readonly (readonly [value: string, samples: number])[]>> = {
  source: [
    ['not recorded', 1],
    ['L1 cache', 2],
    ['local memory', 1],
    ['remote memory', 1],
  ],
  latency: [
    ['not recorded', 1],
    ['4-7', 2],
    ['128-255', 1],
    ['256-511', 1],
  ],
  tlb: [
    ['not recorded', 1],
    ['first-level hit', 2],
    ['second-level hit', 1],
    ['miss', 1],
  ],
  node: [
    ['local, node not said', 1],
    ['node 0', 3],
    ['node 1', 1],
  ],
  kind: [
    ['load', 4],
    ['store', 1],
  ],
};

test('a heat file and the recording that it is of show the same views', async () => {
  const recording = memoryRecording('mem.data');
  const heat = at('mem.parquet');
  for (const [by, expected] of Object.entries(EXPECTED)) {
    const words = ['import', recording, '--page-size', '4K', '--out', heat, '--by', by, '--json'];
    const imported = JSON.parse((await octavo(words)).stdout).view as View;
    const reported = JSON.parse((await octavo(['report', heat, '--by', by, '--json'])).stdout);
    assert.equal(documentProblem(reported), '');
    for (const view of [imported, reported as View]) {
      assert.deepEqual(
        view.values.map(({ value, samples }) => [value, samples]),
        expected,
      );
    }
  }
});

test('a view tells the mean latency, shares of accesses, and mappings', async () => {
  const { stdout } = await octavo(['report', at('mem.parquet'), '--by', 'source', '--json']);
  const { values, groups } = JSON.parse(stdout) as View;
  assert.deepEqual(values[1], {
    ...{ value: 'L1 cache', samples: 2, accesses: 20, share: 0.4 },
    meanLatencyCycles: 6,
  });
  assert.equal(values[0].meanLatencyCycles, null);
  assert.deepEqual(
    groups.filter(({ mapping }) => mapping === '/data').map(({ value, pid }) => [value, pid]),
    [
      ['local memory', 7],
      ['remote memory', 7],
    ],
  );
});

test('views come as rows, too, and merging adds them up', async () => {
  const csv = await octavo(['report', at('mem.parquet'), '--by', 'kind', '--format', 'csv']);
  assert.deepEqual(csv.stdout.trimEnd().split('\n'), [
    'by,value,pid,mapping,samples,accesses,share,mean_latency_cycles',
    'kind,load,7,[heap],2,20,0.4,6',
    'kind,load,7,/data,2,20,0.4,250',
    'kind,store,7,[heap],1,10,0.2,',
  ]);
  const jsonl = await octavo(['report', at('mem.parquet'), '--by', 'kind', '--format', 'jsonl']);
  for (const line of jsonl.stdout.trimEnd().split('\n')) assert.equal(documentProblem(JSON.parse(line)), '');
});

test('SPE tells sources by the CPU, and else by its events', async () => {
  const sampleType = F.identifier | F.ip | F.tid | F.time | F.cpu;
  const builder = new PerfBuilder().attr({ type: 1, config: 9, sampleType, ids: [7] });
  builder.attr({ type: 12, sampleType, ids: [8], period: 1, name: 'arm_spe_0//' });
  const cpuId = '0x00000000410fd0c0';
  builder.describeEvents().describeMachine({ arch: 'aarch64', cpuId });
  builder.record(70, builder.bytes().u32(4).u32(0).u64(12).u64(1).done()).comm(900, 901, 'thread');
  const spe = new SpeBuilder();
  for (const [source, events] of [
    [0xe, 0x10],
    [0xd, 0x20],
    [8, 0x10],
  ])
    spe.pc(0xaaaa00000000n).context(901).load().events(events).latency(44).data(FILE).source(source).time(1);
  // A store tells no source; its events say that the first level had the line.
  spe.pc(0xaaaa00000000n).context(901).store().events(0x14).latency(9).data(FILE).time(2);
  writeFileSync(at('spe.data'), builder.auxtrace(spe.done()).file());
  const words = (by: string) => ['import', at('spe.data'), '--page-size', '4K', '--by', by, '--json'];
  const valuesBy = async (by: string) =>
    (JSON.parse((await octavo(words(by))).stdout).view as View).values.map(({ value, samples }) => [
      value,
      samples,
    ]);
  assert.deepEqual(await valuesBy('source'), [
    ['L1 cache', 1],
    ['L2 cache', 1],
    ['remote cache', 1],
    ['memory, node not said', 1],
  ]);
  assert.deepEqual(await valuesBy('tlb'), [
    ['hit, level not said', 3],
    ['miss', 1],
  ]);
});

test('a recording that does not tell says so', async () => {
  const sampleType = F.identifier | F.tid | F.time | F.addr;
  const builder = new PerfBuilder().attr({ sampleType, ids: [1], name: 'x', period: 1, config: 0x83d0 });
  builder.sample({ id: 1, pid: 7, addr: HEAP, time: 1n });
  writeFileSync(at('plain.data'), builder.file());
  const { code, stderr } = await octavo(['import', at('plain.data'), '--by', 'tlb', '--page-size', '4K']);
  assert.equal(code, 3);
  assert.match(stderr, /VIEW_ABSENT: the samples of .*plain\.data do not tell accesses by tlb/);
});
