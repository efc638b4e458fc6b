/** Recordings of every shape say what was written into them. (scripts/differential/perf.mjs asks perf as well.) */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { readRows } from '../support/perf-rows.js';
import { type DifferentialCase, ordinaryCase } from './ordinary.js';
import { rowText } from './perf-oracle.js';
import { speCase } from './spe.js';

const CASES = 120;

async function assertAsWritten(one: DifferentialCase, chunk: number): Promise<void> {
  const { rows, source } = await readRows(one.bytes, { chunk });
  const { events } = source.session.events;
  const hasWeight = (event: number) => (events[event].attr.sampleType & (F.weight | F.weightStruct)) !== 0;
  const found = rows.map((row) =>
    rowText({
      ...row,
      latency: hasWeight(row.event) ? row.latency : undefined,
      time: one.hasTime && row.time >= 0 ? BigInt(row.time) : undefined,
      period: one.hasPeriod ? row.weight : undefined,
    }),
  );
  assert.deepEqual(found.sort(), one.truth.rows, one.name);
  assert.equal(source.account().losses['damaged bytes'], undefined, one.name);
  const { losses } = source.session.state;
  assert.equal(losses.records + losses.samples, one.truth.lost, one.name);
}

test('ordinary samples of any fields, attr sizes, byte orders and containers', async () => {
  for (let number = 0; number < CASES; number++)
    await assertAsWritten(ordinaryCase(number), 97 + number * 31);
});

test('Arm SPE with any clock, metadata and way to tell threads, by CPU and by thread', async () => {
  for (let number = 0; number < CASES; number++) await assertAsWritten(speCase(number), 97 + number * 31);
});
