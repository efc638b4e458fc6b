import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AggregatedRegion, lastSeconds, parseAggregated, snapshotsOf } from './damon-trace.js';

const line = (pid: number, time: string, target: number, regions: number, rest: string) =>
  `       kdamond.0-${pid}     [001] .....   ${time}: damon_aggregated: target_id=${target} nr_regions=${regions} ${rest}`;

test('a line is read with and without flags, system and age', () => {
  const whole = parseAggregated(line(98, '12.345678', 1, 2, '140000000000000-140000002097152: 7 42'));
  assert.deepEqual(whole, {
    ...{ kdamondPid: 98, seconds: 12.345678, target: 1, regions: 2, accesses: 7, age: 42 },
    ...{ start: 140000000000000n, end: 140000002097152n },
  });
  const bare = parseAggregated(
    ' kdamond.0-5 [000]  1.5: damon:damon_aggregated: target_id=0 nr_regions=1 0-4096: 3',
  );
  assert.equal(bare?.age, undefined);
  assert.equal(bare?.accesses, 3);
  for (const other of [
    '',
    '# tracer: nop',
    line(1, '1.0', 0, 1, '0-x: 1 1'),
    'a-1 [0] 1.0: sched_switch: x',
  ]) {
    assert.equal(parseAggregated(other), undefined, other);
  }
});

test('snapshots are whole, of one kdamond and target; what is cut at the ends or lost in between is left out', () => {
  const rows: [number, number, number, number, number][] = [
    // the tail of a snapshot whose beginning is lost
    [98, 0, 2, 20, 30],
    [98, 0, 2, 0, 10],
    [98, 1, 1, 0, 99],
    [99, 0, 2, 0, 10],
    [98, 0, 2, 10, 30],
    // its second half lost, then a whole one
    [98, 0, 2, 0, 15],
    [98, 0, 2, 0, 12],
    [98, 0, 2, 12, 30],
    [98, 0, 2, 0, 10],
  ];
  const regions = rows.map(
    ([kdamondPid, target, count, start, end]): AggregatedRegion => ({
      ...{ kdamondPid, target, regions: count, seconds: 0, accesses: 1, age: 0 },
      ...{ start: BigInt(start), end: BigInt(end) },
    }),
  );
  const drawn = snapshotsOf(regions, 98, 0).map((snapshot) =>
    snapshot.map(({ start, end }) => `${start}-${end}`).join(' '),
  );
  assert.deepEqual(drawn, ['0-10 10-30', '0-12 12-30']);
});

test('the last time of a trace is found, of any event', () => {
  const trace = `# tracer: nop\n${line(1, '10.5', 0, 1, '0-1: 0 0')}\n bash-7 [000] d..2. 11.25: sched_switch: x\n`;
  assert.equal(lastSeconds(trace), 11.25);
  assert.equal(lastSeconds('# nothing\n'), 0);
});
