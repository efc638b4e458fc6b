/** Each workload against its closed form: what it must touch, how often, computed another way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/seeded-random.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { GEOMETRY_4K, MIB } from '../../vocabulary/units.js';
import { AliasTable } from './alias-table.js';
import type { Allocator } from './allocator.js';
import { WORKLOADS, type WorkloadName } from './catalogue.js';
import { fillWords } from './draws.js';
import { KRONECKER, kroneckerCsr } from './graph.js';
import { RankedTable } from './ranked-table.js';
import type { Redis } from './redis.js';
import { parseHeat } from './replay.js';
import type { SparseBlocks } from './sparse-blocks.js';
import { nuRand } from './tpcc.js';
import type { TraceColumns } from './trace-columns.js';
import type { Workload, WorkloadKind, WorkloadMemory } from './workload.js';
import { permutation, zipfWeights } from './zipf.js';

const SIZE = 16 * MIB;
const PAGES = SIZE / 4096;

function make(
  name: WorkloadName,
  parameters: Record<string, unknown>,
  memory?: WorkloadMemory,
  text = '',
  trace?: TraceColumns,
): Workload {
  const kind: WorkloadKind = WORKLOADS[name];
  return kind.make(kind.parameters.parse(parameters), {
    random: new SeededRandom(11),
    geometry: GEOMETRY_4K,
    memory: memory ?? { release: () => undefined },
    readText: () => text,
    readTrace: () => trace,
  });
}

/** Counts of accesses and stores by page after `total` accesses. */
function play(workload: Workload, total: number, now = 0) {
  const accesses = new Float64Array(workload.pages);
  const stores = new Float64Array(workload.pages);
  const batch = new Uint32Array(1024);
  let made = 0;
  while (made < total) {
    const count = workload.next(batch, 1024, now);
    assert.ok(count > 0, 'the workload went idle');
    for (let i = 0; i < count; i++) {
      accesses[batch[i] >>> 1]++;
      if ((batch[i] & 1) === 1) stores[batch[i] >>> 1]++;
    }
    made += count;
  }
  const sum = (column: Float64Array) => column.reduce((all, one) => all + one, 0);
  return { accesses, made, stores: sum(stores), touched: accesses.filter((count) => count > 0).length };
}

const near = (actual: number, expected: number, deviations: number, deviation: number, what: string) =>
  assert.ok(
    Math.abs(actual - expected) <= deviations * deviation,
    `${what}: ${actual}, expected ${expected} ± ${deviations * deviation}`,
  );

test('batched random words are the generator’s own sequence', () => {
  const one = new SeededRandom(5);
  const other = new SeededRandom(5);
  const words = new Uint32Array(100);
  fillWords(one, words, 100);
  assert.deepEqual(
    [...words],
    Array.from({ length: 100 }, () => other.uint32()),
  );
  assert.equal(one.uint32(), other.uint32());
});

test('alias table: exact probabilities, and batched draws equal single ones', () => {
  const weights = Float64Array.of(1, 0, 5, 0.25, 3.75);
  const table = new AliasTable(weights);
  for (const [outcome, weight] of weights.entries())
    near(table.probability(outcome), weight / 10, 1, 1e-8, 'share');
  const random = new SeededRandom(9);
  const words = new Uint32Array(200);
  fillWords(new SeededRandom(9), words, 200);
  const drawn = new Uint32Array(100);
  table.drawAll(words, 100, drawn);
  assert.deepEqual(
    [...drawn],
    Array.from({ length: 100 }, () => table.draw(random)),
  );
});

test('ranked table: the probabilities are the weights’, whatever the skew and the size', () => {
  for (const [size, theta] of [
    [1, 1],
    [5, 0],
    [1000, 0.99],
    [100_000, 0.5],
    [100_000, 0.99],
    [20_000, 3],
  ]) {
    const weights = zipfWeights(size, theta);
    const total = weights.reduce((all, one) => all + one, 0);
    const drawn = new RankedTable(weights).probabilities();
    near(
      drawn.reduce((all, one) => all + one, 0),
      1,
      1,
      1e-9,
      'all together',
    );
    for (let rank = 0; rank < size; rank++) {
      const share = weights[rank] / total;
      // Thresholds have 20 bits: of a column of 1/4096, and of a row of its group.
      near(drawn[rank], share, 1, 2 ** -32 + share * 2e-4, `rank ${rank + 1} of ${size}, theta ${theta}`);
    }
  }
});

