/** Findings to rows: what counters tell, what processes tell, and what neither does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSizes } from '../../test/support/drawing.js';
import type { HugeCounters } from '../formats/proc/memory-cgroup.js';
import { type Amount, atLeast, between, exactly } from './amount.js';
import { learnedTotal, levelFigures } from './figures.js';
import type { Judged } from './judge.js';
import { type Finding, type Grouping, rowsOf, sorted, totalsOf } from './rows.js';

const BOUNDLESS = { huge: Number.POSITIVE_INFINITY, readable: Number.POSITIVE_INFINITY };
const MIB = 2 ** 20;

interface Told {
  readonly name?: string;
  readonly pid?: number;
  readonly huge?: Amount | undefined;
  readonly judged?: Partial<Judged>;
  readonly most?: number;
  readonly all?: number;
}

function finding({ name = 'db', pid = 1, huge, judged, most, all = 10 }: Told): Finding {
  const process = { pid, command: name, cgroupText: '' };
  const belonging = { process: { kind: 'process', name, labels: {} } };
  const resident = all < 0 ? undefined : { all, anon: all, shmem: 0, file: 0 };
  const known = { huge, holes: undefined, judged, most, looked: 'whole', unlooked: undefined };
  return { person: { process, belonging, resident }, ...known } as unknown as Finding;
}

const counters = (more: Partial<HugeCounters> = {}): HugeCounters => ({
  ...{ mapped: 50, anonHuge: 20, shmemHuge: 3, fileHuge: 1, held: { least: 4, most: 4 } },
  ...more,
});

const grouping = (own?: readonly HugeCounters[], around = own): Grouping => ({
  by: undefined,
  alone: () => own,
  around: () => around,
  host: undefined,
});

test('what its own cgroups count comes first, what page tables say second', () => {
  const two = [finding({ huge: exactly(7) }), finding({ pid: 2, huge: undefined })];
  const [own] = rowsOf(two, grouping([counters(), counters({ mapped: 5, anonHuge: 1 })]));
  assert.deepEqual([own.figures.resident, own.figures.huge, own.figures.unmappedHeld], [exactly(55), exactly(29), exactly(8)]); // biome-ignore format: one line
  const [shared] = rowsOf(two, grouping(undefined, [counters()]));
  assert.deepEqual([shared.figures.resident, shared.figures.huge, shared.figures.unmappedHeld], [exactly(20), atLeast(7), between(0, 4)]); // biome-ignore format: one line
  assert.deepEqual([own.counted, shared.counted, own.pids], ['cgroup', 'processes', [1, 2]]);
  const [one] = rowsOf([two[0]], grouping([counters()]));
  assert.deepEqual(one.figures.resident, exactly(10), 'of a single process its own count');
  const [unseen] = rowsOf([finding({ all: -1 })], grouping());
  assert.deepEqual(Object.values(unseen.figures).filter((amount) => amount !== undefined), []); // biome-ignore format: one line
});

test('version 1 counts anonymous huge memory: at least that, or what page tables tell exactly', () => {
  const old = [counters({ shmemHuge: undefined, fileHuge: undefined })];
  const huge = (told: Amount | undefined) => rowsOf([finding({ huge: told })], grouping(old))[0].figures.huge;
  assert.deepEqual(huge(undefined), atLeast(20));
  assert.deepEqual(huge(exactly(22)), exactly(22));
  assert.deepEqual(huge({ expected: 30, low: 5, high: 40 }), { expected: 30, low: 20, high: 40 });
  assert.deepEqual(huge({ expected: 30, low: 25, high: 40 }), { expected: 30, low: 25, high: 40 });
  assert.deepEqual(huge({ expected: 10, low: 5, high: 15 }), { expected: 15, low: 15, high: 15 });
});

test('what was not read is bounded by what may be huge; nothing huge is nothing empty', () => {
  const [row] = rowsOf([finding({ most: 6 })], grouping());
  assert.deepEqual([row.figures.emptyInHuge, row.figures.returns, row.lockUs], [between(0, 6), between(0, 6), undefined]); // biome-ignore format: one line
  const [none] = rowsOf([finding({ most: 0 })], grouping());
  assert.deepEqual([none.figures.emptyInHuge, none.figures.returns, none.lockUs, none.splits], Array(4).fill(exactly(0))); // biome-ignore format: one line
  const judged = { emptyInHuge: exactly(5), returns: exactly(4), lockUs: exactly(3), splits: exactly(1), cold: atLeast(2) }; // biome-ignore format: one line
  const [read] = rowsOf([finding({ judged, most: 9 }), finding({ pid: 2, most: 0 })], grouping());
  assert.deepEqual([read.figures.emptyInHuge, read.figures.returns, read.lockUs], [exactly(5), exactly(4), exactly(3)]); // biome-ignore format: one line
  assert.deepEqual(read.figures.cold, atLeast(2));
});

test('ranked by what is expected or known at least, what is not known last, ties by size and name', () => {
  const judged = (returns: Amount | undefined) => ({ returns, lockUs: returns }) as Partial<Judged>;
  const rows = rowsOf(
    [
      finding({ name: 'c', judged: judged(atLeast(5)) }),
      finding({ name: 'a', judged: judged(exactly(3)), all: 4 }),
      finding({ name: 'b', judged: judged(exactly(3)), all: 9 }),
      finding({ name: 'd', judged: judged(undefined) }),
      finding({ name: 'e', judged: judged(exactly(0)) }),
    ],
    grouping(),
  );
  const names = (by: Parameters<typeof sorted>[1]) => sorted(rows, by).map(({ service }) => service.name).join('');
  assert.equal(names('returns'), 'cbaed');
  assert.equal(names('lock'), 'cbaed');
  assert.equal(names('name'), 'abcde');
  assert.equal(names('resident'), 'cdeba');
}); // biome-ignore format: one line each

test('totals: sums, within what the host has of it altogether', () => {
  const rows = rowsOf([finding({ most: 100, huge: between(0, 100) })], grouping(undefined, [counters()]));
  const host = totalsOf(rows, counters({ held: { least: 1, most: 2 } }));
  assert.deepEqual(host.figures.huge, between(0, 24));
  assert.deepEqual([host.figures.emptyInHuge?.high, host.figures.returns?.high], [24, 24]);
  assert.deepEqual(host.figures.unmappedHeld, between(1, 2));
  const alone = totalsOf(rows, undefined);
  assert.deepEqual([alone.figures.huge, alone.figures.unmappedHeld], [between(0, 100), between(0, 4)]);
  const exact = rowsOf([finding({ huge: exactly(30) })], grouping());
  assert.deepEqual(
    totalsOf(exact, counters()).figures.huge,
    exactly(30),
    'counters do not contradict what was seen',
  );
  const old = counters({ shmemHuge: undefined });
  assert.deepEqual(totalsOf(rows, old).figures.huge, between(0, 100));
  assert.deepEqual(totalsOf([], undefined).figures.huge, undefined);
});

test('levels: huge and holes whole are exact, of pieces bounded', () => {
  const sizes = pageSizes(['H', '4*100', 'H', '.', 'h']);
  const whole = levelFigures({ sizes, sample: undefined }, BOUNDLESS);
  assert.deepEqual(whole.huge, exactly(4 * MIB));
  assert.deepEqual(whole.holes, exactly(412 * 4096));
  assert.deepEqual(whole.readable, exactly(2));
  const part = levelFigures({ sizes, sample: { seen: 2, of: 8, blocks: 4 } }, BOUNDLESS);
  assert.deepEqual([part.huge.low, part.huge.expected], [4 * MIB, 16 * MIB]);
  assert.ok((part.huge.high ?? 0) <= 4 * MIB + 6 * 8 * MIB);
  const capped = levelFigures(
    { sizes, sample: { seen: 2, of: 8, blocks: 4 } },
    { huge: 9 * MIB, readable: 7 * MIB },
  );
  assert.deepEqual([capped.huge.high, capped.huge.expected, capped.readable.high], [9 * MIB, 9 * MIB, 3]);
  const late = levelFigures({ sizes, sample: undefined }, { huge: 0, readable: 0 });
  assert.deepEqual([late.huge, late.readable], [exactly(4 * MIB), exactly(2)]);
  const none = levelFigures({ sizes: pageSizes([]), sample: undefined }, BOUNDLESS);
  assert.deepEqual([none.huge, none.holes, none.readable], [exactly(0), exactly(0), exactly(0)]);
});

test('what was learned stands for all readable blocks, of neighbours less surely', () => {
  const sizes = pageSizes(Array(8).fill('H'));
  const values = Array.from({ length: 8 }, (_, at) => ({ block: 1000 + at, value: at % 2 }));
  const all = learnedTotal({ sizes, sample: undefined }, { values, most: 1, perBlock: 1 }, exactly(8));
  assert.deepEqual(all, exactly(4));
  const some = { values: values.slice(0, 4), most: 1, perBlock: 1 };
  const fromWhole = learnedTotal({ sizes, sample: undefined }, some, exactly(8));
  const fromPieces = learnedTotal({ sizes, sample: { seen: 2, of: 100, blocks: 4 } }, some, exactly(400));
  assert.equal(fromWhole.expected, 4);
  assert.ok(fromWhole.low >= 2 && (fromWhole.high ?? 9) <= 6);
  assert.equal(fromPieces.expected, 200);
  assert.ok(fromPieces.low < 20 && (fromPieces.high ?? 0) > 380, 'one piece says little');
  const nearly = learnedTotal({ sizes, sample: { seen: 2, of: 3, blocks: 4 } }, { values, most: 1, perBlock: 1 }, { expected: 12, low: 8, high: 12 }); // biome-ignore format: one line
  assert.deepEqual([nearly.low, nearly.high, nearly.expected], [4, 8, 6]);
});
