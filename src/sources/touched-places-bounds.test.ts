/** Places, and pairs of object and instruction, when they are few, many, forgotten, and too many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_FLAG } from '../vocabulary/sample.js';
import { TouchedPlaces } from './touched-places.js';

const NOTHING_MAPPED = { state: { mappings: { near: () => [], find: () => undefined } } };
const FILES = { imageOf: () => undefined, fileOf: () => undefined, problemOf: () => '' };

interface Sample {
  readonly pid?: number;
  readonly page?: number;
  readonly flags?: number;
  readonly weight?: number;
  readonly event?: number;
  readonly ip?: number;
}

function columnsOf(samples: readonly Sample[]) {
  const column = (of: (sample: Sample) => number) => Float64Array.from(samples, of);
  return {
    count: samples.length,
    virtualPage: column(({ page = 1 }) => page),
    flags: column(({ flags = 0 }) => flags),
    pid: column(({ pid = 7 }) => pid),
    addressLow: column(() => 0),
    event: column(({ event = 0 }) => event),
    weight: column(({ weight = 1 }) => weight),
    instructions: { low: column(({ ip = 0 }) => ip), high: column(() => 0), isExact: column(() => 1) },
  };
}

function placesOf(...batches: (readonly Sample[])[]): TouchedPlaces {
  const places = new TouchedPlaces(NOTHING_MAPPED as never, FILES as never, 4096, 512);
  for (const batch of batches) places.add(columnsOf(batch) as never);
  return places;
}

const all = () => true;

test('samples of user memory of the host count, by block', () => {
  const places = placesOf([
    { page: 0, weight: 3 },
    { page: 511, weight: 4 },
    { page: 512, ip: 0x1234 },
    { page: -1 },
    { page: 2 ** 51 },
    { flags: SAMPLE_FLAG.guest },
  ]);
  assert.deepEqual(places.totals(all), { places: 2, accesses: 8 });
  const [first, second] = places.hottest(all, 9, 9);
  assert.deepEqual([first.address, first.bytes, first.samples, first.accesses], ['0x0', 1 << 21, 2, 7]);
  assert.equal(second.address, '0x200000');
  const object = { kind: 'not recorded', name: 'not recorded', file: '' };
  const code = { symbol: '', offset: 0, file: '', address: '0x1234' };
  assert.deepEqual(second.touches, [{ samples: 1, object, code }]);
  const { samples, withCode, exact, dropped } = places.facts();
  assert.deepEqual([samples, withCode, exact, dropped], [3, 1, 1, 0]);
});

test('events are chosen, and places of several are one', () => {
  const places = placesOf([
    { event: 0, weight: 2 },
    { event: 1, weight: 5, ip: 8 },
    { event: 1, page: 600, weight: 9 },
  ]);
  assert.deepEqual(
    places.totals((event) => event === 0),
    { places: 1, accesses: 2 },
  );
  assert.deepEqual(places.totals(all), { places: 2, accesses: 16 });
  const [hottest, next] = places.hottest(all, 9, 1);
  assert.deepEqual([hottest.accesses, next.accesses, next.samples, next.furtherSamples], [9, 7, 2, 1]);
  assert.equal(places.hottest(all, 1, 1).length, 1);
});

test('what was counted of a process is forgotten, and makes room again', () => {
  const many = (pid: number) => Array.from({ length: 40_000 }, (_, block) => ({ pid, page: block * 512 }));
  const places = placesOf(many(7), [{ pid: 9 }]);
  places.forget(7);
  assert.deepEqual(places.totals(all), { places: 1, accesses: 1 });
  places.add(columnsOf(many(8)) as never);
  assert.equal(places.facts().dropped, 0);
  assert.equal(places.totals(all).places, 40_001);
});

test('of too many places the half with fewest samples goes, and is told', () => {
  const hot = Array.from({ length: 40_000 }, (_, block) => ({ page: block * 512 }));
  const cold = Array.from({ length: 30_000 }, (_, block) => ({ page: (block + 50_000) * 512 }));
  const places = placesOf(hot, hot, cold);
  assert.equal(places.totals(all).places, 35_000);
  assert.equal(places.facts().dropped, 30_000 + 2 * 5000);
});

test('of too many pairs every place keeps those with most samples', () => {
  const often = { page: 0, ip: 1 };
  const rare = Array.from({ length: 5000 }, (_, ip) => ({ page: 0, ip: ip + 10 }));
  const [place] = placesOf([often, often, ...rare, often]).hottest(all, 1, 9);
  assert.equal(place.samples, 5003);
  assert.equal(place.touches[0].samples, 3);
  assert.equal(place.furtherSamples, 5003 - 3 - 8);
});

test('samples without an instruction count, and one instruction is one for all mappings of its file', () => {
  const bare = { ...columnsOf([{}, {}]), instructions: undefined };
  const places = placesOf();
  places.add(bare as never);
  assert.deepEqual([places.facts().withCode, places.facts().exact], [0, 0]);
  assert.equal(places.hottest(all, 1, 9)[0].touches.length, 1);

  const file = { path: '/bin/db' };
  const find = (_: number, page: number) => ({
    start: page,
    end: page + 1,
    name: page < 8 ? '/bin/db' : '/old/db',
  });
  const session = { state: { mappings: { near: () => [], find } } };
  const files = {
    ...FILES,
    fileOf: () => file,
    isVerified: () => true,
    imageOf: ({ start }: { start: number }) => ({ file, bias: start, elf: {} }),
    symbolsOf: () => undefined,
  };
  const touched = new TouchedPlaces(session as never, files as never, 4096, 512);
  touched.add(columnsOf([{ ip: 0x4010 }, { ip: 0x9010 }, { ip: 0x4020 }]) as never);
  const [{ touches }] = touched.hottest(all, 1, 9);
  assert.deepEqual(
    touches.map(({ samples }) => samples),
    [2, 1],
  );
});