test('ranked table: draws follow the probabilities; outcomes and stores come with them', () => {
  const size = 3000;
  const outcomes = permutation(size, new SeededRandom(3));
  const table = new RankedTable(zipfWeights(size, 0.99), outcomes);
  const probabilities = table.probabilities();
  const random = new SeededRandom(8);
  const draws = 3_000_000;
  const words = new Uint32Array(2 * 1001);
  const drawn = new Uint32Array(1001);
  const counts = new Float64Array(size);
  let made = 0;
  let stores = 0;
  while (made < draws) {
    fillWords(random, words, 2 * 1001);
    table.drawAll(words, 1001, 300, drawn);
    for (const access of drawn) {
      counts[access >>> 1]++;
      stores += access & 1;
    }
    made += 1001;
  }
  let chiSquare = 0;
  for (let rank = 0; rank < size; rank++) {
    const expected = made * probabilities[rank];
    chiSquare += (counts[outcomes[rank]] - expected) ** 2 / expected;
  }
  near(chiSquare, size - 1, 5, Math.sqrt(2 * size), 'chi-square');
  near(stores, (made * 300) / 1024, 5, Math.sqrt(made * 0.21), 'stores');
});

test('zipf: each rank at r^-theta / H, a quarter stores, all pages populated first', () => {
  const workload = make('zipf', { size: '16MiB', theta: 0.99, scattered: false });
  assert.equal(play(workload, PAGES).touched, PAGES);
  const draws = 400_000;
  const { accesses, stores, made } = play(workload, draws);
  const weights = zipfWeights(PAGES, 0.99);
  const total = weights.reduce((all, one) => all + one, 0);
  for (const rank of [0, 1, 9, 99]) {
    const share = weights[rank] / total;
    near(accesses[rank], made * share, 5, Math.sqrt(made * share), `rank ${rank + 1}`);
  }
  near(stores, made / 4, 5, Math.sqrt(made * 0.1875), 'stores');
});

test('a permutation holds every page once', () => {
  assert.deepEqual(
    [...permutation(1000, new SeededRandom(2))].sort((a, b) => a - b),
    [...Array(1000).keys()],
  );
});

test('gups: distinct pages after n draws are N (1 − (1 − 1/N)^n), all updates are stores', () => {
  const draws = PAGES * 1.5;
  const { touched, stores, made } = play(make('gups', { size: SIZE, populate: false }), draws);
  const expected = PAGES * (1 - (1 - 1 / PAGES) ** made);
  near(touched, expected, 5, Math.sqrt(PAGES * 0.2), 'distinct pages');
  assert.equal(stores, made);
});

test('sequential: every page exactly `repeat` times in one pass', () => {
  const { accesses } = play(make('sequential', { size: SIZE, repeat: 2 }), PAGES * 2);
  assert.ok(accesses.every((count) => count === 2));
  const strided = play(make('sequential', { size: SIZE, stride: '2MiB', repeat: 1 }), 1024);
  assert.equal(strided.touched, 8);
});

test('hotspot: the hot fifth gets four fifths', () => {
  const { accesses, made } = play(make('hotspot', { size: SIZE, populate: false }), 200_000);
  const hot = accesses.subarray(0, Math.round(PAGES * 0.2)).reduce((all, one) => all + one, 0);
  near(hot, made * 0.8, 5, Math.sqrt(made * 0.16), 'hot accesses');
});

test('one page per block: as many pages as blocks, the first of each', () => {
  const { accesses, touched } = play(make('one-page-per-block', { size: SIZE }), 4096);
  assert.equal(touched, 8);
  assert.ok(accesses.every((count, page) => count === (page % 512 === 0 ? 512 : 0)));
});

