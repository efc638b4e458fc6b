import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfBuilder } from '../../test/support/perf-builder.js';
import { readRows } from '../../test/support/perf-rows.js';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import { lossesOf, lostOf } from './perf-account.js';

async function losing(readFormat: number, records: number, samples: number) {
  const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr, readFormat });
  return (await readRows(builder.lost(records).lostSamples(samples).file())).source.session;
}

test('lost records and lost samples are different losses to kernels before 6.1', async () => {
  assert.equal(lostOf(await losing(4, 37, 5)), 42);
});

test('what perf adds up at the end are the same losses again, and both counts are shown', async () => {
  const session = await losing(4 | 16, 37, 30);
  assert.equal(lostOf(session), 37);
  assert.deepEqual(lossesOf(session), { 'records lost by the kernel': 37, 'samples lost by the kernel': 30 });
});
