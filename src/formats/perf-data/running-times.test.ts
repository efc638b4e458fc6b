import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfBuilder } from '../../../test/support/perf-builder.js';
import { readRows } from '../../../test/support/perf-rows.js';
import { SAMPLE_FIELD as F } from '../perf-abi/constants.js';
import { RunningTimes } from './running-times.js';

const close = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-9, `${found} instead of ${expected}`);

test('nothing held and nothing shared: the events counted all the time', () => {
  close(new RunningTimes().idleShare(0, 1000), 0);
});

test('throttled time counts from the throttling to the release, or to the end', () => {
  const times = new RunningTimes();
  times.throttle(1, 100);
  times.throttle(1, 150);
  times.unthrottle(1, 300);
  times.unthrottle(1, 400);
  close(times.idleShare(0, 1000), 0.2);
  times.throttle(1, 900);
  close(times.idleShare(0, 1000), 0.3);
  times.throttle(2, 1000);
  close(times.idleShare(0, 1000), 0.15);
  close(times.idleShare(1000, 1000), 0);
});

test('multiplexing: the last word of each counter, and what ended threads came to', () => {
  const times = new RunningTimes();
  times.counted(0, 1, { enabled: 100, running: 100 });
  times.counted(0, 1, { enabled: 1000, running: 500 });
  times.counted(0, 1, { enabled: 10, running: 10 });
  close(times.idleShare(0, 0), 0.5);
  times.counted(0, 2, { enabled: 1000, running: 1000 });
  close(times.idleShare(0, 0), 0.25);
  times.threadEnded(0, 2000, 0);
  close(times.idleShare(0, 0), 0.625);
});

test('multiplexing: the event that counted least speaks for all that matter', () => {
  const times = new RunningTimes();
  times.counted(0, 1, { enabled: 1000, running: 100 });
  for (let event = 1; event < 10; event++) times.counted(event, 10 * event, { enabled: 1000, running: 1000 });
  close(times.idleShare(0, 0), 0.9);
  close(
    times.idleShare(0, 0, (event) => event !== 0),
    0,
  );
  times.threadEnded(3, 1000, 400);
  close(
    times.idleShare(0, 0, (event) => event !== 0),
    0.3,
  );
});

const both = { readFormat: 4 | 1 | 2, sampleType: F.tid | F.time | F.addr | F.read, ids: [1] };

/** READ of one value with its times and id. */
function read(builder: PerfBuilder, enabled: number, running: number): Uint8Array {
  return builder.bytes().u64(9).u64(enabled).u64(running).u64(1).done();
}

test('a recording that was lost, throttled and multiplexed says for how much it speaks', async () => {
  const builder = new PerfBuilder().attr(both);
  const sample = (time: number, enabled: number, running: number) => {
    const body = builder.bytes().u32(5).u32(5).u64(time).u64(4096);
    builder.record(9, body.raw(read(builder, enabled, running)).done(), 2);
  };
  sample(1000, 100, 100);
  sample(2000, 1000, 400);
  const throttle = (type: number, time: number) =>
    builder.record(type, builder.bytes().u64(time).u64(1).u64(1).raw(builder.trailer(5, 5)).done());
  throttle(5, 1200);
  throttle(6, 1300);
  builder.lost(2);
  const { source } = await readRows(builder.file());
  // Half of the records lost, a tenth of the time throttled, 60 % of it without a counter.
  close(source.origin.unseenShare, 1 - 0.5 * 0.9 * 0.4);
});

test('the totals of a thread (perf record -s) count, too', async () => {
  const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr, readFormat: 7 });
  builder.sample({ pid: 5, addr: 4096n });
  const body = builder
    .bytes()
    .u32(5)
    .u32(5)
    .raw(read(builder, 800, 200));
  builder.record(8, body.raw(builder.trailer(5, 5)).done());
  close((await readRows(builder.file())).source.origin.unseenShare, 0.75);
});