test('sparse blocks: a tenth in use, dense blocks wholly, nothing else ever', () => {
  const workload = make('sparse-blocks', { size: '256MiB', used: '10%', dense: 0.1 }) as SparseBlocks;
  const { touched } = play(workload, 100_000);
  assert.equal(touched, workload.used.length);
  const blocks = 128;
  const dense = new Map<number, number>();
  for (const page of workload.used) dense.set(page >>> 9, (dense.get(page >>> 9) ?? 0) + 1);
  const denseBlocks = [...dense.values()].filter((count) => count === 512).length;
  near(denseBlocks, blocks * 0.1, 5, Math.sqrt(blocks * 0.09), 'dense blocks');
  const expected = denseBlocks * 512 + (blocks - denseBlocks) * (1 + 511 * 0.1);
  near(workload.used.length, expected, 5, Math.sqrt(blocks * 511 * 0.09), 'pages in use');
});

test('stairs: in phase k only step k, for just as long', () => {
  const workload = make('stairs', { size: '20MiB', steps: 10, phase: '2s' });
  for (const [now, step] of [
    [0, 0],
    [1.99e9, 0],
    [2e9, 1],
    [19e9, 9],
    [20e9, 0],
  ] as const) {
    const { accesses } = play(workload, 4096, now);
    const first = accesses.findIndex((count) => count > 0);
    const last = accesses.findLastIndex((count) => count > 0);
    assert.ok(first >= step * 512 && last < (step + 1) * 512, `at ${now} ns: pages ${first} … ${last}`);
  }
});

test('zigzag: up and down, the ends once', () => {
  const workload = make('zigzag', { size: '8MiB', steps: 4, phase: '1s' });
  const steps = Array.from({ length: 7 }, (_, second) => {
    const { accesses } = play(workload, 1024, second * 1e9);
    return Math.floor(accesses.findIndex((count) => count > 0) / 512);
  });
  assert.deepEqual(steps, [0, 1, 2, 3, 2, 1, 0]);
});

test('masim: weights share the accesses of a phase, order sequential goes round', () => {
  const workload = make('masim', {
    regions: { a: { size: '4MiB' }, b: { size: '4MiB' } },
    phases: [
      {
        duration: '1s',
        access: [
          { region: 'a', weight: 3 },
          { region: 'b', order: 'sequential', access: 'load' },
        ],
      },
    ],
  });
  const { accesses, made, stores } = play(workload, 100_000);
  const inA = accesses.subarray(0, 1024).reduce((all, one) => all + one, 0);
  near(inA, made * 0.75, 5, Math.sqrt(made * 0.1875), 'accesses to a');
  assert.equal(stores, inA);
  const inB = accesses.subarray(1024);
  assert.ok(Math.max(...inB) - Math.min(...inB) <= 1, 'a sequence touches all pages alike');
});

test('redis: a page is released when its last key goes, with probability d^k', () => {
  let released = 0;
  const plan = { size: '16MiB', value: '1KiB', deleted: 0.8, again: '4MiB', deleteAt: '1s', insertAt: '2s' };
  const workload = make('redis', plan, { release: (_offset, pages) => (released += pages) }) as Redis;
  assert.equal(play(workload, PAGES).touched, PAGES);
  const batch = new Uint32Array(1024);
  for (let i = 0; i < 10; i++) workload.next(batch, 1024, 1.5e9);
  const empty = 0.8 ** 4;
  near(released, PAGES * empty, 5, Math.sqrt(PAGES * empty * (1 - empty)), 'released pages');
  const live = workload.live.reduce((all, one) => all + one, 0);
  near(live, PAGES * 4 * 0.2, 5, Math.sqrt(PAGES * 4 * 0.16), 'live keys');
  const grown = play(workload, 1024, 2e9);
  assert.equal(grown.accesses.subarray(PAGES).filter((count) => count > 0).length, 1024);
});

test('kvm guest: a scattered guest stands on a permutation of its memory', () => {
  const workload = make('kvm-guest', { size: SIZE, guestPages: 'scattered' });
  const hosts = new Set(Array.from({ length: PAGES }, (_, page) => workload.guest!.toHost(page)));
  assert.equal(hosts.size, PAGES);
  assert.equal(workload.guest!.isHuge(0), false);
  assert.equal(make('kvm-guest', { size: SIZE }).guest!.isHuge(0), true);
});

