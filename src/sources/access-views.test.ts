import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import type { RecordedMapping } from '../formats/perf-data/mappings.js';
import type { PerfSession } from '../formats/perf-data/session.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import { DATA_SOURCE, SAMPLE_FLAG, SAMPLE_KIND, sampleColumns } from '../vocabulary/sample.js';
import { AccessViews } from './access-views.js';
import { LATENCIES, NODES, VALUES_OF, type ViewName } from './view-values.js';

const SOURCE_SHIFT = 9;
const PAGE = 4096;

interface Row {
  readonly page?: number;
  readonly frame?: number;
  readonly pid?: number;
  readonly event?: number;
  readonly flags?: number;
  readonly latency?: number;
  readonly weight?: number;
  readonly kind?: number;
}

function columns(rows: readonly Row[]): AccessColumns {
  const words = () => new Uint32Array(rows.length);
  const batch: AccessColumns = {
    ...sampleColumns(rows.length),
    capacity: rows.length,
    ...{ addressLow: words(), addressHigh: words(), physicalLow: words(), physicalHigh: words() },
    ...{ latency: words(), event: new Uint16Array(rows.length) },
  };
  for (const [row, given] of rows.entries()) {
    batch.virtualPage[row] = given.page ?? 5;
    batch.physicalPage[row] = given.frame ?? -1;
    batch.pid[row] = given.pid ?? 7;
    batch.event[row] = given.event ?? 0;
    batch.flags[row] = given.flags ?? 0;
    batch.latency[row] = given.latency ?? 0;
    batch.weight[row] = given.weight ?? 1;
    batch.kind[row] = given.kind ?? SAMPLE_KIND.load;
  }
  batch.count = rows.length;
  return batch;
}

interface Told {
  readonly sampleTypes?: readonly number[];
  readonly hasMoreColumns?: boolean;
  readonly mappings?: readonly RecordedMapping[];
  readonly memory?: { blockBytes: number; nodes: { node: number; blocks: Uint32Array }[] };
}

/** Counts how often a mapping is looked up. */
let lookUps = 0;

function session({
  sampleTypes = [F.dataSource],
  hasMoreColumns = false,
  mappings = [],
  memory,
}: Told): PerfSession {
  const events = sampleTypes.map((sampleType) => ({ attr: { sampleType } }));
  const find = (_: number, page: number) => {
    lookUps++;
    return mappings.find(({ start, end }) => page >= start && page < end);
  };
  return { events: { hasMoreColumns, events }, state: { features: { memory }, mappings: { find } } } as unknown as PerfSession; // biome-ignore format: one row
}

function counted(rows: readonly Row[], told: Told = {}) {
  const views = new AccessViews(session(told), PAGE);
  views.add(columns(rows));
  return views.rows(() => true);
}

/** Values of one view with their samples. */
const values = (rows: readonly Row[], view: ViewName, told: Told = {}) =>
  Object.fromEntries(
    counted(rows, told).flatMap((row) => (row.view === view ? [[row.value, row.samples]] : [])),
  );

const from = (source: number) => source << SOURCE_SHIFT;

test('samples, accesses and latencies of each value are added up', () => {
  const rows = counted([
    { latency: 5, weight: 10, flags: from(DATA_SOURCE.l1) },
    { latency: 7, weight: 20, flags: from(DATA_SOURCE.l1) },
    { weight: 30, flags: from(DATA_SOURCE.l1) },
  ]);
  const counts = { samples: 3, accesses: 60, timed: 2, latency: 12 };
  assert.deepEqual(
    rows.filter(({ view }) => view === 'source' || view === 'kind'),
    [
      { pid: 7, mapping: '', view: 'source', value: 'L1 cache', ...counts },
      { pid: 7, mapping: '', view: 'kind', value: 'load', ...counts },
    ],
  );
  assert.deepEqual(
    rows
      .filter(({ view }) => view === 'latency')
      .map(({ value, samples, accesses, timed, latency }) => [value, samples, accesses, timed, latency]),
    [['not recorded', 1, 30, 0, 0], ['4-7', 2, 30, 2, 12]], // biome-ignore format: rows
  );
});

test('every data source, kind and size of latency has its own value', () => {
  const sources = VALUES_OF.source.map((_, source) => ({ flags: from(source) }));
  assert.deepEqual(values(sources, 'source'), Object.fromEntries(VALUES_OF.source.map((name) => [name, 1])));
  const kinds = Object.values(SAMPLE_KIND).map((kind) => ({ kind }));
  assert.deepEqual(values(kinds, 'kind'), Object.fromEntries(VALUES_OF.kind.map((name) => [name, 1])));
  const latencies = [0, 1, 2, 3, 4, 2 ** 31, 2 ** 32 - 1].map((latency) => ({ latency }));
  assert.deepEqual(values(latencies, 'latency'), { 'not recorded': 1, '1': 1, '2-3': 2, '4-7': 1, [`${2 ** 31}-${2 ** 32 - 1}`]: 2 }); // biome-ignore format: one row
  assert.equal(LATENCIES.names.length, 33);
});

test('the TLB: a miss is a miss, a hit is of its level where that is said', () => {
  const { tlbMiss, tlbFirst, tlbSecond } = SAMPLE_FLAG;
  const outcomes = [0, tlbFirst, tlbSecond, tlbFirst | tlbSecond, tlbMiss, tlbMiss | tlbFirst];
  assert.deepEqual(
    values(
      outcomes.map((flags) => ({ flags })),
      'tlb',
    ),
    {
      'not recorded': 1,
      'first-level hit': 1,
      'second-level hit': 1,
      'hit, level not said': 1,
      miss: 2, // biome-ignore format: one row
    },
  );
});

