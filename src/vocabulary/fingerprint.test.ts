import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fingerprint, SKETCH_SIZE, sharedSamples } from './fingerprint.js';
import { findRepetition, shareInWords } from './independence.js';
import type { RecordingFacts } from './recording.js';
import { sampleColumns } from './sample.js';

interface Drawn {
  readonly seed: number;
  readonly samples?: number;
  readonly keeps?: (index: number) => boolean;
  /** First time of the recording, which batches count from. */
  readonly origin?: number;
  readonly isTimed?: boolean;
  readonly reversed?: boolean;
}

/** A recording of `samples` samples in batches. */
function printOf({
  seed,
  samples = 20_000,
  keeps = () => true,
  origin = 0,
  isTimed = true,
  reversed = false,
}: Drawn) {
  const print = new Fingerprint();
  const batch = sampleColumns(1000);
  batch.timeOrigin = BigInt(origin);
  let state = seed;
  const rows = Array.from({ length: samples }, (_, index) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return { time: 2 ** 41 + index * 1000 + (state % 997), page: 0x7f0000000 + (state % 5000), index };
  }).filter(({ index }) => keeps(index));
  for (const { time, page, index } of reversed ? rows.reverse() : rows) {
    const row = batch.count++;
    batch.time[row] = isTimed ? time - origin : Number.NaN;
    batch.tid[row] = 7 + (index % 3);
    batch.virtualPage[row] = page;
    batch.physicalPage[row] = -1;
    batch.weight[row] = 1;
    if (batch.count < 1000) continue;
    print.add(batch);
    batch.count = 0;
  }
  print.add(batch);
  return { fingerprint: print.digest, sketch: print.sketch, print };
}

test('the same samples have the same fingerprint, in any order and from any time on', () => {
  const whole = printOf({ seed: 1 });
  for (const other of [printOf({ seed: 1, origin: 2 ** 41 - 5 }), printOf({ seed: 1, reversed: true })]) {
    assert.equal(other.fingerprint, whole.fingerprint);
    assert.equal(sharedSamples(whole, other), 1);
  }
  assert.equal(whole.sketch.length, SKETCH_SIZE);
  assert.deepEqual(whole.sketch, [...whole.sketch].sort());
});

test('a part of a recording is found in it by its share, from either side', () => {
  const whole = printOf({ seed: 1 });
  const half = printOf({ seed: 1, keeps: (index) => index % 2 === 0 });
  const little = printOf({ seed: 1, keeps: (index) => index % 40 === 0 });
  assert.ok(Math.abs(sharedSamples(whole, half) - 1) < 0.01, 'all of the half are in the whole');
  assert.ok(Math.abs(sharedSamples(half, whole) - 0.5) < 0.15);
  assert.ok(sharedSamples(whole, little) > 0);
});

test('independent recordings share nothing', () => {
  assert.equal(sharedSamples(printOf({ seed: 1 }), printOf({ seed: 2 })), 0);
  const early = printOf({ seed: 1, keeps: (index) => index < 10_000 });
  const late = printOf({ seed: 1, keeps: (index) => index >= 10_000 });
  assert.equal(sharedSamples(early, late), 0, 'two halves in time of one run');
});

test('without times only the very same recording is found', () => {
  const first = printOf({ seed: 1, isTimed: false });
  assert.deepEqual(first.sketch, []);
  assert.equal(sharedSamples(first, printOf({ seed: 1, isTimed: false })), 1);
  assert.equal(sharedSamples(first, printOf({ seed: 2, isTimed: false })), 0);
});

test('the window is that of the samples', () => {
  const { print } = printOf({ seed: 3, samples: 1001, origin: 2 ** 41 });
  assert.ok(Math.abs((print.windowNs ?? 0) - 1_000_000) < 2000);
  assert.equal(new Fingerprint().windowNs, undefined);
  assert.equal(printOf({ seed: 1, samples: 1 }).print.windowNs, undefined);
});

function facts(name: string, drawn: Drawn): RecordingFacts {
  const { fingerprint, sketch, print } = printOf(drawn);
  const blank = {
    event: '',
    period: 1,
    nature: 'loads',
    unseenShare: 0,
    span: undefined,
    bootId: undefined,
  } as const;
  return { name, fingerprint, sketch, samples: print.count, host: '', kernel: '', cpu: '', ...blank };
}

test('the first pair that shares samples is named; recordings without samples repeat nothing', () => {
  const [one, two] = [facts('one', { seed: 1 }), facts('two', { seed: 2 })];
  assert.equal(findRepetition([one, two]), undefined);
  const found = findRepetition([two, one, facts('again', { seed: 1, keeps: (index) => index % 2 === 0 })]);
  assert.deepEqual([found?.first.name, found?.second.name], ['one', 'again']);
  const empty = facts('empty', { seed: 1, samples: 0 });
  assert.equal(findRepetition([empty, empty]), undefined);
  assert.equal(shareInWords(1), 'all of them');
  assert.equal(shareInWords(0.4), 'about 40 % of them');
  assert.equal(shareInWords(0.001), 'about 1 % of them');
});

test('a sample that comes twice is in the sketch once, and counts twice', () => {
  const print = new Fingerprint();
  const batch = sampleColumns(2);
  assert.equal(batch.timeOrigin, 0n);
  for (const row of [0, 1]) {
    batch.time[row] = 5;
    batch.virtualPage[row] = 9;
    batch.physicalPage[row] = -1;
    batch.weight[row] = 1;
  }
  batch.count = 2;
  print.add(batch);
  assert.equal(print.sketch.length, 1);
  assert.equal(print.digest.slice(0, 8), '00000002');
});