test('graph500: Kronecker degrees by bits, and a search visits its component once', () => {
  const scale = 12;
  const graph = kroneckerCsr(scale, 16, new SeededRandom(3));
  const edges = 2 ** scale * 16;
  assert.equal(graph.adjacency.length, 2 * edges);
  // Rows and columns of vertex 0 are all zero bits: P = (a + b)^scale and (a + c)^scale.
  const { a, b, c } = KRONECKER;
  const expected = edges * ((a + b) ** scale + (a + c) ** scale);
  near(graph.offsets[1], expected, 5, Math.sqrt(expected), 'degree of vertex 0');
  const workload = make('graph500', { scale, edgeFactor: 16 });
  const parents = Math.ceil((2 ** scale * 8) / 4096);
  const { accesses } = play(workload, 50_000);
  assert.ok(
    accesses.subarray(workload.pages - parents).every((count) => count > 0),
    'all parents are touched',
  );
});

test('tpcc: NURand as the standard defines it, by counting all its pairs', () => {
  const [a, x, y, c] = [15, 1, 12, 5];
  const exact = new Float64Array(y + 1);
  for (let first = 0; first <= a; first++) {
    for (let second = x; second <= y; second++)
      exact[(((first | second) + c) % (y - x + 1)) + x] += 1 / 16 / 12;
  }
  const random = new SeededRandom(8);
  const draws = 100_000;
  const counts = new Float64Array(y + 1);
  for (let i = 0; i < draws; i++) counts[nuRand(a, x, y, c, random)]++;
  for (let value = x; value <= y; value++) {
    const share = exact[value];
    near(counts[value], draws * share, 5, Math.sqrt(draws * share) + 1, `value ${value}`);
  }
});

test('tpcc: five to fifteen lines an order, all inside the area', () => {
  const { touched, stores, made, accesses } = play(make('tpcc', { warehouses: 2 }), 40_000);
  assert.ok(touched > 1000 && accesses.length > touched);
  // Of 1 + 3 n accesses with n = 10 on average, 2 n are stores.
  near(stores / made, 20 / 31, 1, 0.01, 'share of stores');
});

test('replay: pages by weight, nothing else', () => {
  const { accesses, made, touched } = play(
    make('replay', { file: 'h' }, undefined, '# heat\n0, 1\n7,3\n1000, 4\n'),
    80_000,
  );
  assert.equal(touched, 3);
  assert.equal(accesses.length, 1001);
  near(accesses[1000], made / 2, 5, Math.sqrt(made / 4), 'heaviest page');
  near(accesses[7], (made * 3) / 8, 5, Math.sqrt(made * 0.234), 'second page');
});

test('replay: the weight of a line belongs to all of its pages', () => {
  const { accesses, made, touched } = play(
    make('replay', { file: 'h' }, undefined, '0,1,100\n200,3,300\n'),
    80_000,
  );
  assert.equal(touched, 400);
  assert.equal(accesses.length, 500);
  const sum = (from: number, to: number) =>
    accesses.slice(from, to).reduce((total, count) => total + count, 0);
  near(sum(0, 100), made / 4, 5, Math.sqrt((made * 3) / 16), 'first line');
  assert.equal(sum(100, 200), 0);
  near(accesses[499], made / 400, 6, Math.sqrt(made / 400), 'last page');
});

test('a heat file with a bad line names it', () => {
  for (const line of ['1,2,0', '1,2,x', '1,2,3,4'])
    assert.throws(() => parseHeat(`0,1\n${line}\n`, 'heat.csv'), OctavoError);
  assert.throws(
    () => parseHeat('0,1\nzero,2\n', 'heat.csv'),
    (problem: OctavoError) => problem.code === 'FILE_MALFORMED' && problem.message.includes('line 2'),
  );
  assert.throws(() => parseHeat('# nothing\n', 'heat.csv'), OctavoError);
});

test('the same seed gives the same accesses, another seed others', () => {
  const draw = (seed: number) => {
    const kind: WorkloadKind = WORKLOADS.zipf;
    const workload = kind.make(kind.parameters.parse({ size: SIZE, populate: false }), {
      random: new SeededRandom(seed),
      geometry: GEOMETRY_4K,
      memory: { release: () => undefined },
      readText: () => '',
    });
    const batch = new Uint32Array(256);
    workload.next(batch, 256, 0);
    return [...batch];
  };
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});