test('the node is that of the physical address, else as far as the source tells', () => {
  const memory = { blockBytes: 1 << 20, nodes: [{ node: 0, blocks: Uint32Array.of(0b10, 0) }, { node: 3, blocks: Uint32Array.of(1 << 31, 1) }] }; // biome-ignore format: one row
  const frame = (mib: number) => ({ frame: (mib << 20) / PAGE });
  const placed = [frame(1), { frame: (2 << 8) - 1 }, frame(31), frame(32), frame(33), frame(0)];
  assert.deepEqual(values(placed, 'node', { memory }), { 'node 0': 2, 'node 3': 2, 'not recorded': 2 });
  const told = [
    DATA_SOURCE.localMemory,
    DATA_SOURCE.remoteMemory,
    DATA_SOURCE.remoteCache,
    DATA_SOURCE.memory,
  ].map(from);
  const flags = [...told, SAMPLE_FLAG.remoteMemory | from(DATA_SOURCE.l3)].map((each) => ({ flags: each }));
  const asTold = { 'local, node not said': 1, 'remote, node not said': 3, 'not recorded': 1 };
  assert.deepEqual(values(flags, 'node', { memory }), asTold, 'a sample without a physical address');
  assert.deepEqual(
    values(
      flags.map((row) => ({ ...row, ...frame(1) })),
      'node',
    ),
    asTold,
    'no topology',
  );
  assert.deepEqual(
    values(
      flags.map((row) => ({ ...row, ...frame(1) })),
      'node',
      { memory: { ...memory, blockBytes: 0 } },
    ),
    asTold,
  );
  assert.deepEqual(values([{ frame: 0 }], 'node', { memory: { blockBytes: PAGE, nodes: [{ node: 1, blocks: Uint32Array.of(1) }] } }), { 'node 1': 1 }); // biome-ignore format: one row
});

test('nodes are counted one by one up to 63', () => {
  assert.deepEqual([0, 63, 64, 1000].map((node) => VALUES_OF.node[NODES.indexOf(node)]), ['node 0', 'node 63', 'node 64 or further', 'node 64 or further']); // biome-ignore format: one row
  assert.equal(VALUES_OF.node.length, NODES.most);
});

test('only the host’s samples of user space count', () => {
  const kernel = 2 ** 63 / PAGE;
  const rows = [
    { page: kernel, weight: 1 },
    { page: kernel - 1, weight: 2 },
    { page: -1, weight: 4 },
    { page: -1, frame: 0, weight: 8 },
    { flags: SAMPLE_FLAG.guest, weight: 16 },
    { page: 0, weight: 32 },
  ];
  const [kind] = counted(rows).filter(({ view }) => view === 'kind');
  assert.equal(kind.accesses, 2 + 8 + 32);
});

test('a recording that says nothing of accesses has no views', () => {
  assert.deepEqual(counted([{}], { sampleTypes: [F.addr] }), []);
  assert.equal(counted([{}], { sampleTypes: [F.addr, F.weight] }).length, 5);
  assert.equal(counted([{}], { sampleTypes: [], hasMoreColumns: true }).length, 5);
});

const HEAP = { start: 10, end: 20, name: '[heap]' };
const OTHER = { start: 20, end: 30, name: 'libc.so' };

test('rows are grouped by process, mapping and event', () => {
  const mappings = [HEAP, OTHER];
  const rows = [{ page: 10 }, { page: 19 }, { page: 20 }, { page: 9 }, { page: 10, pid: 8 }, { page: 10, event: 1 }, { page: -1, frame: 3 }, { page: 11 }]; // biome-ignore format: rows
  const views = new AccessViews(session({ mappings }), PAGE);
  views.add(columns(rows));
  const of = (event: number) =>
    views
      .rows((each) => each === event)
      .flatMap(({ view, pid, mapping, samples }) => (view === 'kind' ? [[pid, mapping, samples]] : []));
  assert.deepEqual(of(0), [[7, '[heap]', 3], [7, 'libc.so', 1], [7, '', 2], [8, '[heap]', 1]]); // biome-ignore format: rows
  assert.deepEqual(of(1), [[7, '[heap]', 1]]);
});

test('rows of the mapping of the row before need no look-up', () => {
  lookUps = 0;
  counted([{ page: 10 }, { page: 10 }, { page: 19 }, { page: 15 }], { mappings: [HEAP, OTHER] });
  assert.equal(lookUps, 1);
  lookUps = 0;
  counted([{ page: 10 }, { page: 20 }, { page: 9 }, { page: 20 }], { mappings: [HEAP, OTHER] });
  assert.equal(lookUps, 4 - 1, 'page 9 has no mapping, so that the one before stays the last');
});

test('mappings beyond the 4096 that are counted one by one are counted together', () => {
  const mappings = Array.from({ length: 4100 }, (_, at) => ({ start: at, end: at + 1, name: `m${at}` }));
  const rows = counted(
    mappings.map(({ start }) => ({ page: start })),
    { mappings },
  );
  const kinds = rows.filter(({ view }) => view === 'kind');
  assert.equal(kinds.length, 4097);
  assert.deepEqual([kinds[4095].mapping, kinds[4095].samples], ['m4095', 1]);
  assert.deepEqual(
    [kinds[4096].pid, kinds[4096].mapping, kinds[4096].samples],
    [-1, '(further mappings)', 4],
  );
});