test('allocator: as many pages in use as ever, moved at the rate of the churn, into the lowest holes or any', () => {
  for (const fill of ['lowest', 'any']) {
    const heap = make('allocator', { size: SIZE, used: 0.25, churn: 0.1, fill }) as Allocator;
    const used = () => Array.from({ length: PAGES }, (_, page) => page).filter((page) => heap.isUsed(page));
    const before = new Set(used());
    near(before.size, PAGES * 0.25 + (PAGES / 512) * 0.75, 4, Math.sqrt(PAGES * 0.25 * 0.75), 'in use');
    assert.equal(heap.dataPages, before.size);
    const filled = play(heap, before.size);
    assert.deepEqual(
      [filled.touched, filled.stores],
      [before.size, before.size],
      'each page is stored to once',
    );
    const { accesses } = play(heap, 100_000, 2e9);
    assert.equal(used().length, before.size);
    const moved = used().filter((page) => !before.has(page));
    // A fifth moved in two seconds; some of it was freed again, or is what had been in use before.
    assert.ok(moved.length > 0.1 * before.size && moved.length <= 0.2 * before.size, `${moved.length} moved`);
    assert.ok(moved.every((page) => accesses[page] > 0));
    const holes = Array.from({ length: PAGES }, (_, page) => page).filter((page) => !heap.isUsed(page));
    if (fill === 'lowest') assert.ok(Math.max(...moved) < PAGES / 2, 'the upper half is left alone');
    else assert.ok(moved.some((page) => page > PAGES / 2) && holes.length === PAGES - before.size);
  }
});

test('allocator: where there is no hole, nothing moves', () => {
  const heap = make('allocator', { size: SIZE, used: 1, churn: 0.5 }) as Allocator;
  assert.equal(heap.dataPages, PAGES);
  assert.equal(play(heap, 3 * PAGES, 1e9).touched, PAGES);
});

test('data of workloads that leave holes is what they touch', () => {
  for (const [name, parameters] of [
    ['sparse-blocks', { size: SIZE }],
    ['one-page-per-block', { size: SIZE }],
    ['allocator', { size: SIZE, churn: 0 }],
    ['hotspot', { size: SIZE }],
  ] as const) {
    const workload = make(name, parameters);
    assert.equal(play(workload, 20 * PAGES).touched, workload.dataPages ?? workload.pages, name);
  }
});

function traceOf(rows: readonly (readonly number[])[], more: Partial<TraceColumns> = {}): TraceColumns {
  return {
    timed: rows.some((row) => row.length > 3),
    sampled: false,
    page: Uint32Array.from(rows, ([page]) => page),
    write: Uint8Array.from(rows, ([, write]) => write),
    weight: Uint32Array.from(rows, ([, , weight]) => weight),
    timeNs: Float64Array.from(rows, (row) => row[3] ?? 0),
    pages: 512,
    dataPages: new Set(rows.map(([page]) => page)).size,
    areas: [],
    ...more,
  };
}

/** What a workload does next, at most so much, as `page` and `page!` for stores. */
function said(workload: Workload, limit: number, now = 0): string {
  const batch = new Uint32Array(limit);
  const count = workload.next(batch, limit, now);
  return Array.from(batch.subarray(0, count), (each) => `${each >>> 1}${(each & 1) === 1 ? '!' : ''}`).join(
    ' ',
  );
}

test('trace: every access in its order, over and over, whatever the batches are', () => {
  const rows = [[3, 0, 2], [4, 1, 1], [3, 1, 3]]; // biome-ignore format: a row
  const order = '3 3 4! 3! 3! 3!';
  const once = make('trace', { file: 't' }, undefined, '', traceOf(rows));
  assert.equal(once.dataPages, 2);
  assert.equal(said(once, 6), order);
  assert.equal(said(once, 4), '3 3 4! 3!');
  assert.equal(said(once, 4), '3! 3! 3 3');
  const end = make('trace', { file: 't', repeat: false }, undefined, '', traceOf(rows));
  assert.equal(said(end, 100), order);
  assert.equal(said(end, 100), '', 'idle at the end');
});

test('trace: at the pace of the recording where it has times', () => {
  const rows = [[1, 0, 1, 0], [2, 0, 1, 100], [3, 0, 1, 100], [4, 1, 1, 900]]; // biome-ignore format: a row
  const paced = make('trace', { file: 't' }, undefined, '', traceOf(rows));
  assert.equal(said(paced, 10, 0), '1');
  assert.equal(said(paced, 10, 99), '');
  assert.equal(said(paced, 10, 100), '2 3');
  assert.equal(said(paced, 10, 1199), '4!', 'the last row lasts as long as rows do on average');
  assert.equal(said(paced, 10, 1200), '1');
  const fast = make('trace', { file: 't', pace: 'think' }, undefined, '', traceOf(rows));
  assert.equal(said(fast, 5, 0), '1 2 3 4! 1');
});

test('trace: samples are drawn by weight within their slice of time', () => {
  const rows = [[1, 0, 30, 0], [2, 1, 10, 50], [9, 0, 5, 1000], [8, 0, 5, 3000]]; // biome-ignore format: a row
  const samples = make('trace', { file: 't', slice: '1us' }, undefined, '', traceOf(rows, { sampled: true }));
  const at = (now: number) => play(samples, 40_000, now);
  const first = at(0);
  near(first.accesses[1], (first.made * 3) / 4, 5, Math.sqrt(first.made * 0.19), 'the heavier one');
  assert.deepEqual([first.touched, first.stores], [2, first.accesses[2]]);
  assert.deepEqual(
    [at(1500).accesses[9], at(2500).accesses[9]],
    [at(1500).made, at(2500).made],
    'a gap goes on',
  );
  assert.equal(at(3999).touched, 1);
  assert.equal(at(4000).touched, 2, 'and from the start');
});

test('replay: slices of time are phases, or one histogram', () => {
  const text = '@0\n0,1\n5,3\n@1000\n7,1\n@1500\n';
  const phases = make('replay', { file: 'h' }, undefined, text);
  const [early, late, again] = [0, 1.2e9, 1.6e9].map((now) => play(phases, 20_000, now));
  assert.deepEqual([early.touched, late.touched, again.touched], [2, 1, 2]);
  assert.equal(late.accesses[7], late.made);
  near(early.accesses[5], (early.made * 3) / 4, 5, Math.sqrt(early.made * 0.19), 'within the phase');
  const summed = play(make('replay', { file: 'h', phases: false }, undefined, text), 20_000);
  near(summed.accesses[7], summed.made / 5, 5, Math.sqrt(summed.made * 0.16), 'the whole');
  const cold = play(make('replay', { file: 'h' }, undefined, '@0\n1,0\n@10\n2,1\n'), 100, 0);
  assert.equal(cold.accesses[2], cold.made, 'a slice without heat is passed over');
  assert.throws(() => parseHeat('@5\n0,1\n@5\n', 'h'), OctavoError, 'slices ascend');
});

const CONFIG =
  '# regions\na, 65536, none\nb, 8192, none\n\nfirst\n100\na, 0, 2048, 1, ro\n\nsecond\n50\nb, 1, 0, 3, rw\na, 1, 0, 1, wo\n';

test('masim: its own configuration, with strides below a page and both modes', () => {
  const config = make('masim', { file: 'x.cfg' }, undefined, CONFIG);
  assert.equal(config.pages, 18);
  assert.equal(said(config, 6, 0), '0 0 1 1 2 2');
  const rest = play(config, 4096, 0);
  assert.deepEqual([rest.touched, rest.stores], [16, 0]);
  const second = play(config, 40_000, 100e6);
  const ofB = second.accesses[16] + second.accesses[17];
  near(ofB, (second.made * 3) / 4, 5, Math.sqrt(second.made * 0.19), 'by probability');
  near(second.stores, second.made - ofB / 2, 1, 2, 'loads and stores in turn');
  assert.throws(() => make('masim', { file: 'x', regions: {} }));
  assert.throws(() => make('masim', { regions: {} }));
  assert.throws(() => make('masim', {}));
});
